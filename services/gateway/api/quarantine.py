"""/quarantine: inbound items that could not be taken, and what to do with them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.domain.quarantine import QuarantineState
from services.gateway.api import FOUND, MADE, PREFIX
from services.gateway.deps import Cursor, Limit, SignedIn, Tickets
from services.gateway.models.base import Page
from services.gateway.models.mails import QuarantinedItemOut

router = APIRouter(prefix=f"{PREFIX}/quarantine", tags=["quarantine"], dependencies=[SignedIn])

Code = Annotated[str, Query(max_length=100, description="Only items with this code, e.g. FORGED.")]
State = Annotated[QuarantineState | None, Query(description="Only items in this state.")]


@router.get("")
async def list_quarantine(
    tickets: Tickets, code: Code = "", state: State = None, cursor: Cursor = "", limit: Limit = 50
) -> Page[QuarantinedItemOut]:
    """What came in and is no ticket, the latest first, with the reason."""
    items, following = await tickets.list_quarantine(code=code, state=state, page_size=limit, page_token=cursor)
    return Page(items=[QuarantinedItemOut.model_validate(item) for item in items], next_cursor=following or None)


@router.get("/{item_id}", responses=FOUND)
async def get_quarantined_item(item_id: UUID, tickets: Tickets) -> QuarantinedItemOut:
    """One item, and what became of it."""
    return QuarantinedItemOut.model_validate(await tickets.get_quarantined_item(item_id))


@router.get(
    "/{item_id}/source",
    response_class=Response,
    responses={**FOUND, 200: {"content": {"message/rfc822": {}}, "description": "The item as it came."}},
)
async def get_quarantined_source(item_id: UUID, tickets: Tickets) -> Response:
    """The item as it came, as a file: nothing of it is to be shown by a browser."""
    item = await tickets.get_quarantined_item(item_id)
    headers = {"Content-Disposition": f'attachment; filename="{item_id}.eml"'}
    return Response(item.raw_source, media_type="message/rfc822", headers=headers)


@router.post("/{item_id}/release", status_code=202, responses=MADE)
async def release_quarantined_item(item_id: UUID, tickets: Tickets) -> QuarantinedItemOut:
    """Have the item taken as a new ticket after all; look at it again to see the ticket."""
    return QuarantinedItemOut.model_validate(await tickets.release_quarantined_item(item_id))


@router.post("/{item_id}/retry", status_code=202, responses=MADE)
async def retry_quarantined_item(item_id: UUID, tickets: Tickets) -> QuarantinedItemOut:
    """Have the item read again as if it came now, e.g. after an upgrade."""
    return QuarantinedItemOut.model_validate(await tickets.retry_quarantined_item(item_id))


@router.delete("/{item_id}", responses=MADE)
async def delete_quarantined_item(item_id: UUID, tickets: Tickets) -> QuarantinedItemOut:
    """Forget the item's source; the answer says who did it and when, and stays."""
    return QuarantinedItemOut.model_validate(await tickets.delete_quarantined_item(item_id))
