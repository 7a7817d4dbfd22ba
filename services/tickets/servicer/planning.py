"""PlanningService: what routing asks of the tickets when service levels change."""

from uuid import UUID

from duradesk.tickets.v1 import planning_service_pb2 as pb
from duradesk.tickets.v1 import planning_service_pb2_grpc

from services.common.database import Database
from services.common.interceptors import Context
from services.common.wire import from_message, to_message
from services.domain.clocks.replan import Replanned
from services.domain.errors import Invalid
from services.tickets.store import planning
from services.tickets.wakeup import Wakeup

_FIRST = UUID(int=0)


class PlanningServicer(planning_service_pb2_grpc.PlanningServiceServicer):
    """Each method is one transaction."""

    def __init__(self, database: Database, wakeup: Wakeup) -> None:
        self._database = database
        self._wakeup = wakeup

    async def ListMeasuredTickets(
        self, request: pb.ListMeasuredTicketsRequest, context: Context
    ) -> pb.ListMeasuredTicketsResponse:
        """One page."""
        after = _read_token(request.page_token) if request.page_token else _FIRST
        async with self._database.transaction() as conn:
            page = await planning.list_measured(conn, after=after)
        return to_message(page, pb.ListMeasuredTicketsResponse)

    async def ListOutdatedTickets(
        self, request: pb.ListOutdatedTicketsRequest, context: Context
    ) -> pb.ListOutdatedTicketsResponse:
        """The next ones."""
        async with self._database.transaction() as conn:
            page = await planning.list_outdated(conn, revision=request.revision)
        return to_message(page, pb.ListOutdatedTicketsResponse)

    async def ReplanTickets(self, request: pb.ReplanTicketsRequest, context: Context) -> pb.ReplanTicketsResponse:
        """What came of them."""
        tickets = [from_message(ticket, Replanned) for ticket in request.tickets]
        async with self._database.transaction() as conn:
            nudged = await planning.replan_tickets(conn, revision=request.revision, tickets=tickets)
        if nudged:
            self._wakeup.set()
        return pb.ReplanTicketsResponse(nudged=nudged)


def _read_token(token: str) -> UUID:
    try:
        return UUID(token)
    except ValueError:
        raise Invalid("The page token is not one of ours: leave it out to begin anew.") from None
