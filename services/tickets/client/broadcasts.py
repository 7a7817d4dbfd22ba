"""BroadcastService as the gateway calls it."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from uuid import UUID, uuid4

import grpc
from duradesk.tickets.v1 import broadcast_service_pb2 as pb
from duradesk.tickets.v1 import broadcast_service_pb2_grpc

from services.common.wire import from_message
from services.domain.family.broadcast import Broadcast

NO_TRANSLATIONS: Mapping[str, str] = MappingProxyType({})


class BroadcastClient:
    """Calls over a channel of services.common.channel: domain objects in and out, domain errors raised."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = broadcast_service_pb2_grpc.BroadcastServiceStub(channel)

    async def start_broadcast(
        self,
        ticket_id: UUID,
        body: str,
        *,
        translations: Mapping[str, str] = NO_TRANSLATIONS,
        next_update_at: datetime | None = None,
        request_id: str = "",
    ) -> Broadcast:
        """A reply to all children, which begins soon, and perhaps a promise of the next; NotFound, Invalid,
        InvalidTransition (NO_CHILDREN)."""
        request = pb.StartBroadcastRequest(
            ticket_id=str(ticket_id), body=body, translations=translations, request_id=request_id or str(uuid4())
        )
        if next_update_at is not None:
            request.next_update_at.FromDatetime(next_update_at)
        return from_message((await self._stub.StartBroadcast(request)).broadcast, Broadcast)

    async def list_broadcasts(self, ticket_id: UUID) -> tuple[Broadcast, ...]:
        """The newest 20, newest first; NotFound."""
        response = await self._stub.ListBroadcasts(pb.ListBroadcastsRequest(ticket_id=str(ticket_id)))
        return tuple(from_message(broadcast, Broadcast) for broadcast in response.broadcasts)
