"""ClockService: what is measured of tickets, and what people do to what happens next."""

from hashlib import sha256
from uuid import UUID

from duradesk.tickets.v1 import clock_pb2, clock_service_pb2_grpc
from duradesk.tickets.v1 import clock_service_pb2 as pb

from services.common.auth import current_principal
from services.common.interceptors import Context
from services.common.wire import from_message, to_message
from services.domain.due_changes import DueMove
from services.domain.intake import check_request_id
from services.domain.promises import Promise
from services.domain.reminders import Reminder
from services.tickets.servicer import requests as read
from services.tickets.store import Store
from services.tickets.store.requests import Request
from services.tickets.store.scope import scope_of


class ClockServicer(clock_service_pb2_grpc.ClockServiceServicer):
    """Each write is one transaction with its event, and answered when it is durable."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def ListClocks(self, request: pb.ListClocksRequest, context: Context) -> pb.ListClocksResponse:
        """The ledger."""
        scope = scope_of(current_principal())
        clocks = await self._store.clocks.list_clocks(read.ticket_id(request.ticket_id), scope=scope)
        return pb.ListClocksResponse(clocks=(to_message(clock, clock_pb2.Clock) for clock in clocks))

    async def MoveDue(self, request: pb.MoveDueRequest, context: Context) -> pb.MoveDueResponse:
        """To another instant, or to now."""
        move = from_message(request, DueMove)
        ticket_id = read.ticket_id(request.ticket_id)
        await self._store.dues.move_due(ticket_id, move.key, move.due_at, _write("MoveDue", request))
        return pb.MoveDueResponse()

    async def RemindMe(self, request: pb.RemindMeRequest, context: Context) -> pb.RemindMeResponse:
        """Of the staff, whoever calls."""
        wanted, ticket_id = from_message(request, Reminder), read.ticket_id(request.ticket_id)
        user_id = UUID(current_principal().subject)
        key = await self._store.reminders.remind_me(ticket_id, wanted, _write("RemindMe", request), user_id=user_id)
        return pb.RemindMeResponse(key=key)

    async def PromiseUpdate(self, request: pb.PromiseUpdateRequest, context: Context) -> pb.PromiseUpdateResponse:
        """In place of an earlier promise."""
        wanted, ticket_id = from_message(request, Promise), read.ticket_id(request.ticket_id)
        key = await self._store.promises.promise_update(ticket_id, wanted, _write("PromiseUpdate", request))
        return pb.PromiseUpdateResponse(key=key)

    async def SkipDue(self, request: pb.SkipDueRequest, context: Context) -> pb.SkipDueResponse:
        """Never."""
        ticket_id = read.ticket_id(request.ticket_id)
        await self._store.dues.skip_due(ticket_id, request.key, _write("SkipDue", request))
        return pb.SkipDueResponse()


def _write(
    method: str, request: pb.MoveDueRequest | pb.RemindMeRequest | pb.PromiseUpdateRequest | pb.SkipDueRequest
) -> Request:
    check_request_id(request.request_id)
    digest = sha256(request.SerializeToString(deterministic=True)).digest()
    return Request(current_principal(), method, request.request_id, digest)
