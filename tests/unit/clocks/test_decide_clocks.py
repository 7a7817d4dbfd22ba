"""Clocks inside decisions: events and dues folded in the order of their instants, each at its own."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.domain.actions import Action, ActionKind
from services.domain.clocks.model import Clock, ClockKind, ClockOutcome
from services.domain.clocks.policy import ClockLadder, Ladder, LadderStep, Policy, ServiceLevels, StepWhen, Target
from services.domain.clocks.whole import compile_service_levels
from services.domain.decide import decide
from services.domain.decision import Decision
from services.domain.facts import EventFacts, Facts, FiredDue, MovedDue
from services.domain.message import AuthorKind, Visibility
from services.domain.ticket import DueKind, EventKind, FieldChange, Priority, TicketStatus
from tests.unit.factories import BEN, NOON, TEAM, agent_reply, make_event, make_facts, make_routing, make_ticket

MINUTE = timedelta(minutes=1)
FIRST = ClockKind.FIRST_RESPONSE
LIMIT, HALF, LATE = (
    "clock_limit/first_response/1",
    "ladder_step/first_response/1/half",
    "ladder_step/first_response/1/late",
)


def make_levels(*late: Action, conditions: str = "") -> ServiceLevels:
    steps = (
        LadderStep("half", StepWhen.SHARE, (Action(ActionKind.ADD_TAG, tag="warned"),), share=50),
        LadderStep("late", StepWhen.AFTER, late or (Action(ActionKind.RAISE_PRIORITY),), offset=30 * MINUTE),
    )
    ladder = Ladder(UUID(int=71), "Standard", steps)
    targets = (Target(FIRST, 60 * MINUTE), Target(FIRST, 20 * MINUTE, Priority.URGENT))
    policy = Policy(UUID(int=72), "Gold", 1, conditions, None, targets, (ClockLadder(FIRST, ladder.id),))
    return compile_service_levels([policy], [ladder], [])


def created(**overrides: Any) -> Facts:
    """A ticket that has come at noon, and is seen now."""
    ticket = make_ticket(status=TicketStatus.NEW, version=1, status_epoch=1)
    changes = (FieldChange("status", "null", '"new"'), FieldChange("priority", "null", '"normal"'))
    event = make_event(1, EventKind.TICKET_CREATED, changes=changes)
    return make_facts(**{"ticket": ticket, "events": (event,), "now": NOON} | overrides)


def goes_on(facts: Facts, decision: Decision, minute: float, *events: EventFacts, **ticket: Any) -> Facts:
    """What the next decision sees, so many minutes after noon."""
    fired = tuple(FiredDue(step.due_key, facts.now) for step in decision.steps if step.due_key)
    version = facts.ticket.version + len(decision.steps) + len(events)
    return replace(
        facts,
        now=NOON + minute * MINUTE,
        ticket=replace(facts.ticket, version=version, **ticket),
        events=events,
        planned=decision.dues,
        fired=(*facts.fired, *fired),
        clocks=decision.clocks,
    )


def answer(minute: float, *changes: FieldChange) -> EventFacts:
    return agent_reply(2, effective_at=NOON + minute * MINUTE, changes=changes)


def dues(decision: Decision) -> dict[str, float]:
    return {due.key: (due.due_at - NOON) / MINUTE for due in decision.dues}


def first(decision: Decision) -> Clock:
    return next(clock for clock in decision.clocks if clock.kind is FIRST)


def test_a_new_ticket_has_its_limit_and_steps_among_its_dues() -> None:
    decision = decide(created(), make_routing(), make_levels())
    assert dues(decision) == {HALF: 30, LIMIT: 60, LATE: 90}
    assert any("Gold, priority normal" in line.outcome for line in decision.trace)


def test_without_policies_nothing_is_measured() -> None:
    decision = decide(created(), make_routing())
    assert (decision.clocks, decision.dues) == ((), ())


def test_a_policy_counts_for_the_tickets_that_meet_its_conditions() -> None:
    decision = decide(created(), make_routing(), make_levels(conditions="priority:urgent"))
    assert (first(decision).target, decision.dues) == (None, ())


def test_each_step_fires_once_at_its_own_instant_however_late_it_is_seen() -> None:
    levels, facts = make_levels(), created()
    decision = decide(facts, make_routing(), levels)
    facts = goes_on(facts, decision, 200)
    decision = decide(facts, make_routing(), levels)
    assert [(step.due_key, (step.effective_at - NOON) / MINUTE) for step in decision.steps] == [
        (HALF, 30),
        (LIMIT, 60),
        (LATE, 90),
    ]
    assert [change.new for change in decision.steps[2].changes] == ['"high"']
    again = decide(goes_on(facts, decision, 300, priority=Priority.HIGH, tags=("warned",)), make_routing(), levels)
    assert (again.steps, again.dues) == ((), ())


def test_an_answer_a_minute_before_the_limit_keeps_it_when_both_are_seen_later() -> None:
    levels, facts = make_levels(), created()
    decision = decide(facts, make_routing(), levels)
    status = FieldChange("status", '"new"', '"pending"')
    late = goes_on(facts, decision, 70, answer(59, status), status=TicketStatus.PENDING)
    decision = decide(late, make_routing(), levels)
    assert first(decision).outcome is ClockOutcome.MET
    assert decision.steps == ()
    assert not any(due.kind in (DueKind.CLOCK_LIMIT, DueKind.LADDER_STEP) for due in decision.dues)


def test_an_answer_a_minute_after_the_limit_does_not_undo_it() -> None:
    levels, facts = make_levels(), created()
    decision = decide(facts, make_routing(), levels)
    late = goes_on(facts, decision, 70, answer(61))
    decision = decide(late, make_routing(), levels)
    assert first(decision).outcome is ClockOutcome.MISSED
    assert [(step.kind, step.effective_at) for step in decision.steps] == [(EventKind.CLOCK_MISSED, NOON + 60 * MINUTE)]


@pytest.mark.parametrize(
    "ticket", [{"status": TicketStatus.RESOLVED}, {"snoozed_until": NOON + 999 * MINUTE, "snooze_epoch": 2}]
)
def test_a_step_on_a_ticket_settled_or_snoozed_a_moment_before_it_is_seen_does_nothing(ticket: dict[str, Any]) -> None:
    levels, facts = make_levels(), created()
    decision = decide(facts, make_routing(), levels)
    change = FieldChange("status", '"new"', '"resolved"')
    if "snoozed_until" in ticket:
        change = FieldChange("snoozed_until", "null", f'"{ticket["snoozed_until"].isoformat()}"')
    event = make_event(2, EventKind.TICKET_UPDATED, effective_at=NOON + 95 * MINUTE, changes=(change,))
    decision = decide(goes_on(facts, decision, 96, event, **ticket), make_routing(), levels)
    assert decision.steps == ()
    assert {line.outcome for line in decision.trace if "ladder_step" in line.cause} == {
        "did not fire: the ticket has moved on since"
    }


def test_what_a_snooze_kept_from_happening_happens_when_it_ends() -> None:
    levels, facts = make_levels(), created()
    decision = decide(facts, make_routing(), levels)
    snoozed = goes_on(facts, decision, 40, snoozed_until=NOON + 80 * MINUTE, snooze_epoch=2)
    assert dues(decide(snoozed, make_routing(), levels)) == {"snooze_wake/2": 80}
    decision = decide(replace(snoozed, now=NOON + 80 * MINUTE), make_routing(), levels)
    assert [step.due_key for step in decision.steps] == ["snooze_wake/2", LIMIT, HALF]
    assert {step.effective_at for step in decision.steps} == {NOON + 80 * MINUTE}


def test_a_step_that_raises_the_priority_brings_the_target_of_that_priority() -> None:
    levels = make_levels()
    facts = created(ticket=make_ticket(status=TicketStatus.NEW, version=1, priority=Priority.NORMAL))
    decision = decide(facts, make_routing(), levels)
    event = make_event(
        2,
        EventKind.TICKET_UPDATED,
        effective_at=NOON + 10 * MINUTE,
        changes=(FieldChange("priority", '"normal"', '"urgent"'),),
    )
    decision = decide(goes_on(facts, decision, 10, event, priority=Priority.URGENT), make_routing(), levels)
    assert dues(decision) == {LIMIT: 20, LATE: 50}
    assert [step.due_key for step in decision.steps] == [HALF], "half of the new target has just been reached"


def test_a_field_that_somebody_set_since_stays_as_they_set_it() -> None:
    levels, facts = make_levels(), created()
    decision = decide(facts, make_routing(), levels)
    event = make_event(
        2,
        EventKind.TICKET_UPDATED,
        effective_at=NOON + 95 * MINUTE,
        changes=(FieldChange("priority", '"normal"', '"low"'),),
    )
    decision = decide(goes_on(facts, decision, 100, event, priority=Priority.LOW), make_routing(), levels)
    assert [(step.due_key, [change.field for change in step.changes]) for step in decision.steps] == [
        (HALF, ["tags"]),
        (LIMIT, []),
        (LATE, []),
    ]


def test_a_step_gives_the_ticket_to_a_team_or_somebody() -> None:
    action = Action(ActionKind.ASSIGN, team_id=UUID(int=9), user_id=BEN)
    levels, facts = make_levels(action), created()
    decision = decide(goes_on(facts, decide(facts, make_routing(), levels), 90), make_routing(), levels)
    assert [(change.field, change.new) for change in decision.steps[-1].changes] == [
        ("team_id", f'"{UUID(int=9)}"'),
        ("assignee_id", f'"{BEN}"'),
    ]
    assert UUID(int=9) != TEAM


def test_a_moved_due_comes_where_it_was_put_and_a_skipped_one_never() -> None:
    levels, facts = make_levels(), created()
    decision = decide(facts, make_routing(), levels)
    facts = replace(goes_on(facts, decision, 20), moved=(MovedDue(HALF, NOON + 45 * MINUTE),))
    assert dues(decide(facts, make_routing(), levels))[HALF] == 45
    facts = replace(facts, fired=(FiredDue(HALF, NOON),))
    assert HALF not in dues(decide(facts, make_routing(), levels))


def test_the_same_facts_give_the_same_decision_and_nothing_new_changes_nothing() -> None:
    levels, facts = make_levels(), created()
    decision = decide(facts, make_routing(), levels)
    assert decide(facts, make_routing(), levels) == decision
    again = decide(goes_on(facts, decision, 5), make_routing(), levels)
    assert (again.clocks, again.dues, again.trace) == (decision.clocks, decision.dues, ())


def test_a_customers_word_begins_the_next_response() -> None:
    levels, facts = make_levels(), created()
    decision = decide(facts, make_routing(), levels)
    facts = goes_on(facts, decision, 10, answer(10))
    decision = decide(facts, make_routing(), levels)
    word = make_event(
        3,
        EventKind.MESSAGE_ADDED,
        effective_at=NOON + 20 * MINUTE,
        author_kind=AuthorKind.CUSTOMER,
        visibility=Visibility.PUBLIC,
    )
    decision = decide(goes_on(facts, decision, 20, word), make_routing(), levels)
    assert decision.clocks[-1].kind is ClockKind.NEXT_RESPONSE
    assert decision.clocks[-1].epoch == 3
