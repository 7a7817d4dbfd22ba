"""The mails that bring links, each under a fenced lease and by the rules of every delivery."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.common.database import Database
from services.domain.account import LinkKind
from services.domain.delivery import STATE_AFTER, Claim, judge_claim
from services.domain.effects import EffectOutcome
from services.domain.errors import Conflict, InvalidTransition, NotFound
from services.domain.intake import clean_line
from services.domain.message import EffectState
from services.identity.store.statements import QUERIES
from services.identity.store.users import Connection

# Longer than a delivery takes that goes well; a workflow that was lost is put back after that.
_NUDGED_AGAIN_AFTER = timedelta(seconds=60)
_DETAIL_LENGTH = 500


@dataclass(frozen=True, slots=True)
class LeasedMail:
    """A mail taken for delivery: whose lease it is, and what it is made of."""

    fence: int
    attempt: int
    link_id: UUID
    kind: LinkKind
    inviter: str
    expires_at: datetime
    email: str
    name: str


class AccountMailStore:
    """Claims mails and records what came of them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim_account_mails(self, limit: int) -> Sequence[UUID]:
        """Mails whose workflow is to be started now."""
        parameters = {"limit": limit, "again_after": _NUDGED_AGAIN_AFTER}
        async with self._database.connection() as connection:
            rows = await (await connection.execute(QUERIES["claim_account_mails"], parameters)).fetchall()
        return [row["id"] for row in rows]

    async def claim_account_mail(self, mail_id: UUID, *, lease: timedelta) -> LeasedMail:
        """Take a mail for delivery; NotFound, Conflict while another lease runs, InvalidTransition when it is over."""
        async with self._database.transaction() as connection:
            row = await _lock(connection, mail_id)
            claim = judge_claim(
                EffectState(row["state"]),
                is_due=True,
                is_leased=row["is_leased"],
                doubtful=row["doubtful"],
                is_moot=row["is_moot"],
            )
            if claim in (Claim.TAKE, Claim.TAKE_DOUBTFUL):
                return await _take(connection, row, lease=lease, doubtful=claim is Claim.TAKE_DOUBTFUL)
            state = EffectState.SUPPRESSED if claim is Claim.MOOT else EffectState.IN_DOUBT
            detail = "the link is not needed any more" if claim is Claim.MOOT else "it may have arrived; not sent again"
            await _end(connection, mail_id, state, detail=detail)
        # Raised after the commit: what was written is to stay.
        raise InvalidTransition(f"This mail is not sent: {detail}.", metadata={"state": state})

    async def begin_account_mail(self, mail_id: UUID, *, fence: int) -> None:
        """Mark the point of no return; NotFound, Conflict when the lease was lost or ran out."""
        async with self._database.transaction() as connection:
            begun = await connection.execute(QUERIES["begin_account_mail"], {"mail_id": mail_id, "fence": fence})
            if begun.rowcount == 0:
                await _lock(connection, mail_id)
                raise _lease_lost()

    async def renew_account_mail(self, mail_id: UUID, *, fence: int, lease: timedelta) -> None:
        """Keep the lease for as long again; NotFound, Conflict when it was lost or ran out."""
        parameters = {"mail_id": mail_id, "fence": fence, "lease": lease}
        async with self._database.transaction() as connection:
            renewed = await connection.execute(QUERIES["renew_account_mail"], parameters)
            if renewed.rowcount == 0:
                await _lock(connection, mail_id)
                raise _lease_lost()

    async def finish_account_mail(self, mail_id: UUID, *, fence: int, outcome: EffectOutcome, detail: str) -> None:
        """Record the outcome; NotFound, Conflict when somebody claimed it since. Saying it twice is no error."""
        state = STATE_AFTER[outcome]
        async with self._database.transaction() as connection:
            row = await _lock(connection, mail_id)
            present = EffectState(row["state"])
            if row["fence"] == fence and present is state:
                return
            if row["fence"] != fence or present not in (
                EffectState.CLAIMED,
                EffectState.SENDING,
                EffectState.IN_DOUBT,
            ):
                raise _lease_lost()
            await _end(connection, mail_id, state, detail=clean_line(detail)[:_DETAIL_LENGTH])


async def _lock(connection: Connection, mail_id: UUID) -> dict[str, Any]:
    row = await (await connection.execute(QUERIES["lock_account_mail"], {"mail_id": mail_id})).fetchone()
    if row is None:
        raise NotFound("There is no such mail.")
    return row


async def _take(connection: Connection, row: dict[str, Any], *, lease: timedelta, doubtful: bool) -> LeasedMail:
    parameters = {"mail_id": row["id"], "lease": lease, "doubtful": doubtful}
    taken = await (await connection.execute(QUERIES["claim_account_mail"], parameters)).fetchone()
    assert taken is not None
    return LeasedMail(
        fence=taken["fence"],
        attempt=taken["attempts"],
        link_id=row["link_id"],
        kind=LinkKind(row["kind"]),
        inviter=row["inviter"],
        expires_at=row["expires_at"],
        email=row["email"],
        name=row["name"],
    )


async def _end(connection: Connection, mail_id: UUID, state: EffectState, *, detail: str) -> None:
    await connection.execute(QUERIES["end_account_mail"], {"mail_id": mail_id, "state": state, "detail": detail})


def _lease_lost() -> Conflict:
    return Conflict("The lease of this delivery was lost: somebody else may have it now.")
