"""/tickets/{number}/upcoming: what people do to what happens next; the activity says who did."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response

from services.gateway.deps import Behind
from services.gateway.web.changes import instant_of, made
from services.gateway.web.lists import AskedFor
from services.gateway.web.pages import PageRoute
from services.gateway.web.panel import TheTicket
from services.gateway.web.session import SignedInPage
from services.tickets.client.clocks import ClocksClient

router = APIRouter(
    prefix="/tickets/{number}/upcoming", include_in_schema=False, route_class=PageRoute, dependencies=[SignedInPage]
)


class DueChange(StrEnum):
    """What is to become of a due."""

    RUN = "run"
    SKIP = "skip"
    MOVE = "move"


@router.post("")
async def change_due(
    request: Request,
    ticket: TheTicket,
    asked: AskedFor,
    behind: Behind,
    key: Annotated[str, Form(max_length=200)],
    change: Annotated[DueChange, Form()] = DueChange.MOVE,
    until: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """Have it happen now, at another instant, or not at all."""
    call = change_of(behind.clocks, ticket.id, key, change, until)
    return await made(request, ticket, asked, behind, call)


async def change_of(clocks: ClocksClient, ticket_id: UUID, key: str, change: DueChange, until: str) -> None:
    """Make the change; `until` is what a form says of the instant to move it to. NotFound, Invalid."""
    match change:
        case DueChange.RUN:
            await clocks.move_due(ticket_id, key)
        case DueChange.SKIP:
            await clocks.skip_due(ticket_id, key)
        case DueChange.MOVE:
            await clocks.move_due(ticket_id, key, due_at=instant_of(until))
