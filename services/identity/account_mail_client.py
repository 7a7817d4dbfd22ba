"""The mails that bring links, for the relay and the workers."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import grpc
from duradesk.identity.v1 import account_mail_service_pb2 as pb
from duradesk.identity.v1 import account_mail_service_pb2_grpc as pb_grpc

from services.common.channel import DEADLINE_SECONDS
from services.common.wire import from_message, to_message
from services.domain.effects import ClaimedEffect, EffectOutcome
from services.identity.convert import AccountMailClaim, AccountMailOutcome, AccountMailRenewal


class AccountMailClient:
    """Typed calls to identity's account mail service; raises the domain errors that the proto names."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = pb_grpc.AccountMailServiceStub(channel)

    async def claim_account_mails(self, *, wait: timedelta) -> Sequence[UUID]:
        """Mails whose workflow is to be started now; waits up to `wait` (at most 30 s), [] when none came."""
        request = pb.ClaimAccountMailsRequest()
        request.wait.FromTimedelta(wait)
        response = await self._stub.ClaimAccountMails(request, timeout=wait.total_seconds() + DEADLINE_SECONDS)
        return [UUID(mail_id) for mail_id in response.mail_ids]

    async def claim_account_mail(
        self, mail_id: UUID, *, lease: timedelta, from_address: str, from_name: str
    ) -> ClaimedEffect:
        """Take a mail; NotFound, InvalidTransition (nothing to do any more), Conflict (another's lease runs)."""
        claim = AccountMailClaim(str(mail_id), lease, from_address, from_name)
        response = await self._stub.ClaimAccountMail(to_message(claim, pb.ClaimAccountMailRequest))
        return from_message(response, ClaimedEffect)

    async def begin_account_mail(self, mail_id: UUID, *, fence: int) -> None:
        """Mark the point of no return; Conflict when the lease was lost."""
        await self._stub.BeginAccountMail(pb.BeginAccountMailRequest(mail_id=str(mail_id), fence=fence))

    async def renew_account_mail(self, mail_id: UUID, *, fence: int, lease: timedelta) -> None:
        """Keep the lease for as long again; Conflict when it was lost."""
        kept = AccountMailRenewal(str(mail_id), fence, lease)
        await self._stub.RenewAccountMail(to_message(kept, pb.RenewAccountMailRequest))

    async def finish_account_mail(self, mail_id: UUID, *, fence: int, outcome: EffectOutcome, detail: str) -> None:
        """Record how it ended; Conflict when the lease was lost."""
        ended = AccountMailOutcome(str(mail_id), fence, outcome, detail)
        await self._stub.FinishAccountMail(to_message(ended, pb.FinishAccountMailRequest))
