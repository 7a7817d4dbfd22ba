"""PlanningService as routing calls it."""

from collections.abc import Iterable

import grpc
from duradesk.tickets.v1 import planning_service_pb2 as pb
from duradesk.tickets.v1 import planning_service_pb2_grpc

from services.common.wire import from_message, to_message
from services.domain.clocks.replan import MeasuredTickets, Replanned


class PlanningClient:
    """Calls over a channel of services.common.channel: domain objects in and out, domain errors raised."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = planning_service_pb2_grpc.PlanningServiceStub(channel)

    async def list_measured_tickets(self, *, page_token: str = "") -> MeasuredTickets:
        """A page of open tickets with what is measured of them."""
        response = await self._stub.ListMeasuredTickets(pb.ListMeasuredTicketsRequest(page_token=page_token))
        return from_message(response, MeasuredTickets)

    async def list_outdated_tickets(self, *, revision: int) -> MeasuredTickets:
        """Open tickets whose plan is of an earlier revision, as many as may be planned anew now."""
        response = await self._stub.ListOutdatedTickets(pb.ListOutdatedTicketsRequest(revision=revision))
        return from_message(response, MeasuredTickets)

    async def replan_tickets(self, tickets: Iterable[Replanned], *, revision: int) -> int:
        """Say what came of tickets under this revision; how many of them are looked at now."""
        replanned = [to_message(each, pb.Replanned) for each in tickets]
        response = await self._stub.ReplanTickets(pb.ReplanTicketsRequest(revision=revision, tickets=replanned))
        return response.nudged
