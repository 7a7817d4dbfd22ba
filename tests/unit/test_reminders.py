"""Reminders of people of the staff: each once, at its instant, whatever has become of the ticket."""

from datetime import timedelta
from uuid import UUID

import pytest

from services.domain.decide import decide
from services.domain.effects import EffectKind
from services.domain.errors import Invalid
from services.domain.facts import FiredDue, MovedDue, ReminderFacts, TicketFacts
from services.domain.reminders import LATEST, MOST_REMINDERS, TEXT_LENGTH, Reminder, check_reminder
from services.domain.ticket import DueKind, EventKind, TicketStatus
from tests.unit.factories import BEN, NOON, make_facts, make_routing, make_ticket

HOUR = timedelta(hours=1)
KEY = "reminder/5"
BENS = (ReminderFacts(5, BEN, NOON + HOUR),)


@pytest.mark.parametrize(
    "ticket",
    [
        make_ticket(status=TicketStatus.NEW),
        make_ticket(status=TicketStatus.CLOSED),
        make_ticket(status=TicketStatus.OPEN, snoozed_until=NOON + 3 * HOUR, snooze_epoch=4),
    ],
)
@pytest.mark.parametrize(("hours", "told"), [(0.99, []), (1, [BEN]), (2, [BEN])])
def test_whoever_wants_to_be_reminded_is_told_then_and_not_before(
    ticket: TicketFacts, hours: float, told: list[UUID]
) -> None:
    decision = decide(make_facts(ticket=ticket, now=NOON + hours * HOUR, reminders=BENS), make_routing())
    mails = [mail for mail in decision.effects if mail.kind is EffectKind.REMINDER_MAIL]
    assert [(mail.key, mail.user_id) for mail in mails] == [(KEY, person) for person in told]
    assert [(step.kind, step.due_key, step.effective_at) for step in decision.steps] == [
        (EventKind.DUE_FIRED, KEY, NOON + HOUR) for _ in told
    ]
    assert (KEY in [due.key for due in decision.dues]) is not bool(told)


def test_a_reminder_comes_once_and_goes_where_it_is_moved() -> None:
    late = make_facts(now=NOON + 9 * HOUR, reminders=BENS, fired=(FiredDue(KEY, NOON + HOUR),))
    assert decide(late, make_routing()).effects == ()
    moved = make_facts(now=NOON + HOUR, reminders=BENS, moved=(MovedDue(KEY, NOON + 2 * HOUR),))
    dues = decide(moved, make_routing()).dues
    assert [due.due_at for due in dues if due.kind is DueKind.REMINDER] == [NOON + 2 * HOUR]


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (Reminder(NOON), "at"),
        (Reminder(NOON + LATEST + HOUR), "at"),
        (Reminder(NOON + HOUR, "x" * (TEXT_LENGTH + 1)), "text"),
    ],
)
def test_a_reminder_is_in_the_future_and_short(wanted: Reminder, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_reminder(wanted, now=NOON, waiting=0)
    assert refused.value.violations.keys() == {field}


def test_a_ticket_has_only_so_many_reminders() -> None:
    wanted = Reminder(NOON + HOUR, " Call. ")
    assert check_reminder(wanted, now=NOON, waiting=MOST_REMINDERS - 1) == Reminder(NOON + HOUR, "Call.")
    with pytest.raises(Invalid):
        check_reminder(wanted, now=NOON, waiting=MOST_REMINDERS)
