"""Who may take an effect for delivery, as a table."""

import pytest

from services.domain.delivery import Claim, is_moot, judge_claim
from services.domain.effects import EffectKind
from services.domain.errors import Conflict, InvalidTransition
from services.domain.message import EffectState
from services.domain.ticket import TicketStatus

READY, CLAIMED, SENDING = EffectState.READY, EffectState.CLAIMED, EffectState.SENDING


@pytest.mark.parametrize(
    ("state", "facts", "claim"),
    [
        (READY, "due", Claim.TAKE),
        (READY, "due doubtful", Claim.TAKE),
        (READY, "due moot", Claim.MOOT),
        (CLAIMED, "due", Claim.TAKE),
        (CLAIMED, "due moot", Claim.MOOT),
        (SENDING, "due", Claim.TAKE_DOUBTFUL),
        (SENDING, "due doubtful", Claim.GIVE_UP),
        # It may have arrived before it became moot: it is neither sent again nor said to be undelivered.
        (SENDING, "due moot", Claim.GIVE_UP),
    ],
)
def test_a_claim_is_judged_by_how_far_the_delivery_got(state: EffectState, facts: str, claim: Claim) -> None:
    assert judge(state, facts) is claim


@pytest.mark.parametrize(
    ("state", "facts", "error"),
    [
        (READY, "", InvalidTransition),
        (CLAIMED, "due leased", Conflict),
        (CLAIMED, "due leased moot", Conflict),
        (SENDING, "due leased", Conflict),
        (SENDING, "due leased doubtful", Conflict),
        (EffectState.DONE, "due", InvalidTransition),
        (EffectState.FAILED, "due", InvalidTransition),
        (EffectState.IN_DOUBT, "due doubtful", InvalidTransition),
    ],
)
def test_a_claim_is_refused(state: EffectState, facts: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        judge(state, facts)


def judge(state: EffectState, facts: str) -> Claim:
    known = facts.split()
    return judge_claim(
        state, is_due="due" in known, is_leased="leased" in known, doubtful="doubtful" in known, is_moot="moot" in known
    )


@pytest.mark.parametrize(
    ("kind", "key", "status", "epoch", "moot"),
    [
        (EffectKind.IDLE_REMINDER_MAIL, "idle_reminder/5", TicketStatus.PENDING, 5, False),
        (EffectKind.IDLE_REMINDER_MAIL, "idle_reminder/5", TicketStatus.PENDING, 7, True),
        (EffectKind.IDLE_REMINDER_MAIL, "idle_reminder/5", TicketStatus.OPEN, 5, True),
        (EffectKind.IDLE_REMINDER_MAIL, "idle_reminder/5", TicketStatus.RESOLVED, 6, True),
        (EffectKind.REPLY_MAIL, "reply/x", TicketStatus.CLOSED, 9, False),
    ],
)
def test_a_reminder_is_moot_once_the_ticket_left_its_wait(
    kind: EffectKind, key: str, status: TicketStatus, epoch: int, moot: bool
) -> None:
    assert is_moot(kind, key, status=status, status_epoch=epoch) is moot
