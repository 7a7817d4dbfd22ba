"""The mails that bring links, for the relay and the workers."""

from functools import partial
from typing import Any
from uuid import UUID

import grpc
from duradesk.identity.v1 import account_mail_service_pb2 as pb
from duradesk.identity.v1 import account_mail_service_pb2_grpc as pb_grpc

from services.common.waiting import look_until, wait_of
from services.common.wire import from_message, to_message
from services.domain.account import TEMPLATES
from services.domain.effects import ClaimedEffect, OutgoingMail
from services.domain.errors import NotFound
from services.domain.templates import fill
from services.identity.convert import AccountMailClaim, AccountMailOutcome, AccountMailRenewal
from services.identity.link_tokens import LinkTokens
from services.identity.store.account_mails import AccountMailStore, LeasedMail

Context = grpc.aio.ServicerContext[Any, Any]

_MOST = 100
_LOOK_SECONDS = 1.0


class AccountMailServicer(pb_grpc.AccountMailServiceServicer):
    """Claims and outcomes of account mails."""

    def __init__(self, store: AccountMailStore, *, tokens: LinkTokens) -> None:
        self._store = store
        self._tokens = tokens

    async def ClaimAccountMails(
        self, request: pb.ClaimAccountMailsRequest, context: Context
    ) -> pb.ClaimAccountMailsResponse:
        """Look each second, until there are some or the time is over."""
        limit = min(request.page_size, _MOST) if request.page_size > 0 else _MOST
        claim = partial(self._store.claim_account_mails, limit)
        mail_ids = await look_until(claim, wait=wait_of(request.wait), every=_LOOK_SECONDS)
        return pb.ClaimAccountMailsResponse(mail_ids=[str(mail_id) for mail_id in mail_ids])

    async def ClaimAccountMail(
        self, request: pb.ClaimAccountMailRequest, context: Context
    ) -> pb.ClaimAccountMailResponse:
        """Take one under a lease, in words."""
        claim = from_message(request, AccountMailClaim)
        mail_id = _mail_id(claim.mail_id)
        leased = await self._store.claim_account_mail(mail_id, lease=claim.lease)
        mail = self._mail(mail_id, leased, from_address=claim.from_address, from_name=claim.from_name)
        return to_message(ClaimedEffect(leased.fence, leased.attempt, mail), pb.ClaimAccountMailResponse)

    async def BeginAccountMail(
        self, request: pb.BeginAccountMailRequest, context: Context
    ) -> pb.BeginAccountMailResponse:
        """The point of no return."""
        await self._store.begin_account_mail(_mail_id(request.mail_id), fence=request.fence)
        return pb.BeginAccountMailResponse()

    async def RenewAccountMail(
        self, request: pb.RenewAccountMailRequest, context: Context
    ) -> pb.RenewAccountMailResponse:
        """A longer lease."""
        kept = from_message(request, AccountMailRenewal)
        await self._store.renew_account_mail(_mail_id(kept.mail_id), fence=kept.fence, lease=kept.lease)
        return pb.RenewAccountMailResponse()

    async def FinishAccountMail(
        self, request: pb.FinishAccountMailRequest, context: Context
    ) -> pb.FinishAccountMailResponse:
        """How it ended."""
        ended = from_message(request, AccountMailOutcome)
        await self._store.finish_account_mail(
            _mail_id(ended.mail_id), fence=ended.fence, outcome=ended.outcome, detail=ended.detail
        )
        return pb.FinishAccountMailResponse()

    def _mail(self, mail_id: UUID, leased: LeasedMail, *, from_address: str, from_name: str) -> OutgoingMail:
        words = fill(
            TEMPLATES[leased.kind],
            {
                "name": leased.name,
                "brand": from_name,
                "inviter": leased.inviter,
                "expires_at": leased.expires_at,
                "link": self._tokens.url(leased.kind, leased.link_id),
            },
            lambda text: text,
        )
        return OutgoingMail(
            from_address=from_address,
            from_name=from_name,
            to_address=leased.email,
            to_name=leased.name,
            subject=words.subject,
            text=words.text,
            html=words.html,
            rfc_message_id=f"<account-mail.{mail_id}@{from_address.rpartition('@')[2]}>",
            references=(),
            auto_submitted="auto-generated",
        )


def _mail_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("There is no such mail.") from None
