"""Reckoning in working time, both ways, over changes of clocks and holidays."""

import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.calendars.model import ClosedDay
from services.domain.calendars.working_time import WorkingTime
from services.domain.errors import Invalid
from tests.unit.calendars.factories import WORKING_DAYS, hours, make_calendar, working_time

HOUR = timedelta(hours=1)
ALL_WEEK = "mon tue wed thu fri sat sun"
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def test_four_hours_from_sixteen_are_noon_the_next_day() -> None:
    assert working_time().add_working_time(MONDAY + 16 * HOUR, 4 * HOUR) == MONDAY + 36 * HOUR


@pytest.mark.parametrize(
    ("start", "duration", "due"),
    [
        ("2026-03-02 08:00", 1, "2026-03-02 10:00"),  # before opening
        ("2026-03-02 11:30", 1, "2026-03-02 13:30"),  # over the lunch break
        ("2026-03-02 09:00", 7, "2026-03-02 17:00"),  # a day's work ends at its closing
        ("2026-03-06 16:30", 1, "2026-03-09 09:30"),  # over the weekend
        ("2026-12-23 16:00", 2, "2026-12-28 10:00"),  # Christmas and the days about it
        ("2026-01-05 16:00", 2, "2026-01-07 10:00"),  # closed each year on 6 January
        ("2027-01-05 16:00", 2, "2027-01-07 10:00"),
    ],
)
def test_breaks_weekends_holidays_and_closed_days_are_no_working_time(start: str, duration: int, due: str) -> None:
    zone = ZoneInfo("Europe/Prague")
    work = working_time(
        time_zone="Europe/Prague",
        hours=hours(WORKING_DAYS, "09:00-12:00", "13:00-17:00"),
        countries=("CZ",),
        closed_days=(ClosedDay("2020-01-06", "Epiphany", yearly=True),),
    )
    begins, ends = (datetime.fromisoformat(text).replace(tzinfo=zone) for text in (start, due))
    assert work.add_working_time(begins, duration * HOUR) == ends
    assert work.working_time_between(begins, ends) == duration * HOUR


@pytest.mark.parametrize("name", ["Europe/Prague", "Europe/Rome", "Europe/Helsinki"])
@pytest.mark.parametrize(("night", "length"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-07", 24)])
def test_a_day_has_23_24_or_25_hours_when_clocks_change(name: str, night: str, length: int) -> None:
    zone, work = ZoneInfo(name), working_time(time_zone=name, hours=hours(ALL_WEEK, "00:00-24:00"))
    begins = datetime.fromisoformat(night).replace(tzinfo=zone)
    ends = begins + timedelta(days=1)  # the next midnight by the wall clock
    assert work.working_time_between(begins.astimezone(UTC), ends.astimezone(UTC)) == length * HOUR
    assert work.add_working_time(begins, length * HOUR) == ends


@pytest.mark.parametrize(
    ("name", "night", "interval", "length"),
    [
        ("Europe/Prague", "2026-03-29", "01:00-04:00", 2),
        ("Europe/Prague", "2026-10-25", "01:00-04:00", 4),
        ("Europe/Rome", "2026-03-29", "02:00-03:00", 0),  # the hour that is skipped
        ("Europe/Rome", "2026-10-25", "02:00-03:00", 2),  # the hour that comes twice
        ("Europe/Helsinki", "2026-03-29", "02:30-03:30", 1.0),
        ("Europe/Helsinki", "2026-10-25", "03:30-04:30", 2),
        ("Europe/Helsinki", "2026-10-25", "22:00-24:00", 2),
    ],
)
def test_an_interval_of_the_night_has_the_hours_that_really_pass(
    name: str, night: str, interval: str, length: float
) -> None:
    zone, work = ZoneInfo(name), working_time(time_zone=name, hours=hours(ALL_WEEK, interval))
    begins = datetime.fromisoformat(night).replace(tzinfo=zone)
    assert work.working_time_between(begins, begins + timedelta(days=1)) == length * HOUR


def test_more_working_time_than_there_is_in_thirty_years_is_refused() -> None:
    work = working_time(hours=hours("mon", "09:00-09:01"))
    with pytest.raises(Invalid, match="30 years"):
        work.add_working_time(MONDAY, 100 * HOUR)
    with pytest.raises(Invalid, match="years before"):
        work.subtract_working_time(MONDAY, 100 * HOUR)


@pytest.mark.parametrize("hours_", [0, -1])
def test_no_working_time_is_none_to_add(hours_: int) -> None:
    with pytest.raises(Invalid):
        working_time().add_working_time(MONDAY, hours_ * HOUR)
    with pytest.raises(Invalid):
        working_time().subtract_working_time(MONDAY, hours_ * HOUR)


@pytest.mark.parametrize("year", [1, 1970, 2199, 9999])
def test_instants_far_away_are_refused(year: int) -> None:
    with pytest.raises(Invalid, match="1972 to 2198"):
        working_time().add_working_time(datetime(year, 6, 1, tzinfo=UTC), HOUR)


CALENDARS = [
    WorkingTime(make_calendar(time_zone=zone, hours=weekly, countries=countries))
    for zone in ("UTC", "Europe/Prague", "America/Sao_Paulo", "Asia/Kolkata", "Australia/Lord_Howe")
    for weekly in (
        hours(WORKING_DAYS, "09:00-17:00"),
        hours(ALL_WEEK, "00:00-24:00"),
        hours("mon wed", "00:00-02:30", "02:45-03:15") + hours("sun", "22:00-24:00"),
    )
    for countries in ((), ("FI", "IT"))
]
instants = st.datetimes(datetime(2015, 1, 1), datetime(2032, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 # Hypothesis wants them naive
durations = st.timedeltas(timedelta(microseconds=1), timedelta(days=30))


@given(work=st.sampled_from(CALENDARS), start=instants, duration=durations)
def test_adding_then_measuring_gives_it_back(work: WorkingTime, start: datetime, duration: timedelta) -> None:
    due = work.add_working_time(start, duration)
    assert work.working_time_between(start, due) == duration
    back = work.subtract_working_time(due, duration)
    assert work.working_time_between(back, due) == duration


@given(work=st.sampled_from(CALENDARS), cuts=st.lists(instants, min_size=2, max_size=8))
def test_segments_sum_to_the_whole(work: WorkingTime, cuts: list[datetime]) -> None:
    parts = [work.working_time_between(start, end) for start, end in pairwise(cuts)]
    assert sum(parts, timedelta()) == work.working_time_between(cuts[0], cuts[-1])


@given(work=st.sampled_from(CALENDARS), start=instants, first=durations, second=durations)
def test_adding_twice_is_adding_the_sum(
    work: WorkingTime, start: datetime, first: timedelta, second: timedelta
) -> None:
    assert work.add_working_time(work.add_working_time(start, first), second) == work.add_working_time(
        start, first + second
    )


def test_a_warm_calendar_adds_quickly() -> None:
    work = working_time(time_zone="Europe/Prague", countries=("CZ",))
    durations = [timedelta(minutes=7 * index) for index in range(1, 6_000)]  # up to 30 days
    work.add_working_time(MONDAY, durations[-1])

    def once() -> float:
        began = time.process_time()
        for duration in durations:
            work.add_working_time(MONDAY, duration)
        return time.process_time() - began

    # The best of several, by processor time: what else runs on the machine is none of ours.
    assert len(durations) / min(once() for _ in range(20)) > 100_000
