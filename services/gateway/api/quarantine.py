"""/quarantine: inbound items that could not be taken."""

from fastapi import APIRouter

from services.gateway.api import PREFIX
from services.gateway.deps import Cursor, Limit, SignedIn, Tickets
from services.gateway.models import Page, QuarantinedItemOut

router = APIRouter(prefix=f"{PREFIX}/quarantine", tags=["quarantine"], dependencies=[SignedIn])


@router.get("")
async def list_quarantine(tickets: Tickets, cursor: Cursor = "", limit: Limit = 50) -> Page[QuarantinedItemOut]:
    """What came in and is no ticket, the latest first, with the reason."""
    items, following = await tickets.list_quarantine(page_size=limit, page_token=cursor)
    return Page(items=[QuarantinedItemOut.model_validate(item) for item in items], next_cursor=following or None)
