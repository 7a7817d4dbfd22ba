"""/macros and /tickets/{id}/macros: canned replies, and what is done to a ticket with them."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body

from services.domain.macros import Macro, MacroFields
from services.gateway.api import CHANGED, FOUND, MADE, PREFIX
from services.gateway.deps import Macros, RequestId, SignedIn, TicketId, require_something
from services.gateway.models.base import Items
from services.gateway.models.macros import FilledMacroOut, MacroIn, MacroOut, MacroPatch, MacroRunIn, MacroRunOut
from services.gateway.models.messages import MessageOut
from services.gateway.models.tickets import TicketOut

router = APIRouter(prefix=PREFIX, tags=["macros"], dependencies=[SignedIn])


@router.get("/macros")
async def list_macros(macros: Macros) -> Items[MacroOut]:
    """Your own, those of teams, and everybody's."""
    return Items(items=[_told(macro) for macro in await macros.list_macros()])


@router.post("/macros", status_code=201, responses=MADE)
async def create_macro(new: MacroIn, macros: Macros, request_id: RequestId) -> MacroOut:
    """Make a macro: your own, or with the permission macros.manage one for others."""
    said = MacroFields(
        new.name, new.user_id, new.team_id, new.reply, new.visibility, tuple(one.action() for one in new.actions)
    )
    return _told(await macros.create_macro(said, request_id=request_id))


@router.patch("/macros/{macro_id}", responses=CHANGED)
async def update_macro(macro_id: UUID, patch: Annotated[MacroPatch, Body()], macros: Macros) -> MacroOut:
    """Change a macro."""
    changes: dict[str, Any] = dict(patch)
    expected_version = changes.pop("version", 0)
    require_something(changes)
    if "actions" in patch:
        changes["actions"] = tuple(one.action() for one in patch["actions"])
    return _told(await macros.update_macro(macro_id, changes, expected_version=expected_version))


@router.delete("/macros/{macro_id}", status_code=204, responses=FOUND)
async def delete_macro(macro_id: UUID, macros: Macros) -> None:
    """Delete a macro; what it did stays."""
    await macros.delete_macro(macro_id)


@router.get("/tickets/{ticket_id}/macros/{macro_id}", responses=FOUND)
async def fill_macro(ticket_id: TicketId, macro_id: UUID, macros: Macros) -> FilledMacroOut:
    """What a macro would say on a ticket; it changes nothing."""
    reply, macro = await macros.fill_macro(ticket_id, macro_id)
    return FilledMacroOut(reply=reply, macro=_told(macro))


@router.post("/tickets/{ticket_id}/macros/{macro_id}/run", responses=CHANGED)
async def run_macro(
    ticket_id: TicketId, macro_id: UUID, run: MacroRunIn, macros: Macros, request_id: RequestId
) -> MacroRunOut:
    """Say and do what a macro says, all of it or nothing."""
    ticket, message = await macros.run_macro(
        ticket_id,
        macro_id,
        body=run.body,
        expected_version=run.version or 0,
        seen_seq=run.seen_seq,
        send_anyway=run.send_anyway,
        uploads=run.uploads,
        request_id=request_id,
    )
    said = MessageOut.model_validate(message) if message else None
    return MacroRunOut(ticket=TicketOut.model_validate(ticket), message=said)


def _told(macro: Macro) -> MacroOut:
    return MacroOut.model_validate(macro)
