"""QueueService: tickets that wait for somebody who is free."""

from uuid import UUID

from duradesk.tickets.v1 import queue_service_pb2 as pb
from duradesk.tickets.v1 import queue_service_pb2_grpc

from services.common.auth import current_principal
from services.common.database import Database
from services.common.interceptors import Context
from services.common.wire import from_message, to_message
from services.domain.errors import Invalid
from services.domain.queue import FreePlace
from services.tickets.servicer import requests as read
from services.tickets.store import waiting
from services.tickets.store.scope import scope_of
from services.tickets.wakeup import Wakeup


class QueueServicer(queue_service_pb2_grpc.QueueServiceServicer):
    """Reads for people, nudges for our own processes."""

    def __init__(self, database: Database, wakeup: Wakeup) -> None:
        self._database = database
        self._store = waiting.QueueStore(database)
        self._wakeup = wakeup

    async def GetQueuePlace(self, request: pb.GetQueuePlaceRequest, context: Context) -> pb.GetQueuePlaceResponse:
        """One ticket's."""
        scope = scope_of(current_principal())
        place = await self._store.get_queue_place(read.ticket_id(request.ticket_id), scope=scope)
        return pb.GetQueuePlaceResponse(place=to_message(place, pb.QueuePlace) if place else None)

    async def ListLoads(self, request: pb.ListLoadsRequest, context: Context) -> pb.ListLoadsResponse:
        """Everybody's."""
        return pb.ListLoadsResponse(loads=[to_message(load, pb.Load) for load in await self._store.list_loads()])

    async def ListWaiting(self, request: pb.ListWaitingRequest, context: Context) -> pb.ListWaitingResponse:
        """In order."""
        team_id = _id(request.team_id, "team_id") if request.team_id else None
        found = await self._store.list_waiting(team_id)
        return pb.ListWaitingResponse(tickets=[to_message(ticket, pb.WaitingTicket) for ticket in found])

    async def ListQueues(self, request: pb.ListQueuesRequest, context: Context) -> pb.ListQueuesResponse:
        """Whom to look for."""
        async with self._database.transaction() as conn:
            queues = await waiting.list_queues(conn)
        return to_message(queues, pb.ListQueuesResponse)

    async def NudgeQueues(self, request: pb.NudgeQueuesRequest, context: Context) -> pb.NudgeQueuesResponse:
        """As many as there is room for."""
        places = [from_message(place, FreePlace) for place in request.places]
        left = [_id(text, f"left_user_ids[{index}]") for index, text in enumerate(request.left_user_ids)]
        async with self._database.transaction() as conn:
            nudged = await waiting.nudge_queues(conn, places, revision=request.revision, left_user_ids=left)
        if nudged:
            self._wakeup.set()
        return pb.NudgeQueuesResponse(nudged=nudged)


def _id(text: str, field: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Invalid(
            f"The request is not valid: {field} is not a UUID.", violations={field: "is not a UUID"}
        ) from None
