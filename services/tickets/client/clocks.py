"""ClockService as the gateway calls it."""

from datetime import datetime
from uuid import UUID, uuid4

import grpc
from duradesk.tickets.v1 import clock_service_pb2 as pb
from duradesk.tickets.v1 import clock_service_pb2_grpc

from services.common.wire import from_message, to_message
from services.domain.clocks.model import Clock
from services.domain.due_changes import DueMove
from services.domain.promises import Promise
from services.domain.reminders import Reminder


class ClocksClient:
    """Calls over a channel of services.common.channel: domain objects in and out, domain errors raised."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = clock_service_pb2_grpc.ClockServiceStub(channel)

    async def list_clocks(self, ticket_id: UUID) -> tuple[Clock, ...]:
        """All clocks of a ticket with their ledger, oldest first; NotFound."""
        response = await self._stub.ListClocks(pb.ListClocksRequest(ticket_id=str(ticket_id)))
        return tuple(from_message(clock, Clock) for clock in response.clocks)

    async def move_due(
        self, ticket_id: UUID, key: str, *, due_at: datetime | None = None, request_id: str = ""
    ) -> None:
        """Put a due to another instant; without one, to now. NotFound, Invalid."""
        request = to_message(DueMove(key, due_at), pb.MoveDueRequest)
        request.request_id, request.ticket_id = request_id or str(uuid4()), str(ticket_id)
        await self._stub.MoveDue(request)

    async def remind_me(self, ticket_id: UUID, at: datetime, *, text: str = "", request_id: str = "") -> str:
        """Have a mail sent to the caller at an instant; the key of the due. NotFound, Invalid."""
        request = to_message(Reminder(at, text), pb.RemindMeRequest)
        request.request_id, request.ticket_id = request_id or str(uuid4()), str(ticket_id)
        return (await self._stub.RemindMe(request)).key

    async def promise_update(
        self, ticket_id: UUID, promised_at: datetime, *, text: str = "", request_id: str = ""
    ) -> str:
        """Promise the customer an update by then; the key of the due. NotFound, Invalid, InvalidTransition."""
        request = to_message(Promise(promised_at, text), pb.PromiseUpdateRequest)
        request.request_id, request.ticket_id = request_id or str(uuid4()), str(ticket_id)
        return (await self._stub.PromiseUpdate(request)).key

    async def skip_due(self, ticket_id: UUID, key: str, *, request_id: str = "") -> None:
        """Let a due never come; NotFound."""
        request = pb.SkipDueRequest(request_id=request_id or str(uuid4()), ticket_id=str(ticket_id), key=key)
        await self._stub.SkipDue(request)
