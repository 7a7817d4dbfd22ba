"""MacroService as the gateway and others call it."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

import grpc
from duradesk.macros.v1 import macro_service_pb2 as pb
from duradesk.macros.v1 import macro_service_pb2_grpc
from google.protobuf.field_mask_pb2 import FieldMask

from services.common.wire import from_message, to_message
from services.domain.macros import Macro, MacroFields
from services.domain.message import Message
from services.domain.ticket import Ticket


class MacrosClient:
    """Calls over a channel of services.common.channel: domain objects in and out, domain errors raised."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = macro_service_pb2_grpc.MacroServiceStub(channel)

    async def list_macros(self) -> tuple[Macro, ...]:
        """The caller's own, then those of teams, then everybody's."""
        response = await self._stub.ListMacros(pb.ListMacrosRequest())
        return tuple(from_message(macro, Macro) for macro in response.macros)

    async def create_macro(self, said: MacroFields, *, request_id: str = "") -> Macro:
        """A new macro; Invalid, Forbidden, AlreadyExists (name taken)."""
        request = pb.CreateMacroRequest(request_id=request_id or _fresh(), macro=to_message(said, pb.Macro))
        return from_message((await self._stub.CreateMacro(request)).macro, Macro)

    async def update_macro(self, macro_id: UUID, changes: Mapping[str, Any], *, expected_version: int = 0) -> Macro:
        """Set values by name; Invalid, NotFound, Forbidden, AlreadyExists, Conflict (old version)."""
        macro = to_message(MacroFields(**changes), pb.Macro)
        macro.id, macro.version = str(macro_id), expected_version
        request = pb.UpdateMacroRequest(macro=macro, update_mask=FieldMask(paths=changes))
        return from_message((await self._stub.UpdateMacro(request)).macro, Macro)

    async def delete_macro(self, macro_id: UUID) -> None:
        """No more; NotFound, Forbidden."""
        await self._stub.DeleteMacro(pb.DeleteMacroRequest(macro_id=str(macro_id)))

    async def fill_macro(self, ticket_id: UUID, macro_id: UUID) -> tuple[str, Macro]:
        """The reply as it would be written on this ticket; NotFound."""
        response = await self._stub.FillMacro(pb.FillMacroRequest(ticket_id=str(ticket_id), macro_id=str(macro_id)))
        return response.reply, from_message(response.macro, Macro)

    async def run_macro(
        self,
        ticket_id: UUID,
        macro_id: UUID,
        *,
        body: str | None = None,
        expected_version: int = 0,
        seen_seq: int = 0,
        send_anyway: bool = False,
        uploads: Sequence[str] = (),
        request_id: str = "",
    ) -> tuple[Ticket, Message | None]:
        """Reply and actions at once; NotFound, Invalid, Forbidden, InvalidTransition (NEWER_MESSAGES too), Conflict."""
        request = pb.RunMacroRequest(
            request_id=request_id or _fresh(),
            ticket_id=str(ticket_id),
            macro_id=str(macro_id),
            expected_version=expected_version,
            body=body,
            seen_seq=seen_seq,
            send_anyway=send_anyway,
            uploads=uploads,
        )
        response = await self._stub.RunMacro(request)
        message = from_message(response.message, Message) if response.HasField("message") else None
        return from_message(response.ticket, Ticket), message


def _fresh() -> str:
    return str(uuid4())
