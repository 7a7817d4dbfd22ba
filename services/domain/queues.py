"""How much work waits: what operators and their alarms look at."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DeliveryQueue:
    """The mails in one state, and how long the oldest of them should have been out, in seconds."""

    state: str
    mails: int
    oldest_seconds: float


@dataclass(frozen=True, slots=True)
class Queues:
    """Tickets that their workflow is to look at, tickets with undecided events, and mails that are not out."""

    outbox_tickets: int
    outbox_oldest_seconds: float
    undecided_tickets: int
    deliveries: tuple[DeliveryQueue, ...]
