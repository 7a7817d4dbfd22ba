"""TicketFieldService: the definitions of custom fields."""

from duradesk.tickets.v1 import ticket_field_service_pb2 as pb
from duradesk.tickets.v1 import ticket_field_service_pb2_grpc

from services.common.interceptors import Context
from services.common.wire import from_message, to_message
from services.domain.ticket_fields import TicketFieldFields
from services.tickets.servicer import requests as read
from services.tickets.store import Store


class TicketFieldServicer(ticket_field_service_pb2_grpc.TicketFieldServiceServicer):
    """Each change is one transaction."""

    def __init__(self, store: Store) -> None:
        self._fields = store.ticket_fields

    async def ListTicketFields(
        self, request: pb.ListTicketFieldsRequest, context: Context
    ) -> pb.ListTicketFieldsResponse:
        """All of them."""
        fields = await self._fields.list_ticket_fields()
        return pb.ListTicketFieldsResponse(fields=(to_message(field, pb.TicketField) for field in fields))

    async def CreateTicketField(
        self, request: pb.CreateTicketFieldRequest, context: Context
    ) -> pb.CreateTicketFieldResponse:
        """A new one."""
        said = from_message(request.field, TicketFieldFields)
        field = await self._fields.create_ticket_field(said, read.write("CreateTicketField", request))
        return pb.CreateTicketFieldResponse(field=to_message(field, pb.TicketField))

    async def UpdateTicketField(
        self, request: pb.UpdateTicketFieldRequest, context: Context
    ) -> pb.UpdateTicketFieldResponse:
        """The values that the mask names."""
        field = await self._fields.update_ticket_field(
            read.known_id(request.field.id, "field"),
            read.masked(from_message(request.field, TicketFieldFields), request.update_mask, needed=("kind",)),
            expected_version=request.field.version,
        )
        return pb.UpdateTicketFieldResponse(field=to_message(field, pb.TicketField))
