"""Deliveries, each under a fenced lease. Locks: the effect's row, then the ticket's."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from services.domain.decide import NEUTRAL_KEY
from services.domain.delivery import (
    ACKNOWLEDGED_WITHIN,
    MOST_ACKNOWLEDGEMENTS,
    MOST_NEUTRAL_ACKNOWLEDGEMENTS,
    MOST_RULE_REPLIES,
    STATE_AFTER,
    Claim,
    is_moot,
    judge_claim,
)
from services.domain.effects import ClaimedEffect, EffectKind, EffectOutcome, OutgoingMail
from services.domain.errors import Conflict, InvalidTransition, NotFound
from services.domain.followers import NAMED_MAILS, why_not_told
from services.domain.intake import clean_line
from services.domain.message import EffectState
from services.domain.ticket import EventKind, TicketStatus
from services.domain.user import User
from services.tickets.store.decisions import ACTOR
from services.tickets.store.deliveries import suppress_effect
from services.tickets.store.events import Connection, append_event, enqueue, lock_ticket
from services.tickets.store.mails import MailMaker, Row, read_mail
from services.tickets.store.statements import QUERIES

DETAIL_LENGTH = 500

_WORDS = {
    EffectKind.REPLY_MAIL: "reply",
    EffectKind.IDLE_REMINDER_MAIL: "reminder",
    EffectKind.ACKNOWLEDGEMENT_MAIL: "acknowledgement",
    EffectKind.RESOLVED_NOTICE_MAIL: "notice",
    EffectKind.CUSTOMER_WROTE_MAIL: "notice to the staff",
    EffectKind.NOTE_MAIL: "notice to the staff",
    EffectKind.ASSIGNED_MAIL: "notice to the staff",
    EffectKind.ESCALATED_MAIL: "notice to the staff",
    EffectKind.REMINDER_MAIL: "notice to the staff",
    EffectKind.RULE_REPLY_MAIL: "reply of a rule",
    EffectKind.RULE_NOTICE_MAIL: "notice to the staff",
    EffectKind.RULE_CUT_MAIL: "notice to the staff",
    EffectKind.CHILDREN_SETTLED_MAIL: "notice to the staff",
}


@dataclass(frozen=True, slots=True)
class _Effect:
    """An effect whose row this transaction holds."""

    id: UUID
    ticket_id: UUID
    decision_id: UUID
    key: str
    kind: EffectKind
    message_id: UUID | None
    contact_id: UUID | None
    user_id: UUID | None
    rfc_message_id: str
    state: EffectState
    fence: int
    doubtful: bool
    is_due: bool
    is_leased: bool


async def get_addressee(conn: Connection, effect_id: UUID) -> UUID | None:
    """The member of the staff whose mail it is, None for a customer's; NotFound."""
    row = await (await conn.execute(QUERIES["get_addressee"], {"effect_id": effect_id})).fetchone()
    if row is None:
        raise NotFound("This effect does not exist.")
    addressee: UUID | None = row["user_id"]
    return addressee


async def claim_effect(
    conn: Connection, effect_id: UUID, *, lease: timedelta, mails: MailMaker, colleague: User | None = None
) -> ClaimedEffect | InvalidTransition:
    """Take an effect for delivery; NotFound, Conflict while another lease runs, InvalidTransition when it is over.

    `colleague` is its addressee among the staff as they are now. An InvalidTransition that ends the effect is answered,
    not raised: what it writes is to be committed first.
    """
    effect = await _lock_effect(conn, effect_id)
    row = await read_mail(conn, effect_id, colleague)
    moot = _why_moot(effect, row, colleague)
    claim = judge_claim(
        effect.state, is_due=effect.is_due, is_leased=effect.is_leased, doubtful=effect.doubtful, is_moot=bool(moot)
    )
    match claim:
        case Claim.MOOT:
            return await _suppress(conn, effect, row["to_address"], f"moot: {moot}")
        case Claim.GIVE_UP:
            return await _give_up(conn, effect)
        case Claim.TAKE_DOUBTFUL:
            await _tell_doubt(conn, effect, "it is sent once more under the same Message-ID")
        case Claim.TAKE if await _is_acknowledged(conn, effect, row["to_address"]):
            return await _suppress(conn, effect, row["to_address"], "this address was acknowledged enough today")
        case Claim.TAKE if await _was_answered_enough(conn, effect, row["to_address"]):
            return await _suppress(conn, effect, row["to_address"], "rules wrote to this address often enough")
    mail = mails.make(effect.kind, effect.key, row)
    return await _take(conn, effect, mail=mail, lease=lease, doubtful=claim is Claim.TAKE_DOUBTFUL)


def _why_moot(effect: _Effect, row: Row, colleague: User | None) -> str:
    """Why nobody needs it any more; "" as long as somebody does."""
    if is_moot(effect.kind, effect.key, status=TicketStatus(row["status"]), status_epoch=row["status_epoch"]):
        return "the ticket has moved on"
    if effect.user_id is not None:
        follows = row["follows"] or effect.kind in NAMED_MAILS
        return why_not_told(colleague, follows=follows, assignee_id=row["assignee_id"])
    if effect.contact_id is not None and not row["follows"]:
        return "they do not follow the ticket any more"
    return ""


async def begin_effect(conn: Connection, effect_id: UUID, *, fence: int) -> None:
    """Mark the point of no return; NotFound, Conflict when the lease was lost or ran out."""
    begun = await conn.execute(QUERIES["begin_effect"], {"effect_id": effect_id, "fence": fence})
    if begun.rowcount == 0:
        await _lock_effect(conn, effect_id)
        raise _lease_lost()


async def renew_effect(conn: Connection, effect_id: UUID, *, fence: int, lease: timedelta) -> None:
    """Keep the lease for as long again; NotFound, Conflict when it was lost or ran out."""
    renewed = await conn.execute(QUERIES["renew_effect"], {"effect_id": effect_id, "fence": fence, "lease": lease})
    if renewed.rowcount == 0:
        await _lock_effect(conn, effect_id)
        raise _lease_lost()


async def finish_effect(conn: Connection, effect_id: UUID, *, fence: int, outcome: EffectOutcome, detail: str) -> None:
    """Record the outcome; NotFound, Conflict when somebody claimed it since. Saying it twice is no error.

    A definite answer of the other side counts even if the lease ran out meanwhile.
    """
    effect = await _lock_effect(conn, effect_id)
    state = STATE_AFTER[outcome]
    if effect.fence == fence and effect.state is state:
        return
    if effect.fence != fence or effect.state not in (EffectState.CLAIMED, EffectState.SENDING, EffectState.IN_DOUBT):
        raise _lease_lost()
    said = clean_line(detail)[:DETAIL_LENGTH]
    await _end(conn, effect, state, detail=said)
    if state is EffectState.FAILED:
        await _tell(conn, effect, EventKind.DELIVERY_FAILED, said)


async def _lock_effect(conn: Connection, effect_id: UUID) -> _Effect:
    row = await (await conn.execute(QUERIES["lock_effect"], {"effect_id": effect_id})).fetchone()
    if row is None:
        raise NotFound("This effect does not exist.")
    return _Effect(**{**row, "kind": EffectKind(row["kind"]), "state": EffectState(row["state"])})


async def _take(
    conn: Connection, effect: _Effect, *, mail: OutgoingMail, lease: timedelta, doubtful: bool
) -> ClaimedEffect:
    parameters = {"effect_id": effect.id, "lease": lease, "recipient": mail.to_address, "doubtful": doubtful}
    row = await (await conn.execute(QUERIES["claim_effect"], parameters)).fetchone()
    assert row is not None
    return ClaimedEffect(fence=row["fence"], attempt=row["attempts"], mail=mail)


async def _is_acknowledged(conn: Connection, effect: _Effect, recipient: str) -> bool:
    """Whether the address had its mails of today; two that ask at once are answered one after the other."""
    if effect.kind is not EffectKind.ACKNOWLEDGEMENT_MAIL:
        return False
    most = MOST_NEUTRAL_ACKNOWLEDGEMENTS if effect.key == NEUTRAL_KEY else MOST_ACKNOWLEDGEMENTS
    parameters = {"effect_id": effect.id, "recipient": recipient, "within": ACKNOWLEDGED_WITHIN, "most": most}
    await conn.execute(QUERIES["lock_recipient"], parameters)
    row = await (await conn.execute(QUERIES["is_acknowledged"], parameters)).fetchone()
    return bool(row and row["acknowledged"])


async def _was_answered_enough(conn: Connection, effect: _Effect, recipient: str) -> bool:
    """Whether two machines may be writing to each other; two that ask at once are answered one after the other."""
    if effect.kind is not EffectKind.RULE_REPLY_MAIL:
        return False
    await conn.execute(QUERIES["lock_recipient"], {"recipient": recipient})
    minutes, of_ticket, of_all = (list(column) for column in zip(*MOST_RULE_REPLIES, strict=True))
    parameters: dict[str, object] = {
        "minutes": minutes,
        "of_ticket": of_ticket,
        "of_all": of_all,
        "recipient": recipient,
    }
    parameters |= {"effect_id": effect.id, "ticket_id": effect.ticket_id}
    row = await (await conn.execute(QUERIES["was_answered_enough"], parameters)).fetchone()
    return bool(row and row["enough"])


async def _suppress(conn: Connection, effect: _Effect, recipient: str, detail: str) -> InvalidTransition:
    await suppress_effect(conn, effect.id, recipient=recipient, detail=detail)
    return InvalidTransition(f"This is not sent: {detail}.", metadata={"state": EffectState.SUPPRESSED})


async def _give_up(conn: Connection, effect: _Effect) -> InvalidTransition:
    detail = "it is not sent again"
    await _end(conn, effect, EffectState.IN_DOUBT, detail=detail)
    await _tell_doubt(conn, effect, detail)
    return InvalidTransition(
        "This delivery is over: it is in doubt and is not sent again.", metadata={"state": EffectState.IN_DOUBT}
    )


async def _end(conn: Connection, effect: _Effect, state: EffectState, *, detail: str) -> None:
    await conn.execute(QUERIES["end_effect"], {"effect_id": effect.id, "state": state, "detail": detail})


async def _tell_doubt(conn: Connection, effect: _Effect, what_follows: str) -> None:
    reason = f"the {_WORDS[effect.kind]} was cut off where nobody can know whether it arrived; {what_follows}"
    await _tell(conn, effect, EventKind.DELIVERY_IN_DOUBT, reason)


async def _tell(conn: Connection, effect: _Effect, kind: EventKind, reason: str) -> None:
    locked = await lock_ticket(conn, effect.ticket_id)
    told = await append_event(
        conn,
        locked,
        kind,
        actor=ACTOR,
        changes={},
        message_id=effect.message_id,
        decision_id=effect.decision_id,
        cause=f"effect {effect.key}",
        reason=reason,
    )
    await enqueue(conn, told.ticket)


def _lease_lost() -> Conflict:
    return Conflict("The lease of this delivery was lost: somebody else may have it now.")
