"""Reckoning in a calendar's working time: a table of its open spans with their running sum, and two bisections.

A wall clock time that a change of clocks skips means as much later (02:30 is 03:30); one that comes twice means its
first coming, as in RFC 5545, 3.3.5. A span that this leaves empty vanishes. Everything is exact to the microsecond.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import holidays

from services.domain.calendars.model import DAY_MINUTES, WEEKDAYS, Calendar, check_calendar, minute_of, zone
from services.domain.errors import Invalid

FIRST_YEAR, LAST_YEAR = 1971, 2199
# How far ahead working time is looked for.
LONGEST_SEARCH_YEARS = 30

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_Span = tuple[int, int]


class WorkingTime:
    """A calendar compiled; it grows by the years that are asked for.

    Instants must lie in the years 1971 to 2199; all that is asked of others is Invalid.
    """

    def __init__(self, calendar: Calendar) -> None:
        check_calendar(calendar)
        self._calendar = calendar
        self._zone = zone(calendar)
        self._hours = _hours_by_weekday(calendar)
        self._yearly = {closed.day[5:] for closed in calendar.closed_days if closed.yearly}
        self._once = {date.fromisoformat(closed.day) for closed in calendar.closed_days if not closed.yearly}
        self._years: dict[int, list[_Span]] = {}
        self._first = self._last = 0
        # What the table covers, in microseconds since 1970.
        self._begins = self._ends = 0
        self._opens: list[int] = []
        self._closes: list[int] = []
        self._worked: list[int] = []  # up to the end of each span, from the table's beginning

    @property
    def time_zone(self) -> str:
        """The IANA time zone in which its hours are."""
        return self._calendar.time_zone

    def add_working_time(self, start: datetime, duration: timedelta) -> datetime:
        """The instant by which so much has been worked since `start`; one at a closing time is that closing time.

        Invalid when the duration is not above zero, or is not worked off within 30 years.
        """
        if duration <= timedelta():
            raise Invalid("The working time to add must be above zero.")
        at, span = (start - _EPOCH) // _MICROSECOND, duration // _MICROSECOND
        self._cover(at, start.year)
        worked = self._worked_until(at) + span
        while not self._worked or worked > self._worked[-1]:
            # The table grows at its end only, so that what was worked until `at` stays.
            self._grow(start.year)
        index = bisect_left(self._worked, worked)
        return _EPOCH + timedelta(microseconds=self._closes[index] - (self._worked[index] - worked))

    def subtract_working_time(self, end: datetime, duration: timedelta) -> datetime:
        """The last instant since which so much has been worked until `end`, with the same limits."""
        if duration <= timedelta():
            raise Invalid("The working time to subtract must be above zero.")
        at, span = (end - _EPOCH) // _MICROSECOND, duration // _MICROSECOND
        year = end.year
        self._cover(at, year)
        while (worked := self._worked_until(at) - span) < 0:
            year -= 1
            if year < max(FIRST_YEAR, end.year - LONGEST_SEARCH_YEARS):
                raise Invalid("The calendar has not so much working time in the years before.")
            self._build(min(self._first, year), self._last)
        index = bisect_right(self._worked, worked)
        return _EPOCH + timedelta(microseconds=self._closes[index] - (self._worked[index] - worked))

    def working_time_between(self, start: datetime, end: datetime) -> timedelta:
        """How much is worked from `start` to `end`; below zero when `end` is earlier."""
        begins, ends = (start - _EPOCH) // _MICROSECOND, (end - _EPOCH) // _MICROSECOND
        self._cover(begins, start.year)
        self._cover(ends, end.year)
        return timedelta(microseconds=self._worked_until(ends) - self._worked_until(begins))

    def is_open(self, at: datetime) -> bool:
        """Whether it is working time; a closing time is not."""
        return self.next_open(at) == at

    def next_open(self, at: datetime) -> datetime:
        """The first instant of working time that is not before this one."""
        instant = (at - _EPOCH) // _MICROSECOND
        self._cover(instant, at.year)
        while not self._closes or instant >= self._closes[-1]:
            self._grow(at.year)
        index = bisect_right(self._closes, instant)
        return at if self._opens[index] <= instant else _EPOCH + timedelta(microseconds=self._opens[index])

    def _worked_until(self, instant: int) -> int:
        index = bisect_right(self._opens, instant) - 1
        return 0 if index < 0 else self._worked[index] - max(0, self._closes[index] - instant)

    def _cover(self, instant: int, year: int) -> None:
        if self._begins <= instant < self._ends:
            return
        if not FIRST_YEAR < year < LAST_YEAR:
            raise Invalid(f"Working time is reckoned in the years {FIRST_YEAR + 1} to {LAST_YEAR - 1}.")
        first, last = year - 1, year + 1
        if self._years:
            first, last = min(first, self._first), max(last, self._last)
        self._build(first, last)

    def _grow(self, asked_year: int) -> None:
        if self._last >= min(LAST_YEAR, asked_year + LONGEST_SEARCH_YEARS):
            raise Invalid(f"The calendar has not so much working time in {LONGEST_SEARCH_YEARS} years.")
        self._build(self._first, self._last + 1)

    def _build(self, first: int, last: int) -> None:
        for year in range(first, last + 1):
            if year not in self._years:
                self._years[year] = list(self._spans(year))
        opens: list[int] = []
        closes: list[int] = []
        worked: list[int] = []
        for year in range(first, last + 1):
            for opens_at, closes_at in self._years[year]:
                # Hours that were skipped by a change of clocks may fall onto those that follow.
                opens_at = max(opens_at, closes[-1]) if closes else opens_at
                if opens_at >= closes_at:
                    continue
                opens.append(opens_at)
                closes.append(closes_at)
                worked.append((worked[-1] if worked else 0) + closes_at - opens_at)
        self._first, self._last = first, last
        self._opens, self._closes, self._worked = opens, closes, worked
        # Local years begin and end up to a day off the UTC ones.
        self._begins = _microseconds(datetime(first, 1, 2, tzinfo=UTC))
        self._ends = _microseconds(datetime(last, 12, 31, tzinfo=UTC))

    def _spans(self, year: int) -> Iterator[_Span]:
        closed = self._holidays(year)
        day = date(year, 1, 1)
        while day.year == year:
            if day not in closed and day not in self._once and day.isoformat()[5:] not in self._yearly:
                for opens, closes in self._hours[day.weekday()]:
                    yield self._instant(day, opens), self._instant(day, closes)
            day += timedelta(days=1)

    def _holidays(self, year: int) -> set[date]:
        found: set[date] = set()
        for code in self._calendar.countries:
            country, _, subdivision = code.partition("-")
            found.update(holidays.country_holidays(country, subdiv=subdivision or None, years=year))
        return found

    def _instant(self, day: date, minute: int) -> int:
        if minute == DAY_MINUTES:
            day, minute = day + timedelta(days=1), 0
        return _microseconds(datetime.combine(day, time(minute // 60, minute % 60), self._zone))


def _hours_by_weekday(calendar: Calendar) -> list[list[_Span]]:
    hours: list[list[_Span]] = [[] for _ in WEEKDAYS]
    for interval in calendar.hours:
        opens, closes = minute_of(interval.opens), minute_of(interval.closes)
        assert opens is not None, "the calendar was checked"
        assert closes is not None, "the calendar was checked"
        hours[WEEKDAYS.index(interval.weekday)].append((opens, closes))
    return [sorted(day) for day in hours]


def _microseconds(instant: datetime) -> int:
    return (instant - _EPOCH) // _MICROSECOND
