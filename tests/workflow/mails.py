"""Account mails in memory, as the identity service speaks of them, by the product's own rule of claims."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from services.domain.delivery import STATE_AFTER, Claim, judge_claim
from services.domain.effects import ClaimedEffect, EffectOutcome, OutgoingMail
from services.domain.errors import Conflict, InvalidTransition, NotFound
from services.domain.message import EffectState
from services.domain.ticket import Brand
from tests.workflow.desk import BRAND, CANARIES


@dataclass
class Mail:
    """A mail as identity keeps it."""

    state: EffectState = EffectState.READY
    fence: int = 0
    doubtful: bool = False
    moot: bool = False
    nudged: bool = False


class Mails:
    """Everything that is claimed is leased until it is finished, so a cut attempt is taken anew at once."""

    def __init__(self) -> None:
        self.rows: dict[UUID, Mail] = {}

    def create(self) -> UUID:
        mail_id = uuid4()
        self.rows[mail_id] = Mail()
        return mail_id

    async def list_brands(self) -> list[Brand]:
        return [BRAND]

    async def claim_account_mails(self, *, wait: timedelta) -> list[UUID]:
        fresh = [mail_id for mail_id, mail in self.rows.items() if not mail.nudged]
        if not fresh:
            await asyncio.sleep(wait.total_seconds())
        for mail_id in fresh:
            self.rows[mail_id].nudged = True
        return fresh

    async def claim_account_mail(
        self, mail_id: UUID, *, lease: timedelta, from_address: str, from_name: str
    ) -> ClaimedEffect:
        mail = self.rows.get(mail_id)
        if mail is None:
            raise NotFound("There is no such mail.")
        claim = judge_claim(mail.state, is_due=True, is_leased=False, doubtful=mail.doubtful, is_moot=mail.moot)
        if claim not in (Claim.TAKE, Claim.TAKE_DOUBTFUL):
            mail.state = EffectState.SUPPRESSED if claim is Claim.MOOT else EffectState.IN_DOUBT
            raise InvalidTransition("This mail is not sent.")
        mail.state, mail.fence = EffectState.CLAIMED, mail.fence + 1
        mail.doubtful = mail.doubtful or claim is Claim.TAKE_DOUBTFUL
        _, text, name, address = CANARIES
        content = OutgoingMail(from_address, from_name, address, name, text, text, f"<{mail_id}@x>", (), "no")
        return ClaimedEffect(mail.fence, mail.fence, content)

    async def begin_account_mail(self, mail_id: UUID, *, fence: int) -> None:
        self._held(mail_id, fence).state = EffectState.SENDING

    async def renew_account_mail(self, mail_id: UUID, *, fence: int, lease: timedelta) -> None:
        self._held(mail_id, fence)

    async def finish_account_mail(self, mail_id: UUID, *, fence: int, outcome: EffectOutcome, detail: str) -> None:
        self._held(mail_id, fence).state = STATE_AFTER[outcome]

    def _held(self, mail_id: UUID, fence: int) -> Mail:
        mail = self.rows[mail_id]
        if mail.fence != fence:
            raise Conflict("The lease was lost.")
        return mail
