"""What an agent changes about a ticket: small forms, each of which works without scripts."""

from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Path, Request, Response

from services.domain.conditions.fields import CUSTOM
from services.domain.errors import DuradeskError, Invalid, NotFound
from services.domain.ticket import Priority, Ticket, TicketStatus
from services.domain.ticket_fields import value_of_texts
from services.gateway.assignments import check_team
from services.gateway.deps import Behind
from services.gateway.problems import status_of
from services.gateway.web.forms import texts_of
from services.gateway.web.lists import Asked, AskedFor
from services.gateway.web.pages import PageRoute
from services.gateway.web.panel import Following, TheTicket, after, show_ticket
from services.gateway.web.session import Caller, SignedInPage

router = APIRouter(
    prefix="/tickets/{number}", include_in_schema=False, route_class=PageRoute, dependencies=[SignedInPage]
)

Text = Annotated[str, Form(max_length=2000)]
# None when the form has no such field; a `Text | None` would be looked for in the address.
Choice = Annotated[str | None, Form(max_length=2000)]


@router.post("/subject")
async def update_subject(
    request: Request, ticket: TheTicket, asked: AskedFor, behind: Behind, subject: Text = ""
) -> Response:
    """Say better what it is about."""
    return await made(request, ticket, asked, behind, behind.tickets.update_ticket(ticket.id, {"subject": subject}))


@router.post("/priority")
async def update_priority(
    request: Request, ticket: TheTicket, asked: AskedFor, behind: Behind, priority: Annotated[Priority, Form()]
) -> Response:
    """Say how pressing it is."""
    return await made(request, ticket, asked, behind, behind.tickets.update_ticket(ticket.id, {"priority": priority}))


@router.post("/category")
async def update_category(
    request: Request, ticket: TheTicket, asked: AskedFor, behind: Behind, category: Text = ""
) -> Response:
    """Say what it is about; a team and a priority may come with it."""
    call = behind.tickets.update_ticket(ticket.id, {"category_id": _id(category)})
    return await made(request, ticket, asked, behind, call)


@router.post("/fields/{key}")
async def update_custom_field(
    request: Request, ticket: TheTicket, asked: AskedFor, behind: Behind, key: Annotated[str, Path(max_length=50)]
) -> Response:
    """What is known in one of the desk's own fields."""
    form = await request.form()

    async def updated() -> None:
        fields = await behind.ticket_fields.list_ticket_fields()
        field = next((field for field in fields if field.key == key and field.is_of(ticket.brand_id)), None)
        if field is None:
            raise NotFound("There is no such field.")
        value = value_of_texts(field, texts_of(form, "value"))
        await behind.tickets.update_ticket(ticket.id, {f"{CUSTOM}{key}": value})

    return await made(request, ticket, asked, behind, updated())


@router.post("/tags")
async def update_tags(
    request: Request, ticket: TheTicket, asked: AskedFor, behind: Behind, tags: Text = ""
) -> Response:
    """All tags of the ticket."""
    call = behind.tickets.update_ticket(ticket.id, {"tags": tags_of(tags)})
    return await made(request, ticket, asked, behind, call)


@router.post("/assign")
async def assign_ticket(
    request: Request,
    ticket: TheTicket,
    asked: AskedFor,
    behind: Behind,
    caller: Caller,
    assignee: Choice = None,
    team: Choice = None,
) -> Response:
    """Give it to somebody, to nobody, to `me`, or to another team."""
    assignee_id = ... if assignee is None else _id(caller.subject if assignee == "me" else assignee)
    team_id = ... if team is None else _id(team)

    async def assigned() -> None:
        if isinstance(team_id, UUID):
            await check_team(team_id, behind.routing)
        await behind.tickets.assign_ticket(ticket.id, assignee_id=assignee_id, team_id=team_id)

    return await made(request, ticket, asked, behind, assigned())


@router.post("/status")
async def update_status(
    request: Request,
    ticket: TheTicket,
    asked: AskedFor,
    behind: Behind,
    status: Annotated[TicketStatus, Form()],
    following: Following = None,
) -> Response:
    """Put it where it belongs, and go on to the following ticket if the form names one."""
    tickets = behind.tickets
    match status:
        case TicketStatus.RESOLVED:
            call = tickets.resolve_ticket(ticket.id)
        case TicketStatus.CLOSED:
            call = tickets.close_ticket(ticket.id)
        case TicketStatus.OPEN if ticket.status.is_settled:
            call = tickets.reopen_ticket(ticket.id)
        case _:
            call = tickets.update_ticket(ticket.id, {"status": status})
    return await made(request, ticket, asked, behind, call, following=following)


@router.post("/snooze")
async def snooze_ticket(
    request: Request,
    ticket: TheTicket,
    asked: AskedFor,
    behind: Behind,
    at: Text = "",
    until: Text = "",
    reason: Text = "",
    keep_on_reply: Annotated[bool, Form()] = False,
) -> Response:
    """Out of sight until an instant: that of a button, or one that was written in the reader's own zone or in UTC."""
    call = behind.tickets.snooze_ticket(
        ticket.id, until=instant_of(at or until), reason=reason, keep_on_reply=keep_on_reply
    )
    return await made(request, ticket, asked, behind, call)


@router.post("/wake")
async def wake_ticket(request: Request, ticket: TheTicket, asked: AskedFor, behind: Behind) -> Response:
    """Back in sight."""
    return await made(request, ticket, asked, behind, behind.tickets.wake_ticket(ticket.id))


async def made(
    request: Request,
    ticket: Ticket,
    asked: Asked,
    behind: Behind,
    call: Awaitable[object],
    *,
    following: str | None = None,
) -> Response:
    """The ticket's page after the change; the same page with the reason when it was refused."""
    try:
        await call
    except DuradeskError as error:
        return await show_ticket(request, ticket, asked, behind, status=status_of(error), problem=error.message)
    return after(request, ticket, asked, following=following)


def tags_of(text: str) -> tuple[str, ...]:
    """Each tag of a field once; between them are commas or spaces."""
    return tuple(dict.fromkeys(text.replace(",", " ").split()))


def _id(text: str) -> UUID | None:
    """The id that a form names, None for nobody."""
    try:
        return UUID(text) if text else None
    except ValueError:
        raise Invalid("Choose somebody from the list.") from None


def instant_of(text: str) -> datetime:
    """The instant that a form names, in UTC unless it says otherwise."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid("Write the time as year-month-day and hour:minute, e.g. 2030-01-31 09:00.") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
