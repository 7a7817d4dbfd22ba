"""/tickets/{ticket}/messages: the conversation."""

from uuid import UUID

from fastapi import APIRouter

from services.domain.message import NewMessage
from services.gateway.api import CHANGED, FOUND, MADE, PREFIX
from services.gateway.deps import Cursor, Limit, RequestId, SignedIn, TicketId, Tickets
from services.gateway.models.base import Page
from services.gateway.models.messages import CreatedMessageOut, MessageIn, MessageOut
from services.gateway.models.tickets import TicketOut

router = APIRouter(prefix=f"{PREFIX}/tickets/{{ticket_id}}/messages", tags=["messages"], dependencies=[SignedIn])


@router.post("", status_code=201, responses=MADE)
async def create_message(
    ticket_id: TicketId, new: MessageIn, tickets: Tickets, request_id: RequestId
) -> CreatedMessageOut:
    """Reply to the requester, or leave a note for the staff."""
    message, ticket = await tickets.create_message(ticket_id, NewMessage(**dict(new)), request_id=request_id)
    told = MessageOut.model_validate(message)
    return CreatedMessageOut(**dict(told), ticket=TicketOut.model_validate(ticket))


@router.post("/{message_id}/undo", responses=CHANGED)
async def undo_message(ticket_id: TicketId, message_id: UUID, tickets: Tickets) -> MessageOut:
    """Take a public reply back before it goes out; 409 once it is too late."""
    return MessageOut.model_validate(await tickets.undo_message(ticket_id, message_id))


@router.get("", responses=FOUND)
async def list_messages(
    ticket_id: TicketId, tickets: Tickets, cursor: Cursor = "", limit: Limit = 50
) -> Page[MessageOut]:
    """The conversation, oldest first; notes are for the staff only."""
    messages, following = await tickets.list_messages(ticket_id, page_size=limit, page_token=cursor)
    return Page(items=[MessageOut.model_validate(message) for message in messages], next_cursor=following or None)
