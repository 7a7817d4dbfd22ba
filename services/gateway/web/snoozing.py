"""Until when people put tickets off: presets in the working time of each brand, told before one chooses."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.domain.bulk import BrandSnooze, BulkAct, TicketChange
from services.domain.calendars.model import Calendar
from services.domain.calendars.presets import (
    OFFICE_HOURS,
    Preset,
    WorkingDays,
    instant_of,
    presets_of,
    working_days,
)
from services.domain.ticket import Brand
from services.gateway.deps import Services


@dataclass(frozen=True, slots=True)
class Offer:
    """A preset and when it is; `differs` when that is the earliest of several brands' instants."""

    preset: Preset
    at: datetime
    differs: bool


@dataclass(frozen=True, slots=True)
class BrandHours:
    """The working days of every brand, and those of tickets whose brand says nothing."""

    brands: Mapping[UUID, WorkingDays]
    usual: WorkingDays

    def offers(self, brand_ids: Iterable[UUID], *, now: datetime) -> tuple[Offer, ...]:
        """What can be chosen for tickets of these brands."""
        hours = list(dict.fromkeys(self.brands.get(brand_id, self.usual) for brand_id in brand_ids)) or [self.usual]
        offered = {preset for days in hours for preset in presets_of(days, now=now)}
        instants = {preset: {instant_of(preset, days, now=now) for days in hours} for preset in Preset}
        return tuple(
            Offer(preset, min(instants[preset]), len(instants[preset]) > 1) for preset in Preset if preset in offered
        )

    def snooze(self, preset: Preset, *, now: datetime) -> TicketChange:
        """The snooze of many tickets, of each until the instant in its brand's hours."""
        usual = instant_of(preset, self.usual, now=now)
        instants = {brand_id: instant_of(preset, days, now=now) for brand_id, days in self.brands.items()}
        others = tuple(BrandSnooze(brand_id, until) for brand_id, until in instants.items() if until != usual)
        return TicketChange(BulkAct.SNOOZE, snooze_until=usual, brand_snoozes=others)


async def brand_hours(behind: Services) -> BrandHours:
    """The hours of all brands as they are now."""
    return hours_of(*await asyncio.gather(behind.tickets.list_brands(), behind.service_levels.list_calendars()))


def hours_of(brands: Iterable[Brand], calendars: Sequence[Calendar]) -> BrandHours:
    """The hours of these brands by their calendars; without one, the only calendar there is is everybody's."""
    usual = working_days(calendars[0] if len(calendars) == 1 else OFFICE_HOURS)
    known: dict[UUID | None, WorkingDays] = {calendar.id: working_days(calendar) for calendar in calendars}
    return BrandHours({brand.id: known.get(brand.calendar_id, usual) for brand in brands}, usual)
