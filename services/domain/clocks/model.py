"""A clock and its ledger: what is measured, since when, with which pauses and why."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from services.domain.errors import Invalid


class ClockKind(StrEnum):
    """What a clock measures; docs/service-levels.md says what starts and stops each."""

    FIRST_RESPONSE = "first_response"
    NEXT_RESPONSE = "next_response"
    PERIODIC_UPDATE = "periodic_update"
    RESOLUTION = "resolution"


class SegmentState(StrEnum):
    """What a clock does in a segment."""

    RUNNING = "running"
    PAUSED = "paused"


class ClockOutcome(StrEnum):
    """How a clock ended; one that still measures has none."""

    MET = "met"
    MISSED = "missed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch in which a clock ran or was paused; `worked` is its working time, nothing as long as it lasts."""

    state: SegmentState
    began_at: datetime
    ended_at: datetime | None
    worked: timedelta
    cause: str


@dataclass(frozen=True, slots=True)
class Clock:
    """One measurement; `epoch` is the seq of the event that began it.

    `carried` is what an earlier epoch measured before the ticket was settled and reopened. Without a target it measures
    in case that one comes to apply, and is never late. `due_at` is None as long as a pause keeps it from being known.
    `begun_by` and `ended_by` are messages of agents, which may be taken back. No step fires before `steps_from`.
    """

    kind: ClockKind
    epoch: int
    segments: tuple[Segment, ...]
    carried: timedelta = timedelta()
    policy_id: UUID | None = None
    policy_version: int = 0
    calendar_id: UUID | None = None
    calendar_version: int = 0
    target: timedelta | None = None
    due_at: datetime | None = None
    steps_from: datetime | None = None
    outcome: ClockOutcome | None = None
    begun_by: UUID | None = None
    ended_by: UUID | None = None
    reason: str = ""

    @property
    def is_live(self) -> bool:
        """Whether it still measures."""
        return self.outcome is None

    @property
    def elapsed(self) -> timedelta:
        """What the segments that have ended add up to, with what was carried."""
        return self.carried + sum(
            (part.worked for part in self.segments if part.state is SegmentState.RUNNING), timedelta()
        )


class Reckoning(Protocol):
    """How time counts for a clock."""

    def add_working_time(self, start: datetime, duration: timedelta) -> datetime:
        """The instant by which so much has been worked."""

    def working_time_between(self, start: datetime, end: datetime) -> timedelta:
        """How much is worked between the two."""


class AllTheTime:
    """Calendar time: every hour counts."""

    def add_working_time(self, start: datetime, duration: timedelta) -> datetime:
        """So much later."""
        return start + duration

    def working_time_between(self, start: datetime, end: datetime) -> timedelta:
        """All that passes between the two."""
        return end - start


ALL_THE_TIME = AllTheTime()


def instant_of(clock: Clock, threshold: timedelta, work: Reckoning) -> datetime | None:
    """When the clock reaches so much; None if it has not and is paused or over, or will not in many years."""
    left = threshold - clock.carried
    if left <= timedelta():
        return clock.segments[0].began_at
    for part in clock.segments:
        if part.state is SegmentState.PAUSED:
            continue
        if part.ended_at is None or part.worked >= left:
            try:
                return work.add_working_time(part.began_at, left)
            except Invalid:
                return None
        left -= part.worked
    return None
