"""How much work waits: what operators and their alarms look at."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DeliveryQueue:
    """The mails in one state, and how long the oldest of them should have been out, in seconds."""

    state: str
    mails: int
    oldest_seconds: float


@dataclass(frozen=True, slots=True)
class DueQueue:
    """The dues of one kind whose time has come and that have not fired, and how late the oldest is, in seconds."""

    kind: str
    dues: int
    oldest_seconds: float


@dataclass(frozen=True, slots=True)
class QuarantineQueue:
    """The quarantined items in one state, of those that somebody may still do something with."""

    state: str
    items: int


@dataclass(frozen=True, slots=True)
class Queues:
    """Tickets that their workflow is to look at, of which `outbox_parked` were signalled in vain again and again;
    tickets with undecided events; tickets that wait in a team's queue; cascades under way; dues that are late; mails
    that are not out; quarantined items. Ages are in seconds, of the oldest.
    """

    outbox_tickets: int
    outbox_oldest_seconds: float
    outbox_parked: int
    undecided_tickets: int
    undecided_oldest_seconds: float
    waiting_tickets: int
    waiting_oldest_seconds: float
    cascades: int
    deliveries: tuple[DeliveryQueue, ...]
    dues: tuple[DueQueue, ...]
    quarantine: tuple[QuarantineQueue, ...]
