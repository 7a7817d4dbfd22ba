"""/tickets/{ticket}/draft and /presence: what an open ticket page says while somebody works on it.

Small forms that a script sends: the parts that they answer replace the ones on the page.
"""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response

from services.domain.desk import PresenceState
from services.domain.errors import Conflict
from services.domain.message import Visibility
from services.gateway.deps import Desk, TicketId
from services.gateway.models.base import LARGEST_WHOLE
from services.gateway.web.pages import page
from services.gateway.web.session import SignedInPage

router = APIRouter(prefix="/tickets/{ticket_id}", dependencies=[SignedInPage], include_in_schema=False)

Version = Annotated[int, Form(ge=0, le=LARGEST_WHOLE)]


@router.put("/draft")
async def save_draft(
    request: Request,
    ticket_id: TicketId,
    desk: Desk,
    visibility: Annotated[Visibility, Form()],
    body: Annotated[str, Form()] = "",
    version: Version = 0,
) -> Response:
    """Keep what was typed over that version; 409 with both texts when another tab has changed it since."""
    try:
        draft = await desk.save_draft(ticket_id, visibility, body, expected_version=version)
    except Conflict:
        draft = await desk.get_draft(ticket_id, visibility)
        if draft.body != body:
            return await page(request, "parts/draft_changed.html", status=HTTPStatus.CONFLICT, draft=draft, body=body)
    return await page(request, "parts/draft_saved.html", draft=draft)


@router.delete("/draft")
async def delete_draft(
    ticket_id: TicketId, desk: Desk, visibility: Visibility, version: Annotated[int, Query(ge=0, le=LARGEST_WHOLE)]
) -> Response:
    """Discard it; 409 when another tab has changed it since."""
    await desk.delete_draft(ticket_id, visibility, expected_version=version)
    return Response(status_code=HTTPStatus.NO_CONTENT)


@router.post("/presence")
async def touch_presence(
    ticket_id: TicketId,
    desk: Desk,
    state: Annotated[PresenceState, Form()],
    tab: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Be here for the next 50 s, or leave; send it every 20 s, when writing begins or ends, and on leaving."""
    await desk.touch_presence(ticket_id, state, tab=tab)
    return Response(status_code=HTTPStatus.NO_CONTENT)
