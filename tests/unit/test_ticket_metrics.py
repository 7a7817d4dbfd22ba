"""What the tickets service counts of a decision: by the database's clock, and each thing once."""

from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from services.domain.decision import Decision, Step
from services.domain.effects import EffectOutcome
from services.domain.facts import Facts
from services.domain.message import AuthorKind, Visibility
from services.domain.ticket import Channel, EventKind
from services.tickets.metrics import TicketMetrics
from tests.unit.factories import NOON, make_event, make_facts, make_ticket

SECOND = timedelta(seconds=1)
FIRED = Step(EventKind.DUE_FIRED, (), "", "", NOON - 3 * SECOND, due_key="auto_close/7")


def counted(facts: Facts, *steps: Step) -> dict[str, float]:
    """What is not zero after this decision, by name and labels."""
    registry = CollectorRegistry()
    decision = Decision(facts.ticket.id, 1, 1, steps, None, (), (), ())
    TicketMetrics(registry).decided(decision, facts)
    return {
        " ".join([sample.name.removeprefix("duradesk_"), *sample.labels.values()]): sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.value and not sample.name.endswith(("_bucket", "_created"))
    }


NEW = make_facts(ticket=make_ticket(created_at=NOON - 2 * SECOND), events=(make_event(1),))
LATER = make_facts(ticket=make_ticket(created_at=NOON - 90 * SECOND), events=(make_event(2, EventKind.MESSAGE_ADDED),))


@pytest.mark.parametrize(
    ("facts", "steps", "expected"),
    [
        (NEW, (), {"decisions_total nothing": 1, "first_decision_seconds_count": 1, "first_decision_seconds_sum": 2}),
        (LATER, (), {"decisions_total nothing": 1}),
        (
            LATER,
            (FIRED,),
            {
                "decisions_total acted": 1,
                "due_lateness_seconds_count auto_close": 1,
                "due_lateness_seconds_sum auto_close": 3,
            },
        ),
    ],
    ids=["a first decision tells how long the ticket waited", "a later one does not", "a due tells how late it was"],
)
def test_a_decision_is_counted(facts: Facts, steps: tuple[Step, ...], expected: dict[str, Any]) -> None:
    assert counted(facts, *steps) == expected


def test_what_is_taken_and_sent_is_counted_by_few_labels() -> None:
    registry = CollectorRegistry()
    metrics = TicketMetrics(registry)
    metrics.ticket_taken(Channel.MAIL)
    metrics.message_taken(AuthorKind.CUSTOMER, Visibility.PUBLIC)
    metrics.delivered(EffectOutcome.RETRY)
    value = registry.get_sample_value
    assert value("duradesk_tickets_taken_total", {"door": "mail"}) == 1
    assert value("duradesk_tickets_taken_total", {"door": "rest"}) == 0
    assert value("duradesk_messages_taken_total", {"author": "customer", "visibility": "public"}) == 1
    assert value("duradesk_delivery_attempts_total", {"outcome": "retry"}) == 1
