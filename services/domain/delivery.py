"""Whether an effect may be taken for delivery: once for sure, and once more where nobody can know.

An effect goes ready -> claimed -> sending -> done | failed, or ready -> suppressed | cancelled. Before `sending`
nothing has arrived, so a lost lease is simply taken again. A send that was cut after that point may have arrived: it is
sent once more with the same Message-ID and marked; cut a second time, it ends in doubt.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.domain.effects import EffectKind, EffectOutcome
from services.domain.errors import Conflict, InvalidTransition
from services.domain.message import EffectState
from services.domain.plan import due_key
from services.domain.ticket import DueKind, TicketStatus


@dataclass(frozen=True, slots=True)
class Delivery:
    """One mail in the ledger; `detail` is what the other side said last, or why nothing was sent."""

    id: UUID
    ticket_id: UUID
    kind: str
    message_id: UUID | None
    recipient: str
    state: EffectState
    attempts: int
    not_before: datetime
    detail: str
    rfc_message_id: str
    doubtful: bool
    created_at: datetime
    updated_at: datetime


# How many acknowledgements an address gets in what time, however many tickets there are in its name. Who proved to be
# the sender gets one for each request, but a machine that answers ours with new requests must not go on for ever.
ACKNOWLEDGED_WITHIN = timedelta(days=1)
MOST_NEUTRAL_ACKNOWLEDGEMENTS = 1
MOST_ACKNOWLEDGEMENTS = 5
# In so many minutes rules write to an address so often on one ticket, and so often on all: a machine that answers like
# a person is written to no more, and its ticket goes on.
MOST_RULE_REPLIES = ((10, 10, 30), (30, 15, 60), (60, 25, 120), (180, 50, 240), (600, 100, 360))


STATE_AFTER = {
    EffectOutcome.DONE: EffectState.DONE,
    EffectOutcome.RETRY: EffectState.READY,
    EffectOutcome.FAILED: EffectState.FAILED,
}


class Claim(StrEnum):
    """What a claim of an effect leads to."""

    TAKE = "take"
    TAKE_DOUBTFUL = "take, though it may have arrived before"
    GIVE_UP = "give up, it may have arrived twice"
    MOOT = "drop, nobody needs it any more"


def judge_claim(state: EffectState, *, is_due: bool, is_leased: bool, doubtful: bool, is_moot: bool) -> Claim:
    """What the claim leads to; InvalidTransition when it is over or not yet due, Conflict while another lease runs."""
    if state not in (EffectState.READY, EffectState.CLAIMED, EffectState.SENDING):
        raise InvalidTransition(f"This delivery is over: it is {state}.", metadata={"state": state})
    if is_leased and state is not EffectState.READY:
        raise Conflict("Somebody else is delivering this: try again when that lease has ended.")
    if state is EffectState.SENDING:
        return Claim.GIVE_UP if doubtful or is_moot else Claim.TAKE_DOUBTFUL
    if is_moot:
        return Claim.MOOT
    if not is_due:
        raise InvalidTransition("This delivery waits for its time.", reason="NOT_DUE", metadata={"state": state})
    return Claim.TAKE


def is_moot(kind: EffectKind, key: str, *, status: TicketStatus, status_epoch: int) -> bool:
    """Whether it reminds of an answer that the ticket no longer waits for, or tells of an end that is none any more."""
    match kind:
        case EffectKind.IDLE_REMINDER_MAIL:
            return status is not TicketStatus.PENDING or key != due_key(DueKind.IDLE_REMINDER, status_epoch)
        case EffectKind.RESOLVED_NOTICE_MAIL:
            return not status.is_settled
        case _:
            return False


def epoch_of(key: str) -> int:
    """The epoch in a key like "idle_reminder/7"."""
    return int(key.rpartition("/")[2])


def check_repeatable(state: EffectState) -> None:
    """InvalidTransition unless somebody may have the mail tried again."""
    if state not in (EffectState.FAILED, EffectState.IN_DOUBT):
        raise InvalidTransition(
            f"Only a mail that failed or is in doubt can be sent again; this one is {state}.", metadata={"state": state}
        )
