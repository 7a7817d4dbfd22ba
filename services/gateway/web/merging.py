"""/tickets/{number}/merge, /split, /duplicate and /spam: tickets that are one, or none."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from services.domain.errors import DuradeskError, NotFound
from services.gateway.deps import Behind
from services.gateway.problems import status_of
from services.gateway.web.changes import Text, made
from services.gateway.web.choosing import Chosen, Find, choose_ticket, with_chosen
from services.gateway.web.lists import AskedFor
from services.gateway.web.pages import PageRoute, page
from services.gateway.web.panel import TheTicket, show_ticket
from services.gateway.web.session import SignedInPage

router = APIRouter(prefix="/tickets", include_in_schema=False, route_class=PageRoute, dependencies=[SignedInPage])

Wanted = Annotated[list[UUID], Form(max_length=1000)]


@router.get("/{number}/merge")
async def choose_survivor(
    request: Request,
    ticket: TheTicket,
    asked: AskedFor,
    behind: Behind,
    find: Find = "",
    into: Annotated[int, Query(ge=0, le=10**18)] = 0,
) -> Response:
    """Which ticket survives; with one, what would happen."""
    if into:
        survivor = await behind.tickets.get_ticket(into)
        preview = await behind.merges.preview_merge(ticket.id, survivor.id)
        return await page(request, "desk/merge.html", ticket=ticket, asked=asked, preview=preview)
    return await choose_ticket(request, ticket, asked, behind, act="merge", find=find)


@router.post("/{number}/merge")
async def merge_ticket(
    request: Request,
    ticket: TheTicket,
    asked: AskedFor,
    behind: Behind,
    into: Chosen,
    include_customers: Annotated[bool, Form()] = False,
) -> Response:
    """Merge, and go on with the survivor."""
    survivor = await behind.tickets.get_ticket(into)
    try:
        await behind.merges.merge_ticket(ticket.id, survivor.id, include_customers=include_customers)
    except DuradeskError as error:
        return await show_ticket(request, ticket, asked, behind, status=status_of(error), problem=error.message)
    return RedirectResponse(f"/tickets/{survivor.number}?{asked.query}", HTTPStatus.SEE_OTHER)


@router.post("/{number}/unmerge")
async def unmerge_ticket(request: Request, ticket: TheTicket, asked: AskedFor, behind: Behind) -> Response:
    """Take the merge back, and say what stays where it is."""
    try:
        unmerged = await behind.merges.unmerge_ticket(ticket.id)
    except DuradeskError as error:
        return await show_ticket(request, ticket, asked, behind, status=status_of(error), problem=error.message)
    return await show_ticket(request, unmerged.ticket, asked, behind, told=unmerged.kept)


@router.get("/{number}/unmerge")
async def show_unmerged(ticket: TheTicket, asked: AskedFor) -> Response:
    """The ticket, for whoever loads the page anew that told what stays."""
    return RedirectResponse(f"/tickets/{ticket.number}?{asked.query}", HTTPStatus.SEE_OTHER)


@router.post("/merges")
async def merge_tickets(
    request: Request,
    asked: AskedFor,
    behind: Behind,
    ticket: Wanted = [],  # noqa: B006 # FastAPI copies it
    into: Annotated[int, Form(ge=0, le=10**18)] = 0,
    include_customers: Annotated[bool, Form()] = False,
) -> Response:
    """Merge the selected tickets into one; first it is asked into which."""
    chosen = [await behind.tickets.get_ticket(ticket_id) for ticket_id in dict.fromkeys(ticket)]
    survivor = next((one for one in chosen if one.number == into), None)
    if survivor is None or len(chosen) < 2:
        return await page(request, "desk/merge_many.html", chosen=chosen, asked=asked, outcomes={})
    others = [one.id for one in chosen if one.id != survivor.id]
    outcomes = await behind.merges.merge_tickets(others, survivor.id, include_customers=include_customers)
    refused = {outcome.ticket_id: outcome.refusal for outcome in outcomes if outcome.refusal}
    if refused:
        return await page(request, "desk/merge_many.html", chosen=chosen, asked=asked, outcomes=refused)
    return RedirectResponse(f"/tickets/{survivor.number}?{asked.query}", HTTPStatus.SEE_OTHER)


@router.get("/{number}/split/{message_id}")
async def ask_subject(
    request: Request, ticket: TheTicket, message_id: UUID, asked: AskedFor, behind: Behind
) -> Response:
    """What the new ticket is to be called."""
    messages, token = await behind.tickets.list_messages(ticket.id, page_size=100)
    while token and all(message.id != message_id for message in messages):
        messages, token = await behind.tickets.list_messages(ticket.id, page_size=100, page_token=token)
    message = next((message for message in messages if message.id == message_id), None)
    if message is None:
        raise NotFound("This message is not on this ticket.")
    return await page(request, "desk/split.html", ticket=ticket, asked=asked, message=message, request_id=uuid4().hex)


@router.post("/{number}/split/{message_id}")
async def split_message(
    request: Request,
    ticket: TheTicket,
    message_id: UUID,
    asked: AskedFor,
    behind: Behind,
    subject: Text = "",
    request_id: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Split it out, and go on with the new ticket."""
    try:
        split = await behind.merges.split_message(ticket.id, message_id, subject=subject, request_id=request_id)
    except DuradeskError as error:
        return await show_ticket(request, ticket, asked, behind, status=status_of(error), problem=error.message)
    return RedirectResponse(f"/tickets/{split.number}?{asked.query}", HTTPStatus.SEE_OTHER)


@router.get("/{number}/duplicate")
async def choose_original(
    request: Request, ticket: TheTicket, asked: AskedFor, behind: Behind, find: Find = ""
) -> Response:
    """Of which ticket it is a duplicate."""
    return await choose_ticket(request, ticket, asked, behind, act="duplicate", find=find)


@router.post("/{number}/duplicate")
async def mark_duplicate(
    request: Request, ticket: TheTicket, asked: AskedFor, behind: Behind, chosen: Chosen
) -> Response:
    """Settled with that one from now on."""
    marked = with_chosen(chosen, behind, lambda original_id: behind.merges.mark_duplicate(ticket.id, original_id))
    return await made(request, ticket, asked, behind, marked)


@router.post("/{number}/duplicate/remove")
async def unmark_duplicate(request: Request, ticket: TheTicket, asked: AskedFor, behind: Behind) -> Response:
    """A ticket of its own again."""
    return await made(request, ticket, asked, behind, behind.merges.unmark_duplicate(ticket.id))


@router.post("/{number}/spam")
async def mark_spam(request: Request, ticket: TheTicket, asked: AskedFor, behind: Behind) -> Response:
    """Closed, and nobody is told."""
    return await made(request, ticket, asked, behind, behind.merges.mark_spam(ticket.id))


@router.post("/{number}/not-spam")
async def unmark_spam(request: Request, ticket: TheTicket, asked: AskedFor, behind: Behind) -> Response:
    """None after all."""
    return await made(request, ticket, asked, behind, behind.merges.unmark_spam(ticket.id))
