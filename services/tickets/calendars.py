"""Whether the calendar that a brand is to have is there: routing keeps calendars, and is asked each time.

By its stub: routing is built on tickets, and its own client with it.
"""

from collections.abc import Mapping
from typing import Protocol
from uuid import UUID

import grpc
from duradesk.routing.v1 import service_level_service_pb2 as pb
from duradesk.routing.v1.service_level_service_pb2_grpc import ServiceLevelServiceStub

from services.domain.errors import Invalid


class Calendars(Protocol):
    """Knows which calendars there are."""

    async def list_ids(self) -> frozenset[UUID]:
        """The ids of all. Unavailable."""


class RoutingCalendars:
    """Asks routing."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = ServiceLevelServiceStub(channel)

    async def list_ids(self) -> frozenset[UUID]:
        """Those that there are now."""
        response = await self._stub.ListCalendars(pb.ListCalendarsRequest())
        return frozenset(UUID(calendar.id) for calendar in response.calendars)


async def check_calendar(calendars: Calendars, values: Mapping[str, object]) -> None:
    """Invalid when these values of a brand name a calendar that does not exist."""
    calendar_id = values.get("calendar_id")
    if calendar_id is not None and calendar_id not in await calendars.list_ids():
        problem = "must be a calendar that exists, or none"
        raise Invalid(f"The brand is not valid: calendar_id {problem}.", violations={"calendar_id": problem})
