"""Which brands have a calendar: their snoozes are offered in its working time."""

from uuid import UUID

from services.domain.errors import Invalid
from services.tickets.client.tickets import TicketsClient


class BrandCalendars:
    """Asks tickets for brands each time: one may have been given the calendar a second ago."""

    def __init__(self, tickets: TicketsClient) -> None:
        self._tickets = tickets

    async def check_unused(self, calendar_id: UUID) -> None:
        """Invalid when a brand has this calendar."""
        names = [brand.name for brand in await self._tickets.list_brands() if brand.calendar_id == calendar_id]
        if names:
            told = f"the brand {names[0]}" if len(names) == 1 else f"the brands {', '.join(names)}"
            raise Invalid(f"This is the calendar of {told}: choose another there first.", reason="SERVICE_LEVEL_IN_USE")
