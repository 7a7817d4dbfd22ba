"""What the forms of calendars, policies and ladders say as text: hours of a day, closed days, durations. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta

from services.domain.calendars.model import WEEKDAYS, Calendar, ClosedDay, Weekday, WorkingHours, minute_of
from services.domain.errors import Conflict, DuradeskError, Invalid

_INTERVAL = re.compile(r"(\d{1,2})(?:[:.](\d\d))?\s*(?:-|\u2013|to)\s*(\d{1,2})(?:[:.](\d\d))?")
_PART = re.compile(r"(\d+(?:[.,]\d+)?)\s*(d|h|min|m)?")
_UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1), "min": timedelta(minutes=1), "m": timedelta(minutes=1)}
_YEARLY = "yearly"


def read_hours(day: Weekday, text: str) -> tuple[WorkingHours, ...]:
    """`9:00-12:00, 13-17` as intervals of the day; ValueError says what would be right."""
    return tuple(_interval(day, part.strip()) for part in re.split("[,;]", text) if part.strip())


def _interval(day: Weekday, text: str) -> WorkingHours:
    found = _INTERVAL.fullmatch(text)
    if found is None:
        raise ValueError("must be times such as 9:00-12:00, 13:00-17:00, or empty for a closed day")
    opens, closes = (f"{int(found[n]):02}:{found[n + 1] or '00'}" for n in (1, 3))
    return WorkingHours(day, opens, closes)


def hours_text(calendar: Calendar, day: Weekday) -> str:
    """The hours of a day as they are typed."""
    return ", ".join(f"{one.opens}-{one.closes}" for one in calendar.hours if one.weekday is day)


def read_closed_days(text: str) -> tuple[ClosedDay, ...]:
    """A day a line, `2026-12-24 yearly Christmas Eve`."""
    return tuple(_closed_day(line) for line in map(str.strip, text.splitlines()) if line)


def _closed_day(line: str) -> ClosedDay:
    day, _, name = line.partition(" ")
    first, _, rest = name.strip().partition(" ")
    yearly = first.lower() == _YEARLY
    return ClosedDay(day, rest.strip() if yearly else name.strip(), yearly)


def closed_days_text(days: Iterable[ClosedDay]) -> str:
    """The lines that read_closed_days reads."""
    return "\n".join(" ".join(filter(None, (day.day, _YEARLY if day.yearly else "", day.name))) for day in days)


def read_duration(text: str) -> timedelta:
    """`4 h`, `1 h 30 min`, `2 d` (of 24 hours each), `4` in hours; ValueError says what would be right."""
    parts, rest = _PART.findall(text), _PART.sub("", text).strip()
    if not parts or rest:
        raise ValueError("must be a time such as 30 min, 4 h or 1 h 30 min")
    try:
        return sum((float(number.replace(",", ".")) * _UNITS[unit or "h"] for number, unit in parts), timedelta())
    except OverflowError:
        raise ValueError("must be shorter") from None


def duration_text(length: timedelta) -> str:
    """The duration as it is typed, in hours and minutes."""
    minutes = length / timedelta(minutes=1)
    hours, rest = divmod(minutes, 60)
    parts = [f"{hours:.0f} h" if hours else "", f"{rest:g} min" if rest else ""]
    return " ".join(filter(None, parts)) or "0 min"


def weeks(calendar: Calendar) -> Iterator[tuple[Weekday, Weekday, str]]:
    """The open days as runs with the same hours, from the first to the last day of each."""
    run: list[Weekday] = []
    for day in WEEKDAYS:
        if run and hours_text(calendar, day) != hours_text(calendar, run[0]):
            yield run[0], run[-1], hours_text(calendar, run[0])
            run = []
        if hours_text(calendar, day):
            run.append(day)
    if run:
        yield run[0], run[-1], hours_text(calendar, run[0])


def weekly_hours(calendar: Calendar) -> timedelta:
    """How much is worked in a week without holidays."""
    minutes = sum((minute_of(one.closes) or 0) - (minute_of(one.opens) or 0) for one in calendar.hours)
    return timedelta(minutes=minutes)


def at_fields(error: DuradeskError, fields: Mapping[str, str], *, what: str) -> DuradeskError:
    """The refusal in the words of a form: `fields` are its fields by the beginnings of those that a service names."""
    if isinstance(error, Conflict):
        return Conflict(f"Somebody else changed this {what} meanwhile. Your values are below; save again to keep them.")
    if not isinstance(error, Invalid) or not error.violations:
        return error
    wrong: dict[str, str] = {}
    for name, text in error.violations.items():
        # The longest beginning is the nearest field; what fits none stays as it is.
        known = max((prefix for prefix in fields if name.startswith(prefix)), key=len, default="")
        wrong.setdefault(fields[known] if known else name, text)
    return Invalid(error.message, violations=wrong)
