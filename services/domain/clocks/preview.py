"""What other service levels would do to open tickets: which limits move, and what happens at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from services.domain.clocks.ladder import limit_key
from services.domain.clocks.model import ClockKind
from services.domain.clocks.policy import ServiceLevels
from services.domain.clocks.replan import MeasuredTicket, plan_anew, reckon_anew
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
    steps = _steps_now(measured, after, now=now) - _steps_now(measured, before, now=now)
    return Look(tuple(_moved_limits(measured, before, after, now=now)), len(steps))


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


def _moved_limits(
    measured: MeasuredTicket, before: ServiceLevels, after: ServiceLevels, *, now: datetime
) -> Iterator[MovedLimit]:
    ticket, brand_id = measured.ticket, measured.brand_id
    old_clocks = reckon_anew(measured.clocks, ticket, before, brand_id=brand_id, at=now)
    new_clocks = reckon_anew(measured.clocks, ticket, after, brand_id=brand_id, at=now)
    for old, new in zip(old_clocks, new_clocks, strict=True):
        if new.is_live and old.due_at != new.due_at and limit_key(new) not in measured.fired:
            passes = ticket.snoozed_until is None and (new.due_at or _NEVER) <= now < (old.due_at or _NEVER)
            yield MovedLimit(ticket.id, ticket.number, new.kind, old.due_at, new.due_at, passes)


def _steps_now(measured: MeasuredTicket, levels: ServiceLevels, *, now: datetime) -> set[str]:
    """The keys of ladder steps that are due by now."""
    planned = plan_anew(measured, levels, at=now)
    return {due.key for due in planned if due.kind is DueKind.LADDER_STEP and due.due_at <= now}


def _order(limit: MovedLimit) -> tuple[bool, bool, datetime, int]:
    """Those that pass at once first, then those that come earlier, each soonest first."""
    old, new = limit.old_due_at or _NEVER, limit.new_due_at or _NEVER
    return not limit.late, new >= old, new, limit.number
