"""Whether the calendar that a brand is to have is there: brands and calendars are kept by two services."""

from collections.abc import Mapping

from services.domain.errors import Invalid
from services.routing.service_levels.client import ServiceLevelsClient


async def check_brand_calendar(values: Mapping[str, object], levels: ServiceLevelsClient) -> None:
    """Invalid when these values of a brand name a calendar that does not exist."""
    calendar_id = values.get("calendar_id")
    if calendar_id is not None and calendar_id not in {calendar.id for calendar in await levels.list_calendars()}:
        problem = "must be a calendar that exists, or none"
        raise Invalid(f"The brand is not valid: calendar_id {problem}.", violations={"calendar_id": problem})
