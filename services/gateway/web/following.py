"""/tickets/{number}/followers: who else gets what is said on a ticket."""

from collections.abc import Awaitable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response

from services.gateway.deps import Behind
from services.gateway.web.changes import made
from services.gateway.web.lists import AskedFor
from services.gateway.web.pages import PageRoute
from services.gateway.web.panel import TheTicket
from services.gateway.web.session import Caller, SignedInPage

router = APIRouter(
    prefix="/tickets/{number}/followers", include_in_schema=False, route_class=PageRoute, dependencies=[SignedInPage]
)


@router.post("")
async def add_follower(
    request: Request,
    ticket: TheTicket,
    asked: AskedFor,
    behind: Behind,
    caller: Caller,
    email: Annotated[str, Form(max_length=254)] = "",
) -> Response:
    """The customer with this address from now on; without one, the caller."""
    call: Awaitable[object] = (
        behind.followers.add_customer(ticket.id, email)
        if email
        else behind.followers.add_colleague(ticket.id, UUID(caller.subject))
    )
    return await made(request, ticket, asked, behind, call)


@router.post("/{follower_id}/remove")
async def remove_follower(
    request: Request, ticket: TheTicket, follower_id: UUID, asked: AskedFor, behind: Behind
) -> Response:
    """They get nothing from now on."""
    return await made(request, ticket, asked, behind, behind.followers.remove_follower(ticket.id, follower_id))
