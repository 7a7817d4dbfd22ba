"""Which other ticket somebody means: found by its number, by words, or among the customer's own."""

from typing import Annotated
from uuid import UUID

from fastapi import Form, Query

from services.domain.errors import NotFound
from services.domain.ticket import Ticket
from services.gateway.deps import Services

Find = Annotated[str, Query(max_length=500)]
Chosen = Annotated[int, Form(ge=1, le=10**18)]
_MOST = 12


async def found_tickets(ticket: Ticket, find: str, behind: Services) -> tuple[Ticket, ...]:
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
