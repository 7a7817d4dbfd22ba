"""What people may do to what happens next: skip it, move it, or have it happen now."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.domain.errors import Invalid
from services.domain.ticket import Due

LONGEST_MOVE = timedelta(days=731)


@dataclass(frozen=True, slots=True)
class DueMove:
    """Where a due is to go; None means now."""

    key: str
    due_at: datetime | None = None


def moved_to(due_at: datetime | None, *, now: datetime) -> datetime:
    """Where a due goes: now when nothing is said. Invalid for an instant that is past or too far away."""
    if due_at is None:
        return now
    if due_at <= now:
        problem = f"must be later than now, {now:%Y-%m-%d %H:%M:%S} UTC"
    elif due_at > now + LONGEST_MOVE:
        problem = f"must be at most {LONGEST_MOVE.days} days from now"
    else:
        return due_at
    raise Invalid(f"The due cannot be moved: due_at {problem}.", violations={"due_at": problem})


def move_reason(due: Due, due_at: datetime, *, at_once: bool) -> str:
    """What the activity says of a moved due."""
    if at_once:
        return f"now instead of {due.due_at:%Y-%m-%d %H:%M:%S} UTC: {due.reason}"
    return f"moved from {due.due_at:%Y-%m-%d %H:%M:%S} to {due_at:%Y-%m-%d %H:%M:%S} UTC: {due.reason}"
