"""The clocks of a ticket as its page draws them: what ran, what was paused, and how much is left. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.domain.clocks.model import Clock, ClockKind, ClockOutcome, Segment, SegmentState


class Pace(StrEnum):
    """How a clock stands."""

    RUNNING = "running"
    PAUSED = "paused"
    LATE = "late"
    MET = "met"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Stretch:
    """A segment's place on the bar, in percent of its length; an `is_open` one still grows."""

    state: SegmentState
    begin: float
    width: float
    is_open: bool


@dataclass(frozen=True, slots=True)
class Bar:
    """One clock: `due_at` is None while a pause keeps it from being known; then `left` of `target` is working time."""

    kind: ClockKind
    pace: Pace
    target: timedelta
    elapsed: timedelta
    left: timedelta
    due_at: datetime | None
    began_at: datetime
    ends_at: datetime
    pauses: int
    stretches: tuple[Stretch, ...]
    segments: tuple[Segment, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Bars:
    """The clocks that still measure, and how the newest of the others ended."""

    live: tuple[Bar, ...] = ()
    ended: tuple[Bar, ...] = ()


def bars_of(clocks: Iterable[Clock], now: datetime) -> Bars:
    """What there is a target for: of each kind the newest clock, in the order of the kinds."""
    newest = {clock.kind: clock for clock in sorted(clocks, key=lambda clock: clock.epoch) if clock.segments}
    bars = [
        _bar(newest[kind], newest[kind].target or timedelta(), now)
        for kind in ClockKind
        if kind in newest and newest[kind].target and newest[kind].outcome is not ClockOutcome.CANCELLED
    ]
    over = (Pace.MET, Pace.MISSED)
    return Bars(
        live=tuple(bar for bar in bars if bar.pace not in over), ended=tuple(bar for bar in bars if bar.pace in over)
    )


def _bar(clock: Clock, target: timedelta, now: datetime) -> Bar:
    last = clock.segments[-1]
    here = last.ended_at or now
    ends_at = max(clock.due_at, here) if clock.due_at and clock.is_live else here
    if clock.due_at is None and clock.is_live:
        # How much is left in working time is the least that it takes: the bar is open to the right.
        ends_at = here + max(target - clock.elapsed, timedelta())
    began_at = clock.segments[0].began_at
    length = max(ends_at - began_at, timedelta(seconds=1))
    return Bar(
        kind=clock.kind,
        pace=_pace(clock, now),
        target=target,
        elapsed=clock.elapsed,
        left=target - clock.elapsed,
        due_at=clock.due_at,
        began_at=began_at,
        ends_at=began_at + length,
        pauses=sum(part.state is SegmentState.PAUSED for part in clock.segments),
        stretches=tuple(_stretch(part, began_at, length, here) for part in clock.segments),
        segments=clock.segments,
        reason=clock.reason,
    )


def _pace(clock: Clock, now: datetime) -> Pace:
    if clock.outcome is not None:
        return Pace.MISSED if clock.outcome is ClockOutcome.MISSED else Pace.MET
    if clock.due_at is not None and clock.due_at <= now:
        return Pace.LATE
    return Pace.PAUSED if clock.segments[-1].state is SegmentState.PAUSED else Pace.RUNNING


def _stretch(part: Segment, began_at: datetime, length: timedelta, here: datetime) -> Stretch:
    begin = (part.began_at - began_at) / length
    width = ((part.ended_at or max(here, part.began_at)) - part.began_at) / length
    return Stretch(part.state, round(100 * begin, 2), round(100 * width, 2), is_open=part.ended_at is None)
