"""How fast the shop answers: its hours, and what it promises for urgent tickets and for the others."""

from datetime import timedelta
from uuid import UUID

from services.domain.calendars.model import WEEKDAYS, Calendar, WorkingHours
from services.domain.clocks.model import ClockKind
from services.domain.clocks.policy import DEFAULT_PAUSES, Policy, Target
from services.domain.ticket import Priority
from services.routing.service_levels.client import ServiceLevelsClient

_NEW = UUID(int=0)
_HOUR = timedelta(hours=1)
_HOURS = Calendar(
    id=_NEW,
    name="Shop hours",
    time_zone="Europe/Prague",
    hours=(
        *(WorkingHours(day, "08:00", "18:00") for day in WEEKDAYS[:5]),
        WorkingHours(WEEKDAYS[5], "09:00", "13:00"),
    ),
    countries=("CZ",),
    closed_days=(),
)
_TARGETS = (
    Target(ClockKind.FIRST_RESPONSE, 8 * _HOUR),
    Target(ClockKind.FIRST_RESPONSE, 2 * _HOUR, Priority.URGENT),
    Target(ClockKind.NEXT_RESPONSE, 10 * _HOUR),
    Target(ClockKind.NEXT_RESPONSE, 3 * _HOUR, Priority.URGENT),
    Target(ClockKind.RESOLUTION, 60 * _HOUR),
    Target(ClockKind.RESOLUTION, 20 * _HOUR, Priority.URGENT),
)


async def promise(levels: ServiceLevelsClient) -> None:
    """Make the calendar and the policy, unless somebody has made calendars already."""
    if await levels.list_calendars():
        return
    hours = await levels.create_calendar(_HOURS)
    await levels.create_sla_policy(Policy(_NEW, "Standard", 10, "", hours.id, _TARGETS, (), DEFAULT_PAUSES))
