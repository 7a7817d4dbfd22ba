"""Instants that people mean when they put something off, in the working time of a calendar."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from uuid import UUID
from zoneinfo import ZoneInfo

from services.domain.calendars.model import WEEKDAYS, Calendar, WorkingHours
from services.domain.calendars.working_time import WorkingTime

# Whoever has no calendar works so.
OFFICE_HOURS = Calendar(
    id=UUID(int=0),
    name="Office hours",
    time_zone="UTC",
    hours=tuple(WorkingHours(day, "09:00", "17:00") for day in WEEKDAYS[:5]),
    countries=(),
    closed_days=(),
)
_LATER = timedelta(hours=3)
_QUARTER = timedelta(minutes=15)
_DAY = timedelta(days=1)


class Preset(StrEnum):
    """Later is in three hours, as long as somebody works then; the others are when work begins on that day.

    The next morning with work comes first, so that it has the same place at any time of the day.
    """

    TOMORROW = "tomorrow"
    NEXT_WORKING_DAY = "next_working_day"
    LATER_TODAY = "later_today"
    NEXT_WEEK = "next_week"


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """A calendar by its days: `work` is its working time and `zone` where its days begin."""

    work: WorkingTime
    zone: ZoneInfo


@lru_cache(maxsize=100)
def working_days(calendar: Calendar) -> WorkingDays:
    """The days of a calendar, made once for each of its versions."""
    return WorkingDays(WorkingTime(calendar), ZoneInfo(calendar.time_zone))


def instant_of(preset: Preset, days: WorkingDays, *, now: datetime) -> datetime:
    """When the preset is, seen from now; a day without work stands for the next one with it."""
    match preset:
        case Preset.LATER_TODAY:
            return days.work.next_open(_rounded(now + _LATER))
        case Preset.TOMORROW | Preset.NEXT_WORKING_DAY:
            return days.work.next_open(_midnight(now, days.zone, ahead=1))
        case Preset.NEXT_WEEK:
            return days.work.next_open(_midnight(now, days.zone, ahead=7 - now.astimezone(days.zone).weekday()))


def presets_of(days: WorkingDays, *, now: datetime) -> Mapping[Preset, datetime]:
    """The presets that mean something now, each at an instant of its own."""
    today, tomorrow = (_midnight(now, days.zone, ahead=ahead).astimezone(days.zone).date() for ahead in (0, 1))
    found: dict[Preset, datetime] = {}
    for preset in Preset:
        instant = instant_of(preset, days, now=now)
        day = instant.astimezone(days.zone).date()
        is_so = {Preset.LATER_TODAY: day == today, Preset.TOMORROW: day == tomorrow}.get(preset, True)
        if is_so and instant not in found.values():
            found[preset] = instant
    return found


def _midnight(now: datetime, zone: ZoneInfo, *, ahead: int) -> datetime:
    day = now.astimezone(zone).date() + ahead * _DAY
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _rounded(instant: datetime) -> datetime:
    """The quarter of an hour that has begun."""
    return datetime.min.replace(tzinfo=UTC) + (instant - datetime.min.replace(tzinfo=UTC)) // _QUARTER * _QUARTER
