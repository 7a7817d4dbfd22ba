"""The queues of teams: tickets that wait for somebody who is free."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.domain.ticket import Priority, TicketStatus


@dataclass(frozen=True, slots=True)
class QueuePlace:
    """Where a ticket is in its team's queue, the first at position 1, and when another team may take it."""

    team_id: UUID
    position: int
    waiting_since: datetime
    reason: str
    overflow_at: datetime | None


@dataclass(frozen=True, slots=True)
class WaitingTicket:
    """A ticket in a queue."""

    ticket_id: UUID
    number: int
    team_id: UUID
    position: int
    waiting_since: datetime
    reason: str
    priority: Priority


@dataclass(frozen=True, slots=True)
class Load:
    """How many tickets in a status somebody has; those that are asleep do not count."""

    user_id: UUID
    status: TicketStatus
    tickets: int


@dataclass(frozen=True, slots=True)
class FreePlace:
    """Somebody is free as long as they have less than `capacity` tickets in these statuses; 0: always."""

    user_id: UUID
    capacity: int
    counted_statuses: tuple[TicketStatus, ...]


@dataclass(frozen=True, slots=True)
class Queues:
    """Whether tickets wait, for whom, and who has tickets."""

    is_waiting: bool
    waited_for_ids: tuple[UUID, ...]
    assignee_ids: tuple[UUID, ...]
