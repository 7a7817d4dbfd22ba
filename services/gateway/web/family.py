"""/tickets/{number}/family, /parent, /children and /settle: parents and children, and settling them together."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from services.domain.errors import DuradeskError
from services.domain.family.model import CascadeAct
from services.domain.family.policy import DownPolicy, FamilyPolicy, UpPolicy
from services.gateway.deps import Behind, Families
from services.gateway.problems import status_of
from services.gateway.web.changes import Text, made
from services.gateway.web.choosing import Chosen, Find, choose_ticket, with_chosen
from services.gateway.web.lists import AskedFor
from services.gateway.web.pages import PageRoute, page
from services.gateway.web.panel import TheTicket, show_ticket
from services.gateway.web.session import SignedInPage

router = APIRouter(
    prefix="/tickets/{number}", include_in_schema=False, route_class=PageRoute, dependencies=[SignedInPage]
)


@router.get("/parent")
async def choose_parent(
    request: Request, ticket: TheTicket, asked: AskedFor, behind: Behind, find: Find = ""
) -> Response:
    """Whose child it is to be."""
    return await choose_ticket(request, ticket, asked, behind, act="parent", find=find)


@router.post("/parent")
async def set_parent(request: Request, ticket: TheTicket, asked: AskedFor, behind: Behind, chosen: Chosen) -> Response:
    """A child of that one from now on."""
    linked = with_chosen(chosen, behind, lambda parent_id: behind.families.set_parent(ticket.id, parent_id))
    return await made(request, ticket, asked, behind, linked)


@router.get("/children")
async def choose_child(
    request: Request, ticket: TheTicket, asked: AskedFor, behind: Behind, find: Find = ""
) -> Response:
    """Which ticket is to be its child."""
    return await choose_ticket(request, ticket, asked, behind, act="children", find=find)


@router.post("/children")
async def add_child(request: Request, ticket: TheTicket, asked: AskedFor, behind: Behind, chosen: Chosen) -> Response:
    """That one is a child of this one from now on."""
    linked = with_chosen(chosen, behind, lambda child_id: behind.families.set_parent(child_id, ticket.id))
    return await made(request, ticket, asked, behind, linked)


@router.post("/family/{member_id}/remove")
async def remove_parent(
    request: Request, ticket: TheTicket, member_id: UUID, asked: AskedFor, behind: Behind
) -> Response:
    """Take a child out of the family that this ticket belongs to."""
    return await made(request, ticket, asked, behind, behind.families.remove_parent(member_id))


@router.post("/family/group")
async def group_tickets(
    request: Request,
    ticket: TheTicket,
    asked: AskedFor,
    behind: Behind,
    other: Annotated[list[UUID], Form(max_length=100)] = [],  # noqa: B006 # FastAPI copies it
) -> Response:
    """This ticket and others of the customer under a new parent, or as children of this one if it has some."""
    if not ticket.children.total:
        return await made(request, ticket, asked, behind, behind.families.group_tickets([ticket.id, *other]))

    async def linked() -> None:
        for child_id in other:
            await behind.families.set_parent(child_id, ticket.id)

    return await made(request, ticket, asked, behind, linked())


@router.post("/family/policy")
async def set_family_policy(
    request: Request, ticket: TheTicket, asked: AskedFor, behind: Behind, down: Text = "", up: Text = ""
) -> Response:
    """How this parent and its children settle each other; empty is as the brand has it."""
    policy = FamilyPolicy(DownPolicy(down) if down else None, UpPolicy(up) if up else None)
    return await made(request, ticket, asked, behind, behind.families.set_family_policy(ticket.id, policy))


@router.get("/settle")
async def preview_settle(
    request: Request,
    ticket: TheTicket,
    asked: AskedFor,
    families: Families,
    act: Annotated[CascadeAct, Query()] = CascadeAct.RESOLVE,
) -> Response:
    """What settling it does to its children, and whom it tells, before it is done."""
    preview = await families.preview_settle(ticket.id, act)
    children, _ = await families.list_children(ticket.id, page_size=100)
    known = {child.id: child for child in children}
    return await page(request, "desk/settle.html", ticket=ticket, asked=asked, preview=preview, known=known)


@router.post("/settle")
async def settle_ticket(
    request: Request,
    ticket: TheTicket,
    asked: AskedFor,
    behind: Behind,
    act: Annotated[CascadeAct, Form()],
    resolution: Annotated[str, Form(max_length=100_000)] = "",
    silent: Annotated[bool, Form()] = False,
) -> Response:
    """Settle it with its children; the page shows how far that is."""
    settle = behind.tickets.resolve_ticket if act is CascadeAct.RESOLVE else behind.tickets.close_ticket
    try:
        await settle(ticket.id, resolution=resolution.strip(), silent=silent)
    except DuradeskError as error:
        return await show_ticket(request, ticket, asked, behind, status=status_of(error), problem=error.message)
    return RedirectResponse(f"/tickets/{ticket.number}?{asked.query}#family", HTTPStatus.SEE_OTHER)


@router.get("/cascades/{cascade_id}")
async def get_cascade(
    request: Request, ticket: TheTicket, cascade_id: UUID, asked: AskedFor, families: Families
) -> Response:
    """How far it is, as a part of the ticket's page."""
    cascade = await families.get_cascade(cascade_id)
    return await page(request, "desk/cascade.html", ticket=ticket, asked=asked, cascade=cascade)


@router.post("/cascades/{cascade_id}/undo")
async def undo_cascade(
    request: Request, ticket: TheTicket, cascade_id: UUID, asked: AskedFor, behind: Behind
) -> Response:
    """Reopen what it settled and nobody has changed since."""
    return await made(request, ticket, asked, behind, behind.families.undo_cascade(cascade_id))


@router.post("/cascades/{cascade_id}/retry")
async def retry_cascade(
    request: Request, ticket: TheTicket, cascade_id: UUID, asked: AskedFor, behind: Behind
) -> Response:
    """Have the children that failed tried again."""
    return await made(request, ticket, asked, behind, behind.families.retry_cascade(cascade_id))
