"""BroadcastService: one reply to all children of a ticket."""

from datetime import UTC

from duradesk.tickets.v1 import broadcast_service_pb2 as pb
from duradesk.tickets.v1 import broadcast_service_pb2_grpc

from services.common.auth import current_principal
from services.common.interceptors import Context
from services.common.wire import to_message
from services.domain.family.broadcast import check_body, check_translations
from services.tickets.servicer import requests as read
from services.tickets.store import Store
from services.tickets.store.scope import scope_of


class BroadcastServicer(broadcast_service_pb2_grpc.BroadcastServiceServicer):
    """It is carried out as a bulk."""

    def __init__(self, store: Store) -> None:
        self._broadcasts = store.broadcasts

    async def StartBroadcast(self, request: pb.StartBroadcastRequest, context: Context) -> pb.StartBroadcastResponse:
        """Begin."""
        ticket_id, write = read.ticket_id(request.ticket_id), read.write("StartBroadcast", request)
        next_update_at = request.next_update_at.ToDatetime(UTC) if request.HasField("next_update_at") else None
        broadcast = await self._broadcasts.start_broadcast(
            ticket_id,
            check_body(request.body),
            write,
            translations=check_translations(request.translations),
            next_update_at=next_update_at,
        )
        return pb.StartBroadcastResponse(broadcast=to_message(broadcast, pb.Broadcast))

    async def ListBroadcasts(self, request: pb.ListBroadcastsRequest, context: Context) -> pb.ListBroadcastsResponse:
        """All that are not old."""
        found = await self._broadcasts.list_broadcasts(
            read.ticket_id(request.ticket_id), scope=scope_of(current_principal())
        )
        return pb.ListBroadcastsResponse(broadcasts=(to_message(broadcast, pb.Broadcast) for broadcast in found))
