"""Closed days out of an iCalendar file (RFC 5545): its all-day events."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from dateutil.rrule import rrulestr
from icalendar import Calendar as Component

from services.domain.calendars.model import MOST_CLOSED_DAYS, NAME_LENGTH, ClosedDay
from services.domain.errors import Invalid
from services.domain.intake import clean_line

LARGEST_FILE = 1_000_000
# A yearly rule that is more than "the same date" ("the last Monday of May") is written out for so many years.
_WRITTEN_OUT_YEARS = 10
_SIMPLE = {"FREQ", "INTERVAL", "WKST"}


def import_closed_days(content: bytes) -> tuple[ClosedDay, ...]:
    """The days of the file's all-day events, each once, in their order; Invalid with the reason."""
    if len(content) > LARGEST_FILE:
        raise _wrong(f"has more than {LARGEST_FILE} bytes")
    try:
        component = Component.from_ical(content)
    except Exception as error:  # the library raises whatever its parts do
        raise _wrong("is not an iCalendar file (RFC 5545)") from error
    found: dict[tuple[str, bool], ClosedDay] = {}
    for event in component.walk("VEVENT"):
        for closed in _closed_days(event):
            found.setdefault((closed.day, closed.yearly), closed)
            if len(found) > MOST_CLOSED_DAYS:
                raise _wrong(f"has more than {MOST_CLOSED_DAYS} days")
    if not found:
        raise _wrong("has no all-day event")
    return tuple(sorted(found.values(), key=lambda closed: closed.day))


def _closed_days(event: Any) -> Iterator[ClosedDay]:
    name = clean_line(str(event.get("SUMMARY", "")))[:NAME_LENGTH]
    start = getattr(event.get("DTSTART"), "dt", None)
    if not isinstance(start, date) or isinstance(start, datetime):
        return  # an hour of somebody's day closes no office
    end = getattr(event.get("DTEND"), "dt", None)
    length = (end - start).days if isinstance(end, date) and not isinstance(end, datetime) else 1
    if length > MOST_CLOSED_DAYS:
        raise _wrong(f'has an event of {length} days: "{name}"')
    starts, yearly = _starts(event, start, name)
    for first in starts:
        for day in range(max(length, 1)):
            yield ClosedDay((first + timedelta(days=day)).isoformat(), name, yearly)


def _starts(event: Any, start: date, name: str) -> tuple[list[date], bool]:
    """The days on which the event begins, and whether they return each year."""
    rule = event.get("RRULE")
    if event.get("RDATE") is not None or event.get("EXDATE") is not None or isinstance(rule, list):
        raise _wrong(f'has an event with single exceptions, which are not supported: "{name}"')
    if rule is None:
        return [start], False
    if rule.get("FREQ") != ["YEARLY"]:
        raise _wrong(f'has an event that returns otherwise than each year: "{name}"')
    if set(rule) <= _SIMPLE and rule.get("INTERVAL", [1]) == [1]:
        return [start], True
    return _written_out(rule, start), False


def _written_out(rule: Any, start: date) -> list[date]:
    first = datetime(start.year, start.month, start.day, tzinfo=UTC)
    until = datetime(min(start.year + _WRITTEN_OUT_YEARS, 9999), 12, 31, tzinfo=UTC)
    parts = rule.to_ical().decode().split(";")
    # A limit may be a day or an instant in any zone: its day counts.
    text = ";".join(f"{part[:14]}T235959Z" if part.startswith("UNTIL=") else part for part in parts)
    return [found.date() for found in rrulestr(text, dtstart=first).between(first, until, inc=True)]


def _wrong(what: str) -> Invalid:
    return Invalid(f"The file {what}.", violations={"file": what})
