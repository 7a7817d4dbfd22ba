"""Calendars as tests want them: say only what matters."""

from typing import Any
from uuid import UUID

from services.domain.calendars.model import WEEKDAYS, Calendar, ClosedDay, Weekday, WorkingHours
from services.domain.calendars.working_time import WorkingTime

WORKING_DAYS = "mon tue wed thu fri"


def hours(days: str, *intervals: str) -> tuple[WorkingHours, ...]:
    """hours("mon tue", "09:00-12:00", "13:00-17:00")"""
    by_name = {day.value[:3]: day for day in WEEKDAYS}
    spans = [interval.split("-") for interval in intervals]
    return tuple(WorkingHours(by_name[name], opens, closes) for name in days.split() for opens, closes in spans)


def make_calendar(**overrides: Any) -> Calendar:
    values: dict[str, Any] = {
        "id": UUID(int=1),
        "name": "Office",
        "time_zone": "UTC",
        "hours": hours(WORKING_DAYS, "09:00-17:00"),
        "countries": (),
        "closed_days": (),
    }
    return Calendar(**values | overrides)


def working_time(**overrides: Any) -> WorkingTime:
    return WorkingTime(make_calendar(**overrides))


def shared_calendar(told: dict[str, Any]) -> Calendar:
    """A calendar of the shared cases."""
    by_name = {day.value[:3]: day for day in Weekday}
    weekly = [
        WorkingHours(by_name[name], opens, closes) for name, spans in told["hours"].items() for opens, closes in spans
    ]
    closed = tuple(ClosedDay(day) for day in told["holidays"])
    return make_calendar(time_zone=told["timezone"], hours=tuple(weekly), closed_days=closed)
