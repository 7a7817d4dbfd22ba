"""/tickets: making, reading and changing them."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Query, Response

from services.domain.ticket import Channel, NewTicket, Ticket
from services.gateway.api import CHANGED, FOUND, MADE, PREFIX
from services.gateway.assignments import check_team
from services.gateway.deps import (
    Cursor,
    Directory,
    ExpectedVersion,
    Filter,
    Limit,
    RequestId,
    Routing,
    SignedIn,
    TicketId,
    TicketKey,
    Tickets,
    require_something,
)
from services.gateway.models.base import Items, Page
from services.gateway.models.families import SettleIn
from services.gateway.models.mails import CcProposalOut, MailReportOut
from services.gateway.models.tickets import (
    AssignmentIn,
    DecisionOut,
    DueOut,
    EventOut,
    RequesterIn,
    TicketIn,
    TicketOut,
    TicketPatch,
)

Settle = Annotated[SettleIn, Body()]
_PLAINLY = SettleIn()

router = APIRouter(prefix=f"{PREFIX}/tickets", tags=["tickets"], dependencies=[SignedIn])

Order = Literal[
    "-created_at",
    "created_at",
    "-updated_at",
    "updated_at",
    "-priority",
    "priority",
    "due",
    "-due",
    "status_since",
    "-status_since",
    "-relevance",
]


@router.post("", status_code=201, responses=MADE)
async def create_ticket(new: TicketIn, tickets: Tickets, request_id: RequestId, response: Response) -> TicketOut:
    """Make a ticket; once answered it is durable."""
    requester = new.requester or RequesterIn(email="")
    ticket = await tickets.create_ticket(
        NewTicket(
            subject=new.subject,
            body=new.body,
            requester_email=requester.email,
            requester_name=requester.name,
            brand=new.brand,
            priority=new.priority,
            type=new.type,
            tags=new.tags,
            custom_fields=new.custom_fields,
            uploads=new.uploads,
            category=new.category,
            parent_id=new.parent_id,
            channel=Channel.REST,
        ),
        request_id=request_id,
    )
    response.headers["Location"] = f"{PREFIX}/tickets/{ticket.id}"
    return _told(ticket, response)


@router.get("", responses=FOUND)
async def list_tickets(
    tickets: Tickets,
    directory: Directory,
    terms: Filter = "",
    sort: Annotated[
        Order,
        Query(
            description="A minus sign puts the latest or the most urgent first. `due` is for the staff, `-relevance`"
            " for filters with words."
        ),
    ] = "-created_at",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Page[TicketOut]:
    """The tickets you may see, page by page."""
    text = await directory.resolve_filter(terms)
    found, following = await tickets.list_tickets(filter=text, order_by=sort, page_size=limit, page_token=cursor)
    return Page(items=[TicketOut.model_validate(ticket) for ticket in found], next_cursor=following or None)


@router.get("/{ticket_id}", responses=FOUND)
async def get_ticket(ticket_id: TicketKey, tickets: Tickets, response: Response) -> TicketOut:
    """One ticket, by id or number."""
    return _told(await tickets.get_ticket(ticket_id), response)


@router.patch("/{ticket_id}", responses=CHANGED)
async def update_ticket(
    ticket_id: TicketId,
    patch: Annotated[TicketPatch, Body()],
    tickets: Tickets,
    request_id: RequestId,
    seen_version: ExpectedVersion,
    response: Response,
) -> TicketOut:
    """Change fields of a ticket."""
    changes: dict[str, Any] = dict(patch)
    expected_version = changes.pop("version", seen_version)
    require_something(changes)
    ticket = await tickets.update_ticket(ticket_id, changes, expected_version=expected_version, request_id=request_id)
    return _told(ticket, response)


@router.post("/{ticket_id}/assign", responses=CHANGED)
async def assign_ticket(
    ticket_id: TicketId,
    assignment: Annotated[AssignmentIn, Body()],
    tickets: Tickets,
    routing: Routing,
    request_id: RequestId,
    response: Response,
) -> TicketOut:
    """Give a ticket to an agent, to a team, or back to the queue."""
    require_something(assignment)
    await check_team(assignment.get("team_id"), routing)
    ticket = await tickets.assign_ticket(
        ticket_id,
        assignee_id=assignment.get("assignee_id"),
        team_id=assignment.get("team_id", ...),
        request_id=request_id,
    )
    return _told(ticket, response)


@router.post("/{ticket_id}/resolve", responses=CHANGED)
async def resolve_ticket(
    ticket_id: TicketId, tickets: Tickets, request_id: RequestId, response: Response, settle: Settle = _PLAINLY
) -> TicketOut:
    """Mark a ticket as answered; it closes by itself later, and a reply reopens it until then."""
    ticket = await tickets.resolve_ticket(
        ticket_id, resolution=settle.resolution, silent=settle.silent, request_id=request_id
    )
    return _told(ticket, response)


@router.post("/{ticket_id}/close", responses=CHANGED)
async def close_ticket(
    ticket_id: TicketId, tickets: Tickets, request_id: RequestId, response: Response, settle: Settle = _PLAINLY
) -> TicketOut:
    """End a ticket: a reply opens a new one that follows it up."""
    ticket = await tickets.close_ticket(
        ticket_id, resolution=settle.resolution, silent=settle.silent, request_id=request_id
    )
    return _told(ticket, response)


@router.post("/{ticket_id}/reopen", responses=CHANGED)
async def reopen_ticket(ticket_id: TicketId, tickets: Tickets, request_id: RequestId, response: Response) -> TicketOut:
    """Put a resolved or closed ticket back to work."""
    return _told(await tickets.reopen_ticket(ticket_id, request_id=request_id), response)


@router.get("/{ticket_id}/activity", responses=FOUND)
async def list_events(ticket_id: TicketId, tickets: Tickets, cursor: Cursor = "", limit: Limit = 50) -> Page[EventOut]:
    """Every change of a ticket with its reason, oldest first."""
    events, following = await tickets.list_events(ticket_id, page_size=limit, page_token=cursor)
    return Page(items=[EventOut.model_validate(event) for event in events], next_cursor=following or None)


@router.get("/{ticket_id}/mail-reports", responses=FOUND)
async def list_mail_reports(ticket_id: TicketId, tickets: Tickets) -> Items[MailReportOut]:
    """What machines told about the mails of a ticket: that they came back, wait, or that somebody is away."""
    reports = await tickets.list_mail_reports(ticket_id)
    return Items(items=[MailReportOut.model_validate(report) for report in reports])


@router.get("/{ticket_id}/cc-proposals", responses=FOUND)
async def list_cc_proposals(ticket_id: TicketId, tickets: Tickets) -> Items[CcProposalOut]:
    """To whom else the customers of a ticket sent their mails; nobody gets anything by that."""
    proposals = await tickets.list_cc_proposals(ticket_id)
    return Items(items=[CcProposalOut.model_validate(proposal) for proposal in proposals])


@router.get("/{ticket_id}/upcoming", responses=FOUND)
async def list_dues(ticket_id: TicketId, tickets: Tickets) -> Items[DueOut]:
    """What will happen to a ticket by itself, soonest first."""
    return Items(items=[DueOut.model_validate(due) for due in await tickets.list_dues(ticket_id)])


@router.get("/{ticket_id}/decisions/{decision_id}", responses=FOUND)
async def get_decision(ticket_id: TicketId, decision_id: UUID, tickets: Tickets) -> DecisionOut:
    """Why a change was made: the stored decision with the facts it saw and its trace."""
    return DecisionOut.model_validate(await tickets.get_decision(ticket_id, decision_id))


def _told(ticket: Ticket, response: Response) -> TicketOut:
    response.headers["ETag"] = f'"{ticket.version}"'
    return TicketOut.model_validate(ticket)
