"""TicketFieldService as the gateway and others call it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import grpc
from duradesk.tickets.v1 import ticket_field_service_pb2 as pb
from duradesk.tickets.v1 import ticket_field_service_pb2_grpc
from google.protobuf.field_mask_pb2 import FieldMask

from services.common.wire import from_message, to_message
from services.domain.ticket_fields import TicketField, TicketFieldFields


class TicketFieldsClient:
    """Calls over a channel of services.common.channel: domain objects in and out, domain errors raised."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = ticket_field_service_pb2_grpc.TicketFieldServiceStub(channel)

    async def list_ticket_fields(self) -> tuple[TicketField, ...]:
        """All fields in their order, also what is archived."""
        response = await self._stub.ListTicketFields(pb.ListTicketFieldsRequest())
        return tuple(from_message(field, TicketField) for field in response.fields)

    async def create_ticket_field(self, said: TicketFieldFields, *, request_id: str = "") -> TicketField:
        """A new field; Invalid, AlreadyExists (key taken)."""
        request = pb.CreateTicketFieldRequest(
            request_id=request_id or str(uuid4()), field=to_message(said, pb.TicketField)
        )
        return from_message((await self._stub.CreateTicketField(request)).field, TicketField)

    async def update_ticket_field(
        self, field_id: UUID, changes: Mapping[str, Any], *, expected_version: int = 0
    ) -> TicketField:
        """Set values by name; Invalid, NotFound, Conflict (old version)."""
        field = to_message(TicketFieldFields(**changes), pb.TicketField)
        field.id, field.version = str(field_id), expected_version
        request = pb.UpdateTicketFieldRequest(field=field, update_mask=FieldMask(paths=changes))
        return from_message((await self._stub.UpdateTicketField(request)).field, TicketField)
