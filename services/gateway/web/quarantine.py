"""/quarantine: mails that could not be taken, why, and what to do with them. One is shown as plain text only."""

from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from services.domain.errors import InvalidTransition
from services.domain.quarantine import QuarantineState
from services.gateway.deps import Cursor, Tickets
from services.gateway.web.pages import PageRoute, page
from services.gateway.web.session import needs

QUARANTINE = "/quarantine"
_PAGE = 50
_STATES = {state.value: state for state in QuarantineState}
# As much of a source as people read; the whole of it is a file to be saved.
_SHOWN_BYTES = 64 * 1024

router = APIRouter(
    prefix=QUARANTINE, route_class=PageRoute, include_in_schema=False, dependencies=[needs("operations.manage")]
)

Chosen = Annotated[str, Query(max_length=20)]


@router.get("")
async def list_quarantine(request: Request, tickets: Tickets, state: Chosen = "kept", cursor: Cursor = "") -> Response:
    """What came in and is no ticket, the latest first."""
    chosen = _STATES.get(state)
    items, following = await tickets.list_quarantine(state=chosen, page_size=_PAGE, page_token=cursor)
    address = f"{QUARANTINE}?{urlencode({'state': state, 'cursor': following})}" if following else ""
    return await page(
        request, "desk/quarantine.html", items=items, state=chosen or "all", following=address, first=not cursor
    )


@router.get("/{item_id}")
async def get_quarantined_item(request: Request, tickets: Tickets, item_id: UUID, done: Chosen = "") -> Response:
    """One item with its source, which is text here whatever it is elsewhere."""
    item = await tickets.get_quarantined_item(item_id)
    source = item.raw_source[:_SHOWN_BYTES].decode(errors="replace")
    ticket = None if item.ticket_id is None else await tickets.get_ticket(str(item.ticket_id))
    return await page(
        request,
        "desk/quarantined.html",
        item=item,
        source=source,
        is_cut=len(item.raw_source) > _SHOWN_BYTES,
        ticket=ticket,
        done=done,
    )


@router.get("/{item_id}/source")
async def get_quarantined_source(tickets: Tickets, item_id: UUID) -> Response:
    """The item as it came, as a file: no browser is to show it."""
    item = await tickets.get_quarantined_item(item_id)
    headers = {"Content-Disposition": f'attachment; filename="{item_id}.eml"'}
    return Response(item.raw_source, media_type="application/octet-stream", headers=headers)


@router.post("/{item_id}/release")
async def release_quarantined_item(tickets: Tickets, item_id: UUID) -> Response:
    """Have it taken as a new ticket after all."""
    try:
        await tickets.release_quarantined_item(item_id)
    except InvalidTransition:
        return _to(item_id, "over")
    return _to(item_id, "released")


@router.post("/{item_id}/retry")
async def retry_quarantined_item(tickets: Tickets, item_id: UUID) -> Response:
    """Have it read again as if it came now."""
    try:
        await tickets.retry_quarantined_item(item_id)
    except InvalidTransition:
        return _to(item_id, "over")
    return _to(item_id, "retried")


@router.post("/{item_id}/delete")
async def delete_quarantined_item(tickets: Tickets, item_id: UUID) -> Response:
    """Forget its source."""
    try:
        await tickets.delete_quarantined_item(item_id)
    except InvalidTransition:
        return _to(item_id, "over")
    return _to(item_id, "deleted")


def _to(item_id: UUID, done: str) -> Response:
    return RedirectResponse(f"{QUARANTINE}/{item_id}?done={done}", 303)
