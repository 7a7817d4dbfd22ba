"""UpcomingService as the gateway calls it."""

from collections.abc import Sequence
from uuid import UUID

import grpc
from duradesk.tickets.v1 import upcoming_service_pb2 as pb
from duradesk.tickets.v1 import upcoming_service_pb2_grpc

from services.common.wire import from_message, to_message
from services.domain.upcoming import TicketTimes, UpcomingDue, UpcomingQuery


class UpcomingClient:
    """Calls over a channel of services.common.channel: domain objects in and out, domain errors raised."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = upcoming_service_pb2_grpc.UpcomingServiceStub(channel)

    async def list_ticket_times(self, ticket_ids: Sequence[UUID]) -> dict[UUID, TicketTimes]:
        """How the clocks of at most 100 tickets stand and what happens next on each; Invalid."""
        response = await self._stub.ListTicketTimes(pb.ListTicketTimesRequest(ticket_ids=map(str, ticket_ids)))
        times = (from_message(one, TicketTimes) for one in response.times)
        return {one.ticket_id: one for one in times}

    async def list_upcoming(
        self, wanted: UpcomingQuery, *, page_size: int = 0, page_token: str = ""
    ) -> tuple[tuple[UpcomingDue, ...], str]:
        """A page of what happens by itself, soonest first, and the token of the next; Invalid."""
        request = to_message(wanted, pb.ListUpcomingRequest)
        request.page_size, request.page_token = page_size, page_token
        response = await self._stub.ListUpcoming(request)
        return tuple(from_message(one, UpcomingDue) for one in response.upcoming), response.next_page_token
