"""What the REST API gives of clocks and takes for dues."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from services.domain.clocks.model import ClockKind, ClockOutcome, SegmentState
from services.domain.promises import TEXT_LENGTH as PROMISE_LENGTH
from services.domain.reminders import TEXT_LENGTH
from services.gateway.models.base import Duration, In, Out, Text


class SegmentOut(Out):
    """A stretch in which a clock ran or was paused, with its working time and what began it."""

    state: SegmentState
    began_at: datetime
    ended_at: datetime | None
    worked: Duration
    cause: str


class ClockOut(Out):
    """One clock with its ledger: `elapsed` is what ended segments add up to, with what an earlier epoch measured.

    `due_at` is null while a pause keeps it from being known, and `outcome` as long as the clock measures.
    """

    kind: ClockKind
    epoch: int
    policy_id: UUID | None
    policy_version: int
    calendar_id: UUID | None
    calendar_version: int
    target: Duration | None
    carried: Duration
    elapsed: Duration
    due_at: datetime | None
    outcome: ClockOutcome | None
    reason: str
    segments: tuple[SegmentOut, ...]


class DueMoveIn(In):
    """To which instant a due goes."""

    due_at: AwareDatetime


class ReminderIn(In):
    """When to be reminded, and of what; nobody else reads the text."""

    at: AwareDatetime
    text: Annotated[Text, Field(json_schema_extra={"maxLength": TEXT_LENGTH})] = ""


class ReminderOut(Out):
    """The reminder as something that happens next."""

    key: str


class PromiseIn(In):
    """By when the customer will have heard from the staff, and what about, for the staff."""

    promised_at: AwareDatetime
    text: Annotated[Text, Field(json_schema_extra={"maxLength": PROMISE_LENGTH})] = ""


class PromiseOut(Out):
    """The promise as something that happens next, if nobody writes."""

    key: str


# The header of the ledger as CSV, in the order of its columns.
LEDGER_COLUMNS = (
    "clock", "epoch", "policy_id", "policy_version", "target_seconds", "due_at", "outcome",
    "state", "began_at", "ended_at", "worked_seconds", "cause",
)  # fmt: skip


def seconds_of(duration: timedelta | None) -> str:
    """A duration in seconds, exact to the microsecond."""
    return "" if duration is None else f"{duration / timedelta(seconds=1):.6f}"
