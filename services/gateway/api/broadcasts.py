"""/tickets/{ticket}/broadcasts: one reply to all children of a ticket."""

from fastapi import APIRouter

from services.gateway.api import CHANGED, FOUND, PREFIX
from services.gateway.deps import Broadcasts, RequestId, SignedIn, TicketId
from services.gateway.models.base import Items
from services.gateway.models.broadcasts import BroadcastIn, BroadcastOut

router = APIRouter(prefix=f"{PREFIX}/tickets/{{ticket_id}}/broadcasts", tags=["families"], dependencies=[SignedIn])


@router.post("", status_code=202, responses=CHANGED)
async def start_broadcast(
    ticket_id: TicketId, new: BroadcastIn, broadcasts: Broadcasts, request_id: RequestId
) -> BroadcastOut:
    """Reply to all children, each in its own thread and each customer once; who is linked later gets the last one.

    It keeps what was promised on the parent; `next_update_at` promises the next.
    """
    started = await broadcasts.start_broadcast(
        ticket_id,
        new.body,
        translations=new.translations,
        next_update_at=new.next_update_at,
        request_id=request_id,
    )
    return BroadcastOut.model_validate(started)


@router.get("", responses=FOUND)
async def list_broadcasts(ticket_id: TicketId, broadcasts: Broadcasts) -> Items[BroadcastOut]:
    """The newest replies to all children, and how far each is."""
    found = await broadcasts.list_broadcasts(ticket_id)
    return Items(items=[BroadcastOut.model_validate(broadcast) for broadcast in found])
