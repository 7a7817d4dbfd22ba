"""UpcomingService: what is to come on many tickets at once."""

from duradesk.tickets.v1 import upcoming_service_pb2 as pb
from duradesk.tickets.v1 import upcoming_service_pb2_grpc

from services.common.auth import current_principal
from services.common.interceptors import Context
from services.common.wire import from_message, to_message
from services.domain.errors import Invalid
from services.domain.upcoming import UpcomingQuery
from services.tickets.servicer import requests as read
from services.tickets.store.pages import MOST, Page
from services.tickets.store.scope import scope_of
from services.tickets.store.upcoming import UpcomingStore


class UpcomingServicer(upcoming_service_pb2_grpc.UpcomingServiceServicer):
    """Reads; changes nothing."""

    def __init__(self, store: UpcomingStore) -> None:
        self._store = store

    async def ListTicketTimes(self, request: pb.ListTicketTimesRequest, context: Context) -> pb.ListTicketTimesResponse:
        """Of some tickets."""
        if len(request.ticket_ids) > MOST:
            raise Invalid("The tickets are too many.", violations={"ticket_ids": f"must be at most {MOST}"})
        ids = [read.ticket_id(ticket_id) for ticket_id in request.ticket_ids]
        times = await self._store.list_ticket_times(ids, scope=scope_of(current_principal()))
        return pb.ListTicketTimesResponse(times=(to_message(one, pb.TicketTimes) for one in times))

    async def ListUpcoming(self, request: pb.ListUpcomingRequest, context: Context) -> pb.ListUpcomingResponse:
        """Until an instant, page by page."""
        wanted = from_message(request, UpcomingQuery)
        page, scope = Page(request.page_size, request.page_token), scope_of(current_principal())
        upcoming, token = await self._store.list_upcoming(wanted, page, scope=scope)
        return pb.ListUpcomingResponse(
            upcoming=(to_message(one, pb.UpcomingDue) for one in upcoming), next_page_token=token
        )
