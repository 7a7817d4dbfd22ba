"""/tickets/{ticket}: merging, splitting, duplicates and spam."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Query, Response

from services.gateway.api import CHANGED, FOUND, MADE, PREFIX
from services.gateway.deps import Merges, RequestId, SignedIn, TicketId, Tickets, named_ticket
from services.gateway.models.base import Items
from services.gateway.models.merges import (
    DuplicateIn,
    MergeIn,
    MergeOutcomeOut,
    MergePreviewOut,
    MergesIn,
    SplitIn,
    TicketName,
    UnmergedOut,
)
from services.gateway.models.tickets import TicketOut

router = APIRouter(prefix=PREFIX, tags=["merges"], dependencies=[SignedIn])


@router.get("/tickets/{ticket_id}/merge", responses=MADE)
async def preview_merge(
    ticket_id: TicketId,
    into: Annotated[TicketName, Query(description="The id or number of the ticket that would survive.")],
    merges: Merges,
    tickets: Tickets,
) -> MergePreviewOut:
    """What merging a ticket into another one would do, or why it cannot be done."""
    return MergePreviewOut.model_validate(await merges.preview_merge(ticket_id, await named_ticket(into, tickets)))


@router.post("/tickets/{ticket_id}/merge", responses=CHANGED)
async def merge_ticket(
    ticket_id: TicketId, merge: MergeIn, merges: Merges, tickets: Tickets, request_id: RequestId
) -> TicketOut:
    """Let a ticket's conversation go on in another one; the answer is the merged one, which is closed."""
    into = await named_ticket(merge.into, tickets)
    merged = await merges.merge_ticket(
        ticket_id, into, include_customers=merge.include_customers, request_id=request_id
    )
    return TicketOut.model_validate(merged)


@router.post("/merges", responses=MADE)
async def merge_tickets(merge: MergesIn, merges: Merges, tickets: Tickets) -> Items[MergeOutcomeOut]:
    """Merge many tickets into one, each as if alone; asking again does what is left."""
    into = await named_ticket(merge.into, tickets)
    outcomes = await merges.merge_tickets(merge.ticket_ids, into, include_customers=merge.include_customers)
    return Items(items=[MergeOutcomeOut.model_validate(outcome) for outcome in outcomes])


@router.post("/tickets/{ticket_id}/unmerge", responses=CHANGED)
async def unmerge_ticket(ticket_id: TicketId, merges: Merges, request_id: RequestId) -> UnmergedOut:
    """Take a merge back, whenever it was made: the ticket has its messages and its status again."""
    return UnmergedOut.model_validate(await merges.unmerge_ticket(ticket_id, request_id=request_id))


@router.post("/tickets/{ticket_id}/messages/{message_id}/split", status_code=201, responses=CHANGED)
async def split_message(
    ticket_id: TicketId,
    message_id: UUID,
    merges: Merges,
    request_id: RequestId,
    response: Response,
    split: Annotated[SplitIn | None, Body()] = None,
) -> TicketOut:
    """Make a ticket of a message, which is then on that one with its files; nobody is told."""
    ticket = await merges.split_message(
        ticket_id, message_id, subject=(split and split.subject) or "", request_id=request_id
    )
    response.headers["Location"] = f"{PREFIX}/tickets/{ticket.id}"
    return TicketOut.model_validate(ticket)


@router.put("/tickets/{ticket_id}/duplicate-of", responses=CHANGED)
async def mark_duplicate(
    ticket_id: TicketId, duplicate: DuplicateIn, merges: Merges, tickets: Tickets, request_id: RequestId
) -> TicketOut:
    """Let a ticket be settled with its original, never the other way round."""
    original_id = await named_ticket(duplicate.original, tickets)
    return TicketOut.model_validate(await merges.mark_duplicate(ticket_id, original_id, request_id=request_id))


@router.delete("/tickets/{ticket_id}/duplicate-of", responses=CHANGED)
async def unmark_duplicate(ticket_id: TicketId, merges: Merges, request_id: RequestId) -> TicketOut:
    """Let a ticket be one of its own again."""
    return TicketOut.model_validate(await merges.unmark_duplicate(ticket_id, request_id=request_id))


@router.post("/tickets/{ticket_id}/spam", responses=CHANGED)
async def mark_spam(ticket_id: TicketId, merges: Merges, request_id: RequestId) -> TicketOut:
    """Close a ticket as spam; nobody is told, and it does not reopen."""
    return TicketOut.model_validate(await merges.mark_spam(ticket_id, request_id=request_id))


@router.post("/tickets/{ticket_id}/not-spam", responses=FOUND)
async def unmark_spam(ticket_id: TicketId, merges: Merges, request_id: RequestId) -> TicketOut:
    """Give a ticket the status back that it had before it was taken for spam."""
    return TicketOut.model_validate(await merges.unmark_spam(ticket_id, request_id=request_id))
