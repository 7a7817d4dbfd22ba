"""/tickets/{id}/snooze and /wake: putting a ticket away for a while."""

from fastapi import APIRouter, Response

from services.gateway.api import CHANGED, PREFIX
from services.gateway.deps import RequestId, SignedIn, TicketId, Tickets
from services.gateway.models.snoozes import SnoozeIn
from services.gateway.models.tickets import TicketOut

router = APIRouter(prefix=f"{PREFIX}/tickets", tags=["tickets"], dependencies=[SignedIn])


@router.post("/{ticket_id}/snooze", responses=CHANGED)
async def snooze_ticket(
    ticket_id: TicketId, snooze: SnoozeIn, tickets: Tickets, request_id: RequestId, response: Response
) -> TicketOut:
    """Put a ticket out of the queue until an instant, or until the customer writes; it keeps its status."""
    ticket = await tickets.snooze_ticket(
        ticket_id,
        until=snooze.until,
        reason=snooze.reason,
        keep_on_reply=snooze.keep_on_reply,
        request_id=request_id,
    )
    response.headers["ETag"] = f'"{ticket.version}"'
    return TicketOut.model_validate(ticket)


@router.post("/{ticket_id}/wake", responses=CHANGED)
async def wake_ticket(ticket_id: TicketId, tickets: Tickets, request_id: RequestId, response: Response) -> TicketOut:
    """Put a snoozed ticket back into the queue now."""
    ticket = await tickets.wake_ticket(ticket_id, request_id=request_id)
    response.headers["ETag"] = f'"{ticket.version}"'
    return TicketOut.model_validate(ticket)
