"""A snoozed ticket waits for its instant and for nothing else."""

from datetime import timedelta

import pytest

from services.domain.decide import decide
from services.domain.facts import FiredDue
from services.domain.plan import plan_dues
from services.domain.ticket import Due, DueKind, EventKind, FieldChange, TicketStatus
from tests.unit.factories import DAY, NOON, make_brand, make_facts, make_routing, make_ticket

UNTIL = NOON + 30 * DAY
SNOOZED = make_ticket(snoozed_until=UNTIL, snooze_epoch=5)
WAKE = Due("snooze_wake/5", DueKind.SNOOZE_WAKE, UNTIL, "snoozed until then")
LIVE = [TicketStatus.NEW, TicketStatus.OPEN, TicketStatus.PENDING, TicketStatus.ON_HOLD]


@pytest.mark.parametrize("status", LIVE)
def test_a_snoozed_ticket_is_neither_reminded_nor_resolved_but_woken(status: TicketStatus) -> None:
    ticket = make_ticket(status=status, snoozed_until=UNTIL, snooze_epoch=5)
    assert plan_dues(ticket, make_brand(), ()) == (WAKE,)


@pytest.mark.parametrize("late", [timedelta(), timedelta(hours=3)])
def test_the_wake_fires_once_at_its_own_instant(late: timedelta) -> None:
    facts = make_facts(ticket=SNOOZED, now=UNTIL + late, planned=(WAKE,))
    (step,) = decide(facts, make_routing()).steps
    assert (step.kind, step.due_key, step.effective_at) == (EventKind.TICKET_WOKEN, "snooze_wake/5", UNTIL)
    assert FieldChange("snoozed_until", f'"{UNTIL.isoformat()}"', "null") in step.changes
    assert plan_dues(SNOOZED, make_brand(), (FiredDue("snooze_wake/5", UNTIL),)) == ()


def test_nothing_happens_a_moment_before() -> None:
    facts = make_facts(ticket=SNOOZED, now=UNTIL - timedelta(microseconds=1))
    assert decide(facts, make_routing()).steps == ()


def test_who_waits_for_an_answer_waits_anew_from_the_wake() -> None:
    decision = decide(make_facts(ticket=SNOOZED, now=UNTIL), make_routing())
    assert [change.field for change in decision.steps[0].changes] == ["snoozed_until", "status"]
    assert [(due.key, due.due_at) for due in decision.dues] == [
        ("idle_reminder/6", UNTIL + 3 * DAY),
        ("idle_resolve/6", UNTIL + 7 * DAY),
    ]


def test_a_wake_leaves_every_other_status_as_it_was() -> None:
    ticket = make_ticket(status=TicketStatus.OPEN, snoozed_until=UNTIL, snooze_epoch=5)
    decision = decide(make_facts(ticket=ticket, now=UNTIL), make_routing())
    assert [change.field for change in decision.steps[0].changes] == ["snoozed_until"]
    assert decision.dues == ()


def test_a_wake_that_somebody_forestalled_says_that_it_did_not_fire() -> None:
    facts = make_facts(ticket=make_ticket(status=TicketStatus.OPEN), now=UNTIL, planned=(WAKE,))
    decision = decide(facts, make_routing())
    assert decision.steps == ()
    assert [line.outcome for line in decision.trace] == ["did not fire: the ticket has moved on"]
