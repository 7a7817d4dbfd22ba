"""MacroService: macros and canned replies."""

from duradesk.macros.v1 import macro_service_pb2 as pb
from duradesk.macros.v1 import macro_service_pb2_grpc
from duradesk.tickets.v1 import ticket_pb2

from services.common.auth import current_principal
from services.common.interceptors import Context
from services.common.uploads import UploadSigner
from services.common.wire import from_message, to_message
from services.domain.attachments import check_uploads
from services.domain.doors import take_message
from services.domain.macros import MacroFields
from services.domain.message import NewMessage, Visibility
from services.tickets.colleagues import Colleagues, check_colleague
from services.tickets.servicer import requests as read
from services.tickets.store import Store
from services.tickets.store.macros import MacroRun


class MacroServicer(macro_service_pb2_grpc.MacroServiceServicer):
    """Each change and each run is one transaction."""

    def __init__(self, store: Store, uploads: UploadSigner, colleagues: Colleagues) -> None:
        self._macros = store.macros
        self._colleagues = colleagues
        self._uploads = uploads

    async def ListMacros(self, request: pb.ListMacrosRequest, context: Context) -> pb.ListMacrosResponse:
        """Those that the caller may use."""
        macros = await self._macros.list_macros(current_principal())
        return pb.ListMacrosResponse(macros=(to_message(macro, pb.Macro) for macro in macros))

    async def CreateMacro(self, request: pb.CreateMacroRequest, context: Context) -> pb.CreateMacroResponse:
        """A new one."""
        said = from_message(request.macro, MacroFields)
        await self._check_people(said)
        macro = await self._macros.create_macro(said, read.write("CreateMacro", request))
        return pb.CreateMacroResponse(macro=to_message(macro, pb.Macro))

    async def UpdateMacro(self, request: pb.UpdateMacroRequest, context: Context) -> pb.UpdateMacroResponse:
        """The values that the mask names."""
        said = from_message(request.macro, MacroFields)
        await self._check_people(said)
        macro = await self._macros.update_macro(
            read.known_id(request.macro.id, "macro"),
            read.masked(said, request.update_mask, needed=("visibility",)),
            current_principal(),
            expected_version=request.macro.version,
        )
        return pb.UpdateMacroResponse(macro=to_message(macro, pb.Macro))

    async def DeleteMacro(self, request: pb.DeleteMacroRequest, context: Context) -> pb.DeleteMacroResponse:
        """No more."""
        await self._macros.delete_macro(read.known_id(request.macro_id, "macro"), current_principal())
        return pb.DeleteMacroResponse()

    async def FillMacro(self, request: pb.FillMacroRequest, context: Context) -> pb.FillMacroResponse:
        """The reply for this ticket."""
        reply, macro = await self._macros.fill_macro(
            read.ticket_id(request.ticket_id), read.known_id(request.macro_id, "macro"), read.unrepeated("FillMacro")
        )
        return pb.FillMacroResponse(reply=reply, macro=to_message(macro, pb.Macro))

    async def RunMacro(self, request: pb.RunMacroRequest, context: Context) -> pb.RunMacroResponse:
        """Said and done."""
        ticket, message = await self._macros.run_macro(
            read.ticket_id(request.ticket_id),
            read.known_id(request.macro_id, "macro"),
            self._run(request),
            read.write("RunMacro", request),
        )
        said = to_message(message, ticket_pb2.Message) if message else None
        return pb.RunMacroResponse(ticket=to_message(ticket, ticket_pb2.Ticket), message=said)

    async def _check_people(self, said: MacroFields) -> None:
        """Nobody is given a ticket whom it could not be given by hand."""
        for place, action in enumerate(said.actions):
            await check_colleague(self._colleagues, action.user_id, field=f"actions[{place}]")

    def _run(self, request: pb.RunMacroRequest) -> MacroRun:
        principal = current_principal()
        body = request.body if request.HasField("body") else None
        if body:
            body = take_message(NewMessage(Visibility.PUBLIC, body), principal).body
        files = [self._uploads.verify(handle, owner=principal) for handle in request.uploads]
        return MacroRun(body, request.expected_version, request.seen_seq, request.send_anyway, check_uploads(files))
