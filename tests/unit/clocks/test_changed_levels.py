"""Service levels that change: what moves is said once, what ended stays, and a preview says it before."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.domain.clocks.model import ClockOutcome
from services.domain.clocks.policy import ServiceLevels, Target
from services.domain.clocks.preview import look_at, sum_up
from services.domain.clocks.replan import MeasuredTicket, replan
from services.domain.clocks.whole import compile_service_levels
from services.domain.decide import decide
from services.domain.decision import Decision
from services.domain.facts import Facts
from services.domain.ticket import DueKind, EventKind, TicketStatus
from tests.unit.clocks.test_decide_clocks import FIRST, HALF, LIMIT, MINUTE, created, dues, first, goes_on, make_levels
from tests.unit.factories import NOON, make_routing

HOUR = timedelta(hours=1)


def other_levels(minutes: int, **policy: Any) -> ServiceLevels:
    """The levels with another target, as the next version."""
    levels = make_levels()
    changed = replace(levels.policies[0], targets=(Target(FIRST, minutes * MINUTE),), version=2, **policy)
    return compile_service_levels([changed], list(levels.ladders.values()), [], revision=2)


def begun() -> tuple[Facts, Decision]:
    """A ticket that came at noon and has its plan of the first levels."""
    facts = created()
    return facts, decide(facts, make_routing(), replace(make_levels(), revision=1))


def seen(minute: float, **ticket: Any) -> Facts:
    facts, decision = begun()
    return goes_on(facts, decision, minute, planned_revision=1, **ticket)


def measured(facts: Facts) -> MeasuredTicket:
    planned = tuple(due for due in facts.planned if due.kind in (DueKind.CLOCK_LIMIT, DueKind.LADDER_STEP))
    fired = tuple(due.key for due in facts.fired)
    return MeasuredTicket(facts.ticket, facts.brand.id, facts.clocks, fired, planned)


def test_what_moves_is_said_with_the_policy_that_moves_it() -> None:
    decision = decide(seen(10), make_routing(), other_levels(120))
    (step,) = decision.steps
    assert (step.kind, step.cause) == (EventKind.SERVICE_LEVELS_CHANGED, "service levels")
    assert step.reason.startswith("policy Gold version 2: ")
    assert "limit of first response moves from 2026-03-02 13:00 UTC to 2026-03-02 14:00 UTC" in step.reason
    assert dues(decision)[LIMIT] == 120


def test_it_is_said_once() -> None:
    facts = seen(10)
    decision = decide(facts, make_routing(), other_levels(120))
    again = goes_on(facts, decision, 11, planned_revision=2)
    assert decide(again, make_routing(), other_levels(120)).steps == ()


def test_levels_that_move_nothing_are_not_spoken_of() -> None:
    assert decide(seen(10), make_routing(), other_levels(60)).steps == ()


def test_what_comes_to_be_late_is_late_from_the_change_on() -> None:
    decision = decide(seen(50), make_routing(), other_levels(40))
    late = [step for step in decision.steps if step.kind is EventKind.CLOCK_MISSED]
    assert [(step.due_key, step.effective_at) for step in late] == [(LIMIT, NOON + 50 * MINUTE)]


def test_a_clock_that_ended_is_not_written_anew() -> None:
    facts = seen(10)
    settled = replace(facts.clocks[0], outcome=ClockOutcome.MET, due_at=NOON)
    facts = replace(facts, clocks=(settled,))
    assert first(decide(facts, make_routing(), other_levels(5))) == settled


@pytest.mark.parametrize(
    ("minutes", "at", "expected"),
    [
        pytest.param(60, 25, (0, 0, 0), id="the same target moves nothing"),
        pytest.param(120, 25, (1, 0, 0), id="a longer one moves the limit"),
        pytest.param(40, 25, (1, 0, 1), id="a shorter one brings a step at once"),
        pytest.param(20, 25, (1, 1, 1), id="one that is over is late at once, with its steps"),
    ],
)
def test_a_preview_counts_what_moves_and_what_happens_at_once(
    minutes: int, at: int, expected: tuple[int, int, int]
) -> None:
    facts, before = seen(at), replace(make_levels(), revision=1)
    preview = sum_up([look_at(measured(facts), before, other_levels(minutes), now=facts.now)], complete=True)
    assert (preview.moved, preview.late, preview.steps) == expected


def test_examples_begin_with_what_is_late_at_once() -> None:
    late, later = seen(50), seen(5)
    before, after = replace(make_levels(), revision=1), other_levels(40)
    looks = [
        look_at(measured(facts), before, after, now=NOON + minute * MINUTE)
        for facts, minute in ((later, 5), (late, 50))
    ]
    preview = sum_up(looks, complete=True)
    assert [limit.late for limit in preview.examples] == [True, False]
    assert preview.examples[0].old_due_at == NOON + HOUR
    assert preview.examples[0].new_due_at == NOON + 40 * MINUTE


@pytest.mark.parametrize(
    ("minutes", "ticket", "moves"),
    [
        pytest.param(120, {}, True, id="a plan that moves"),
        pytest.param(60, {}, False, id="a plan that stays"),
        pytest.param(120, {"status": TicketStatus.RESOLVED}, True, id="a settled ticket lets go of its plan"),
    ],
)
def test_only_tickets_whose_plan_moves_are_planned_anew(minutes: int, ticket: dict[str, Any], moves: bool) -> None:
    facts = seen(10, **ticket)
    assert replan(measured(facts), other_levels(minutes), now=facts.now).moves is moves


def test_a_policy_that_is_gone_takes_its_limits_along() -> None:
    nothing = compile_service_levels([], [], [], revision=2)
    facts = seen(10)
    (limit,) = look_at(measured(facts), replace(make_levels(), revision=1), nothing, now=facts.now).limits
    assert (limit.new_due_at, limit.late) == (None, False)
    (step,) = decide(facts, make_routing(), nothing).steps
    assert step.reason.startswith("the policy was deleted, no policy applies: step half of first response is gone, ")
    assert UUID(int=3) == limit.ticket_id


def test_a_step_that_was_planned_anew_a_moment_before_it_is_seen_does_nothing() -> None:
    decision = decide(seen(35), make_routing(), other_levels(120))
    assert [step.kind for step in decision.steps] == [EventKind.SERVICE_LEVELS_CHANGED]
    assert dues(decision)[HALF] == 60
