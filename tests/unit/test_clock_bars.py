"""Clocks as bars: what is drawn where, and which words go with it."""

from datetime import UTC, datetime, timedelta

import pytest

from services.domain.clocks.model import Clock, ClockKind, ClockOutcome, Segment, SegmentState
from services.gateway.web.clocks import Pace, bars_of
from services.gateway.web.shapes import pace, span, until

BEGUN = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
RUNNING, PAUSED = SegmentState.RUNNING, SegmentState.PAUSED


def segment(state: SegmentState, begin: float, end: float | None) -> Segment:
    worked = (end - begin) * HOUR if end is not None and state is RUNNING else timedelta()
    return Segment(state, BEGUN + begin * HOUR, None if end is None else BEGUN + end * HOUR, worked, "event 1")


def clock(*segments: Segment, due: float | None = None, outcome: ClockOutcome | None = None, epoch: int = 1) -> Clock:
    due_at = None if due is None else BEGUN + due * HOUR
    return Clock(ClockKind.FIRST_RESPONSE, epoch, segments, target=4 * HOUR, due_at=due_at, outcome=outcome)


@pytest.mark.parametrize(
    ("measured", "expected"),
    [
        (clock(segment(RUNNING, 0, None), due=4), (Pace.RUNNING, [(0, 50)], 4 * HOUR)),
        (clock(segment(RUNNING, 0, None), due=1), (Pace.LATE, [(0, 100)], 4 * HOUR)),
        (clock(segment(RUNNING, 0, 1), segment(PAUSED, 1, None)), (Pace.PAUSED, [(0, 20), (20, 20)], 3 * HOUR)),
        (
            clock(segment(RUNNING, 0, 1), segment(PAUSED, 1, 1.5), segment(RUNNING, 1.5, None), due=5),
            (Pace.RUNNING, [(0, 20), (20, 10), (30, 10)], 3 * HOUR),
        ),
        (clock(segment(RUNNING, 0, 1), due=4, outcome=ClockOutcome.MET), (Pace.MET, [(0, 100)], 3 * HOUR)),
        (clock(segment(RUNNING, 0, 5), due=4, outcome=ClockOutcome.MISSED), (Pace.MISSED, [(0, 100)], -HOUR)),
    ],
)
def test_a_bar_has_each_segment_in_its_place(
    measured: Clock, expected: tuple[Pace, list[tuple[float, float]], timedelta]
) -> None:
    bars = bars_of([measured], BEGUN + 2 * HOUR)
    (bar,) = bars.live + bars.ended
    assert (bar.pace, [(part.begin, part.width) for part in bar.stretches], bar.left) == expected
    assert bool(bars.ended) == (measured.outcome is not None)


def test_only_the_newest_of_a_kind_is_shown_and_none_without_a_target() -> None:
    first = clock(segment(RUNNING, 0, 1), outcome=ClockOutcome.MET)
    second = clock(segment(RUNNING, 1, None), due=5, epoch=7)
    untold = Clock(ClockKind.RESOLUTION, 1, (segment(RUNNING, 0, None),))
    over = Clock(ClockKind.NEXT_RESPONSE, 2, (segment(RUNNING, 0, 1),), target=HOUR, outcome=ClockOutcome.CANCELLED)
    bars = bars_of([second, first, untold, over], BEGUN + 2 * HOUR)
    assert [bar.began_at for bar in bars.live] == [BEGUN + HOUR]
    assert not bars.ended


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(130, "2 h 10 min"), (-5, "5 min"), (0.5, "< 1 min"), (60, "1 h"), (1440 * 3 + 245, "3 d 4 h"), (1440, "1 d")],
)
def test_a_span_has_its_two_largest_units(minutes: float, words: str) -> None:
    length = timedelta(minutes=minutes)
    assert (span(length), until(BEGUN + length, BEGUN)) == (words, words)


@pytest.mark.parametrize(("minutes", "expected"), [(-1, "late"), (0, "late"), (59, "soon"), (60, ""), (600, "")])
def test_an_instant_is_late_soon_or_neither(minutes: int, expected: str) -> None:
    assert pace(BEGUN + timedelta(minutes=minutes), BEGUN) == expected
