"""/deliveries: the ledger of mails that went out, or did not and why."""

from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from services.domain.errors import InvalidTransition
from services.domain.message import EffectState
from services.gateway.deps import Cursor, Tickets
from services.gateway.web.pages import PageRoute, page
from services.gateway.web.session import needs

DELIVERIES = "/deliveries"
_PAGE = 50
_STATES = frozenset(state.value for state in EffectState)

router = APIRouter(
    prefix=DELIVERIES, route_class=PageRoute, include_in_schema=False, dependencies=[needs("operations.read")]
)

Chosen = Annotated[str, Query(max_length=20)]


@router.get("")
async def list_deliveries(
    request: Request, tickets: Tickets, state: Chosen = "", cursor: Cursor = "", done: Chosen = ""
) -> Response:
    """The mails of all tickets, newest first, or those in one state."""
    chosen = state if state in _STATES else ""
    found, following = await tickets.list_deliveries(state=chosen, page_size=_PAGE, page_token=cursor)
    address = f"{DELIVERIES}?{urlencode({'state': chosen, 'cursor': following})}" if following else ""
    return await page(
        request, "desk/deliveries.html", deliveries=found, state=chosen, following=address, first=not cursor, done=done
    )


@router.post("/{delivery_id}/send-again")
async def repeat_delivery(tickets: Tickets, delivery_id: UUID, state: Annotated[str, Form()] = "") -> Response:
    """Try a mail again that failed or is in doubt; it keeps its Message-ID."""
    try:
        await tickets.repeat_delivery(delivery_id)
        done = "again"
    except InvalidTransition:
        # Somebody was quicker, or it went out meanwhile: the list says which.
        done = "over"
    return RedirectResponse(f"{DELIVERIES}?{urlencode({'state': state, 'done': done})}", 303)
