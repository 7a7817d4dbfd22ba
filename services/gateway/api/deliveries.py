"""The ledger of mails: what went out, what did not and why, and sending it again."""

from typing import Literal
from uuid import UUID

from fastapi import APIRouter

from services.gateway.api import CHANGED, FOUND, PREFIX
from services.gateway.deps import Cursor, Limit, SignedIn, TicketId, Tickets
from services.gateway.models.base import Page
from services.gateway.models.mails import DeliveryOut

router = APIRouter(prefix=PREFIX, tags=["deliveries"], dependencies=[SignedIn])

State = Literal["ready", "claimed", "sending", "done", "failed", "in_doubt", "suppressed", "cancelled"]


@router.get("/tickets/{ticket_id}/deliveries", responses=FOUND)
async def list_ticket_deliveries(
    ticket_id: TicketId, tickets: Tickets, cursor: Cursor = "", limit: Limit = 50
) -> Page[DeliveryOut]:
    """The mails of one ticket, newest first."""
    found, following = await tickets.list_deliveries(ticket_id=ticket_id, page_size=limit, page_token=cursor)
    return Page(items=[DeliveryOut.model_validate(item) for item in found], next_cursor=following or None)


@router.get("/deliveries")
async def list_deliveries(
    tickets: Tickets, state: State | None = None, cursor: Cursor = "", limit: Limit = 50
) -> Page[DeliveryOut]:
    """The mails of all tickets that you may see, newest first."""
    found, following = await tickets.list_deliveries(state=state or "", page_size=limit, page_token=cursor)
    return Page(items=[DeliveryOut.model_validate(item) for item in found], next_cursor=following or None)


@router.post("/deliveries/{delivery_id}/send-again", responses=CHANGED)
async def repeat_delivery(delivery_id: UUID, tickets: Tickets) -> DeliveryOut:
    """Try a mail again that failed or is in doubt; it keeps its Message-ID."""
    return DeliveryOut.model_validate(await tickets.repeat_delivery(delivery_id))
