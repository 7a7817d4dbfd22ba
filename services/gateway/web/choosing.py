"""Which other ticket somebody means: found by its number, by words, or among the customer's own."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import Form, Query, Request, Response

from services.domain.errors import NotFound
from services.domain.ticket import Ticket
from services.gateway.deps import Services
from services.gateway.web.lists import Asked
from services.gateway.web.pages import page

Find = Annotated[str, Query(max_length=500)]
Chosen = Annotated[int, Form(ge=1, le=10**18)]
_MOST = 12


async def choose_ticket(
    request: Request, ticket: Ticket, asked: Asked, behind: Services, *, act: str, find: str
) -> Response:
    """The page that asks which ticket is meant; `act` is where its form leads."""
    found = await _found_tickets(ticket, find, behind)
    return await page(request, "desk/choose_ticket.html", ticket=ticket, asked=asked, act=act, find=find, found=found)


async def with_chosen(chosen: int, behind: Services, act: Callable[[UUID], Awaitable[object]]) -> None:
    """Do it with the ticket of that number."""
    await act((await behind.tickets.get_ticket(chosen)).id)


async def _found_tickets(ticket: Ticket, find: str, behind: Services) -> tuple[Ticket, ...]:
    """What was looked for, without the ticket itself; without words the customer's other tickets that are open."""
    number = find.strip().removeprefix("#")
    if number.isascii() and number.isdigit():
        try:
            found: tuple[Ticket, ...] = (await behind.tickets.get_ticket(number),)
        except NotFound:
            found = ()
    elif find:
        found, _ = await behind.tickets.list_tickets(filter=find, page_size=_MOST)
    elif ticket.requester.email:
        found, _ = await behind.tickets.list_tickets(
            filter=f"requester:{ticket.requester.email} -status:closed", order_by="-created_at", page_size=_MOST
        )
    else:
        found = ()
    return tuple(other for other in found if other.id != ticket.id)


async def seen_ticket(ticket_id: UUID | None, behind: Services) -> Ticket | None:
    """The ticket, None where there is none or the reader may not see it."""
    if ticket_id is None:
        return None
    try:
        return await behind.tickets.get_ticket(ticket_id)
    except NotFound:
        return None
