"""QueueService as the gateway and our own processes call it."""

from collections.abc import Iterable
from uuid import UUID

import grpc
from duradesk.tickets.v1 import queue_service_pb2 as pb
from duradesk.tickets.v1 import queue_service_pb2_grpc

from services.common.wire import from_message, to_message
from services.domain.queue import FreePlace, Load, QueuePlace, Queues, WaitingTicket


class QueueClient:
    """Typed calls; raises the domain errors that the proto names."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = queue_service_pb2_grpc.QueueServiceStub(channel)

    async def get_queue_place(self, ticket_id: UUID) -> QueuePlace | None:
        """Where the ticket is in its team's queue; None when it waits for nobody. NotFound."""
        response = await self._stub.GetQueuePlace(pb.GetQueuePlaceRequest(ticket_id=str(ticket_id)))
        return from_message(response.place, QueuePlace) if response.HasField("place") else None

    async def list_loads(self) -> tuple[Load, ...]:
        """What everybody has on their desk."""
        response = await self._stub.ListLoads(pb.ListLoadsRequest())
        return tuple(from_message(load, Load) for load in response.loads)

    async def list_waiting(self, team_id: UUID | None = None) -> tuple[WaitingTicket, ...]:
        """The queue of a team, or of all, in its order."""
        response = await self._stub.ListWaiting(pb.ListWaitingRequest(team_id=str(team_id) if team_id else ""))
        return tuple(from_message(ticket, WaitingTicket) for ticket in response.tickets)

    async def list_queues(self) -> Queues:
        """Whom tickets wait for, and who has tickets."""
        return from_message(await self._stub.ListQueues(pb.ListQueuesRequest()), Queues)

    async def nudge_queues(
        self, places: Iterable[FreePlace], *, revision: int = 0, left_user_ids: Iterable[UUID] = ()
    ) -> int:
        """Have as many waiting tickets looked at as there is room for; how many."""
        request = pb.NudgeQueuesRequest(
            places=(to_message(place, pb.FreePlace) for place in places),
            revision=revision,
            left_user_ids=map(str, left_user_ids),
        )
        return (await self._stub.NudgeQueues(request)).nudged
