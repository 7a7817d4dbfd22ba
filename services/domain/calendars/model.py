"""A calendar as people write it, and what is wrong with one, by field."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

import holidays

from services.domain.errors import Invalid

NAME_LENGTH = 100
MOST_HOURS = 100
MOST_CLOSED_DAYS = 1_000
MOST_COUNTRIES = 10
DAY_MINUTES = 24 * 60

_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00")
# Every weekday falls on every date within 28 years; the years are those of no century's exception.
_CYCLE = range(2001, 2029)


class Weekday(StrEnum):
    """A day of the week, Monday first as in ISO 8601."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


WEEKDAYS = tuple(Weekday)


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """One interval of a weekday by the wall clock, "09:00" to "17:00"; "24:00" is the day's end."""

    weekday: Weekday
    opens: str
    closes: str


@dataclass(frozen=True, slots=True)
class ClosedDay:
    """A day without work, "2026-12-24"; a yearly one returns each year, whatever year it is written with."""

    day: str
    name: str = ""
    yearly: bool = False


@dataclass(frozen=True, slots=True)
class Calendar:
    """Weekly hours in an IANA time zone, without the public holidays of `countries` ("CZ", "DE-BY") and closed days."""

    id: UUID
    name: str
    time_zone: str
    hours: tuple[WorkingHours, ...]
    countries: tuple[str, ...]
    closed_days: tuple[ClosedDay, ...]
    version: int = 1


def minute_of(text: str) -> int | None:
    """The minute of the day that "HH:MM" names, 0 to 1440; None when it is no time."""
    if not _TIME.fullmatch(text):
        return None
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def check_calendar(calendar: Calendar) -> None:
    """Invalid with everything that is wrong, by field; a calendar that passes is open in every year."""
    problems = dict(_problems(calendar))
    if not problems and not _is_open_every_year(calendar):
        problems["hours"] = "leave a whole year closed: there must be some working time in every year"
    if problems:
        told = "; ".join(f"{field} {message}" for field, message in problems.items())
        raise Invalid(f"The calendar is not valid: {told}.", violations=problems)


def _problems(calendar: Calendar) -> Iterator[tuple[str, str]]:
    if not 1 <= len(calendar.name) <= NAME_LENGTH:
        yield "name", f"must have 1 to {NAME_LENGTH} characters"
    if not is_time_zone(calendar.time_zone):
        yield "time_zone", 'must be an IANA time zone such as "Europe/Prague"'
    if not 1 <= len(calendar.hours) <= MOST_HOURS:
        yield "hours", f"must be 1 to {MOST_HOURS} intervals: a calendar that is never open has no working time"
    yield from _hours_problems(calendar.hours)
    if len(calendar.countries) > MOST_COUNTRIES:
        yield "countries", f"must be at most {MOST_COUNTRIES}"
    for index, country in enumerate(calendar.countries):
        if not _is_country(country):
            yield f"countries[{index}]", 'must be a country whose holidays are known, such as "CZ" or "DE-BY"'
    if len(calendar.closed_days) > MOST_CLOSED_DAYS:
        yield "closed_days", f"must be at most {MOST_CLOSED_DAYS}"
    for index, closed in enumerate(calendar.closed_days):
        if not _is_date(closed.day):
            yield f"closed_days[{index}].day", 'must be a date such as "2026-12-24"'
        if len(closed.name) > NAME_LENGTH:
            yield f"closed_days[{index}].name", f"must have at most {NAME_LENGTH} characters"


def _hours_problems(hours: tuple[WorkingHours, ...]) -> Iterator[tuple[str, str]]:
    taken: dict[Weekday, list[tuple[int, int]]] = {}
    for index, interval in enumerate(hours):
        opens, closes = minute_of(interval.opens), minute_of(interval.closes)
        if opens is None or opens == DAY_MINUTES:
            yield f"hours[{index}].opens", 'must be a time from "00:00" to "23:59"'
        if closes is None:
            yield f"hours[{index}].closes", 'must be a time from "00:01" to "24:00"'
        if opens is None or closes is None:
            continue
        if closes <= opens:
            yield f"hours[{index}].closes", 'must be later than it opens: over midnight write two, one until "24:00"'
        if any(
            opens < other_closes and other_opens < closes
            for other_opens, other_closes in taken.get(interval.weekday, ())
        ):
            yield f"hours[{index}]", f"overlap another interval of {interval.weekday}"
        taken.setdefault(interval.weekday, []).append((opens, closes))


def is_time_zone(name: str) -> bool:
    """Whether the IANA database, as it is installed, knows the time zone."""
    return name in available_timezones()


def _is_country(code: str) -> bool:
    country, _, subdivision = code.partition("-")
    known: Mapping[str, list[str]] = holidays.list_supported_countries()
    return country in known and (not subdivision or subdivision in known[country])


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_open_every_year(calendar: Calendar) -> bool:
    """By the weekly hours and the yearly days alone: what is closed once cannot last for ever."""
    worked = {WEEKDAYS.index(interval.weekday) for interval in calendar.hours}
    closed = {closed.day[5:] for closed in calendar.closed_days if closed.yearly}
    if not closed:
        return True
    return all(
        any(day.weekday() in worked and day.isoformat()[5:] not in closed for day in _days(year)) for year in _CYCLE
    )


def _days(year: int) -> Iterator[date]:
    day = date(year, 1, 1)
    while day.year == year:
        yield day
        day += timedelta(days=1)


def zone(calendar: Calendar) -> ZoneInfo:
    """The calendar's time zone."""
    return ZoneInfo(calendar.time_zone)
