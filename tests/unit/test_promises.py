"""A promised update: kept by the next public word of the staff, told of once when none came, moot once settled."""

from datetime import timedelta
from typing import Any

import pytest

from services.domain.decide import decide
from services.domain.effects import EffectKind
from services.domain.errors import Invalid, InvalidTransition
from services.domain.facts import FiredDue, FollowerFacts, PromiseFacts
from services.domain.promises import LATEST, Promise, check_promise
from services.domain.ticket import DueKind, EventKind, FollowerKind, TicketStatus
from tests.unit.factories import ANN, BEN, CAT, NOON, make_facts, make_routing, make_ticket

HOUR = timedelta(hours=1)
KEY = "promised_update/4"


def promised(kept_at: float | None = None, *, seen: float = 0, **ticket: Any) -> Any:
    """A ticket on which an update was promised within an hour from noon, seen so many hours after noon."""
    kept = None if kept_at is None else NOON + kept_at * HOUR
    return make_facts(
        now=NOON + seen * HOUR,
        ticket=make_ticket(**{"status": TicketStatus.OPEN} | ticket),
        promise=PromiseFacts(4, NOON + HOUR, kept),
        followers=(
            FollowerFacts(BEN, FollowerKind.STAFF, 1),
            FollowerFacts(ANN, FollowerKind.STAFF, 1),
            FollowerFacts(CAT, FollowerKind.CUSTOMER, 1),
        ),
    )


def test_a_promise_is_something_that_happens_next() -> None:
    (due,) = decide(promised(), make_routing()).dues
    assert (due.key, due.kind, due.due_at) == (KEY, DueKind.PROMISED_UPDATE, NOON + HOUR)


def test_assignee_and_following_staff_are_told_once_when_no_word_came() -> None:
    decision = decide(promised(seen=3), make_routing())
    (step,) = decision.steps
    assert (step.kind, step.due_key, step.effective_at) == (EventKind.PROMISE_MISSED, KEY, NOON + HOUR)
    assert {(effect.kind, effect.user_id) for effect in decision.effects} == {
        (EffectKind.ESCALATED_MAIL, ANN),
        (EffectKind.ESCALATED_MAIL, BEN),
    }
    assert decision.dues == ()


def test_it_happens_once() -> None:
    facts = promised(seen=3)
    decision = decide(
        make_facts(now=facts.now, ticket=facts.ticket, promise=facts.promise, fired=(FiredDue(KEY, NOON),)),
        make_routing(),
    )
    assert (decision.steps, decision.dues) == ((), ())


@pytest.mark.parametrize(
    ("facts", "kinds", "told"),
    [
        pytest.param(promised(0.5, seen=3), [], 0, id="a word in time keeps it, however late both are seen"),
        pytest.param(
            promised(1.5, seen=3), [EventKind.PROMISE_MISSED], 0, id="a late word broke it, but needs no mail"
        ),
        pytest.param(promised(seen=3, status=TicketStatus.RESOLVED), [], 0, id="nobody waits on a settled ticket"),
        pytest.param(
            promised(seen=3, assignee_id=None), [EventKind.PROMISE_MISSED], 2, id="followers without assignee"
        ),
        pytest.param(
            promised(seen=3, snoozed_until=NOON + 9 * HOUR, snooze_epoch=3),
            [EventKind.PROMISE_MISSED],
            2,
            id="a snooze takes no promise back",
        ),
    ],
)
def test_what_becomes_of_a_promise(facts: Any, kinds: list[EventKind], told: int) -> None:
    decision = decide(facts, make_routing())
    assert [step.kind for step in decision.steps] == kinds
    assert len(decision.effects) == told


@pytest.mark.parametrize("at", [NOON, NOON - HOUR, NOON + LATEST + HOUR])
def test_only_a_later_instant_can_be_promised(at: Any) -> None:
    with pytest.raises(Invalid, match="promised_at must be later than now"):
        check_promise(Promise(at), status=TicketStatus.OPEN, now=NOON)


def test_nothing_is_promised_on_a_settled_ticket() -> None:
    with pytest.raises(InvalidTransition):
        check_promise(Promise(NOON + HOUR), status=TicketStatus.CLOSED, now=NOON)
