"""What the tickets service counts: what came in, what was decided and how late, and what came of deliveries."""

from datetime import timedelta

from prometheus_client import CollectorRegistry, Counter, Histogram

from services.domain.decision import Decision
from services.domain.effects import EffectOutcome
from services.domain.facts import Facts
from services.domain.message import AuthorKind, Visibility
from services.domain.ticket import Channel, DueKind

_DUE_KINDS = frozenset(DueKind)
# The objective of a first decision is 0.5 s, that of a due 5 s, and a minute after an outage.
_WAITS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)


class TicketMetrics:
    """Counters of one process; what waits in the database is told by the gateway."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._tickets = Counter(
            "duradesk_tickets_taken",
            "Tickets that were taken, by door; a repeated request counts as often as it is answered.",
            ["door"],
            registry=registry,
        )
        self._messages = Counter(
            "duradesk_messages_taken",
            "Messages on tickets that were taken, by who wrote them and for whom.",
            ["author", "visibility"],
            registry=registry,
        )
        self._decisions = Counter(
            "duradesk_decisions", "Decisions that were applied, by what came of them.", ["result"], registry=registry
        )
        self._first_decision = Histogram(
            "duradesk_first_decision_seconds",
            "Seconds from a ticket's arrival until its first decision looked at it.",
            buckets=_WAITS,
            registry=registry,
        )
        self._lateness = Histogram(
            "duradesk_due_lateness_seconds",
            "Seconds by which dues came late, by kind.",
            ["kind"],
            buckets=_WAITS,
            registry=registry,
        )
        self._deliveries = Counter(
            "duradesk_delivery_attempts", "Tries to send a mail, by their outcome.", ["outcome"], registry=registry
        )
        for door in Channel:
            self._tickets.labels(door)
        for outcome in EffectOutcome:
            self._deliveries.labels(outcome)
        for kind in DueKind:
            self._lateness.labels(kind)

    def ticket_taken(self, door: Channel) -> None:
        """A ticket is durable."""
        self._tickets.labels(door).inc()

    def message_taken(self, author: AuthorKind, visibility: Visibility) -> None:
        """A message is durable."""
        self._messages.labels(author, visibility).inc()

    def decided(self, decision: Decision, facts: Facts) -> None:
        """A decision is durable; its instants are all the database's."""
        acted = bool(decision.steps or decision.effects or decision.assignment)
        self._decisions.labels("acted" if acted else "nothing").inc()
        created_at = facts.ticket.created_at
        if facts.events and facts.events[0].seq == 1 and created_at is not None:
            self._first_decision.observe((facts.now - created_at) / timedelta(seconds=1))
        for step in decision.steps:
            kind = step.due_key.partition("/")[0]
            if kind in _DUE_KINDS:
                self._lateness.labels(kind).observe((facts.now - step.effective_at) / timedelta(seconds=1))

    def delivered(self, outcome: EffectOutcome) -> None:
        """How a try to send a mail went."""
        self._deliveries.labels(outcome).inc()
