"""What other service levels would do to open tickets: which limits move, and what happens at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from services.domain.clocks.ladder import limit_key
from services.domain.clocks.model import ClockKind
from services.domain.clocks.policy import ServiceLevels
from services.domain.clocks.replan import MeasuredTicket, Outlook, look_ahead
from services.domain.ticket import DueKind

MOST_EXAMPLES = 20
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class MovedLimit:
    """A limit that moves; None when there was, or is to be, none. It is `late` when it passes at once."""

    ticket_id: UUID
    number: int
    clock: ClockKind
    old_due_at: datetime | None
    new_due_at: datetime | None
    late: bool


@dataclass(frozen=True, slots=True)
class LevelsPreview:
    """Of `tickets` that are measured now: limits that move, those that pass at once, and steps taken at once.

    It is not `complete` when there were more tickets than one look takes.
    """

    tickets: int
    moved: int
    late: int
    steps: int
    examples: tuple[MovedLimit, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class Look:
    """What other service levels would do to one ticket."""

    limits: tuple[MovedLimit, ...]
    steps: int


def look_at(measured: MeasuredTicket, before: ServiceLevels, after: ServiceLevels, *, now: datetime) -> Look:
    """What replacing the one by the other would do to the ticket now."""
    old, new = (look_ahead(measured, levels, at=now) for levels in (before, after))
    limits = tuple(_moved_limits(measured, old, new, now=now))
    return Look(limits, len(_steps_by(now, new) - _steps_by(now, old)))


def sum_up(looks: Sequence[Look], *, complete: bool) -> LevelsPreview:
    """All looks together."""
    limits = sorted((limit for look in looks for limit in look.limits), key=_order)
    return LevelsPreview(
        tickets=len(looks),
        moved=len(limits),
        late=sum(limit.late for limit in limits),
        steps=sum(look.steps for look in looks),
        examples=tuple(limits[:MOST_EXAMPLES]),
        complete=complete,
    )


def _moved_limits(measured: MeasuredTicket, old: Outlook, new: Outlook, *, now: datetime) -> Iterator[MovedLimit]:
    ticket = measured.ticket
    for was, will_be in zip(old.clocks, new.clocks, strict=True):
        if will_be.is_live and was.due_at != will_be.due_at and limit_key(will_be) not in measured.fired:
            passes = ticket.snoozed_until is None and (will_be.due_at or _NEVER) <= now < (was.due_at or _NEVER)
            yield MovedLimit(ticket.id, ticket.number, will_be.kind, was.due_at, will_be.due_at, passes)


def _steps_by(now: datetime, outlook: Outlook) -> set[str]:
    """The keys of ladder steps that are due by now."""
    return {due.key for due in outlook.dues if due.kind is DueKind.LADDER_STEP and due.due_at <= now}


def _order(limit: MovedLimit) -> tuple[bool, bool, datetime, int]:
    """Those that pass at once first, then those that come earlier, each soonest first."""
    old, new = limit.old_due_at or _NEVER, limit.new_due_at or _NEVER
    return not limit.late, new >= old, new, limit.number
