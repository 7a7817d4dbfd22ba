"""What is to come on many tickets at once. Field names are those of upcoming_service.proto."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.domain.clocks.model import Clock, ClockKind, ClockOutcome, SegmentState
from services.domain.ticket import Due, Priority, TicketStatus


@dataclass(frozen=True, slots=True)
class ClockTime:
    """How a clock stands: `left` is told while it is paused, in working time, and below zero when it is late."""

    kind: ClockKind
    due_at: datetime | None
    left: timedelta | None
    paused: bool
    outcome: ClockOutcome | None


@dataclass(frozen=True, slots=True)
class TicketTimes:
    """What happens next on a ticket, and its clocks: of each kind the newest that has a target."""

    ticket_id: UUID
    next_due: Due | None
    clocks: tuple[ClockTime, ...]


@dataclass(frozen=True, slots=True)
class UpcomingQuery:
    """What is asked for: all that happens until an instant on the tickets of these teams, or on all without one."""

    until: datetime
    team_ids: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class UpcomingDue:
    """A due and the ticket on which it will come."""

    ticket_id: UUID
    number: int
    subject: str
    status: TicketStatus
    priority: Priority
    team_id: UUID | None
    assignee_id: UUID | None
    due: Due


def clock_times(clocks: Iterable[Clock]) -> tuple[ClockTime, ...]:
    """How a ticket's clocks stand, in the order of their kinds; those that came to nothing are left out."""
    return tuple(_clock_time(clock) for clock in _newest(clocks) if clock.outcome is not ClockOutcome.CANCELLED)


def _newest(clocks: Iterable[Clock]) -> Iterator[Clock]:
    newest = {clock.kind: clock for clock in sorted(clocks, key=lambda clock: clock.epoch) if clock.segments}
    yield from (newest[kind] for kind in ClockKind if kind in newest and newest[kind].target is not None)


def _clock_time(clock: Clock) -> ClockTime:
    assert clock.target is not None, "only those with one are asked for"
    paused = clock.is_live and clock.segments[-1].state is SegmentState.PAUSED
    left = clock.target - clock.elapsed if paused else None
    return ClockTime(clock.kind, clock.due_at, left, paused, clock.outcome)
