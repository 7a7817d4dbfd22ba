"""/tickets/{number}: one ticket with all that an agent wants to know of it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Form, Path, Request, Response
from fastapi.responses import RedirectResponse

from services.domain.delivery import Delivery
from services.domain.desk import Draft
from services.domain.errors import NotFound
from services.domain.followers import Follower
from services.domain.macros import Macro
from services.domain.mail_reports import MailReport
from services.domain.message import CcProposal, Message, Visibility
from services.domain.organisations import Organisation
from services.domain.queue import QueuePlace
from services.domain.ticket import Brand, Due, Event, Ticket
from services.domain.ticket_fields import TicketField
from services.gateway.deps import Behind, Services
from services.gateway.together import together
from services.gateway.web.activity import Change, changes_of
from services.gateway.web.chosen_macro import ChosenMacro, offered_macros
from services.gateway.web.clocks import Bars, bars_of
from services.gateway.web.conversation import Conversation, conversation
from services.gateway.web.directory import Directory
from services.gateway.web.kin import Kin, kin_of
from services.gateway.web.lists import Asked, AskedFor, TicketList, list_of
from services.gateway.web.pages import PageRoute, page
from services.gateway.web.session import SignedInPage
from services.gateway.web.snoozing import Offer, hours_of

_MOST_MESSAGES = 1000
_OTHERS = 6

router = APIRouter(include_in_schema=False, route_class=PageRoute, dependencies=[SignedInPage])


@dataclass(frozen=True, slots=True)
class Panel:
    """A ticket and what is around it."""

    ticket: Ticket
    brand: Brand | None
    conversation: Conversation
    changes: tuple[Change, ...]
    clocks: Bars
    dues: tuple[Due, ...]
    reports: tuple[MailReport, ...]
    copies: tuple[CcProposal, ...]
    failed: tuple[Delivery, ...]
    followers: tuple[Follower, ...]
    fields: tuple[TicketField, ...]
    macros: tuple[Macro, ...]
    others: tuple[Ticket, ...]
    organisation: Organisation | None
    colleagues: tuple[Ticket, ...]
    queue: QueuePlace | None
    reply: Draft
    note: Draft
    list: TicketList
    offers: tuple[Offer, ...]
    directory: Directory
    kin: Kin

    @property
    def causes(self) -> Mapping[str, Change]:
        """What happened, by what the ledger of the clocks calls it."""
        return {f"event {change.event.seq}": change for change in self.changes}

    @property
    def before(self) -> Ticket | None:
        """The ticket before this one in the list that it was opened from."""
        return self.list.neighbours(self.ticket.number)[0]

    @property
    def after(self) -> Ticket | None:
        """The ticket after this one."""
        return self.list.neighbours(self.ticket.number)[1]


async def _ticket(number: Annotated[int, Path(ge=1, le=10**18)], behind: Behind) -> Ticket:
    return await behind.tickets.get_ticket(number)


TheTicket = Annotated[Ticket, Depends(_ticket)]


# The number of the ticket to go on to; empty for the list, None to stay.
Following = Annotated[str | None, Form(max_length=18, pattern="^[0-9]*$")]


def after(request: Request, ticket: Ticket, asked: Asked, *, following: str | None = None, told: str = "") -> Response:
    """Where a form leads that was accepted: this ticket again, the following one, or the list; `told` are words more
    for the address, about what was done."""
    query = "&".join(part for part in (asked.query, told) if part)
    if following is None:
        return RedirectResponse(f"/tickets/{ticket.number}?{query}", HTTPStatus.SEE_OTHER)
    path = f"/tickets/{following}?{query}#latest" if following else f"/tickets?{query}"
    if "HX-Request" in request.headers:
        # Another page altogether, which the script must not put into a part of this one.
        return Response(headers={"HX-Redirect": path}, status_code=HTTPStatus.NO_CONTENT)
    return RedirectResponse(path, HTTPStatus.SEE_OTHER)


@router.get("/tickets/{number}")
async def get_ticket(request: Request, ticket: TheTicket, asked: AskedFor, behind: Behind) -> Response:
    """The ticket beside the list that it was opened from."""
    return await show_ticket(request, ticket, asked, behind)


async def show_ticket(
    request: Request,
    ticket: Ticket,
    asked: Asked,
    behind: Services,
    *,
    status: HTTPStatus = HTTPStatus.OK,
    problem: str = "",
    typed: Mapping[str, str] | None = None,
    held: int = 0,
    chosen: ChosenMacro | None = None,
    told: Collection[str] = (),
) -> Response:
    """The ticket's page, after a change that was refused with the reason and what was typed, or was done with what is
    `told` of it."""
    panel = await panel_of(ticket, asked, behind, request)
    return await page(
        request,
        "desk/ticket.html",
        status=status,
        panel=panel,
        ticket=ticket,
        asked=asked,
        problem=problem,
        typed=typed or {"visibility": "", "body": ""},
        held=held,
        chosen=chosen,
        told=told,
        request_id=uuid4().hex,
    )


async def panel_of(ticket: Ticket, asked: Asked, behind: Services, request: Request) -> Panel:
    """Everything that the page shows, asked for at once."""
    tickets, desk = behind.tickets, behind.desk
    async with together() as group:
        found_list = group.create_task(list_of(asked, behind, request.state.caller))
        messages = group.create_task(_messages(ticket.id, behind))
        events = group.create_task(_events(ticket, behind))
        clocks = group.create_task(behind.clocks.list_clocks(ticket.id))
        dues = group.create_task(tickets.list_dues(ticket.id))
        deliveries = group.create_task(tickets.list_deliveries(ticket_id=ticket.id, page_size=100))
        reports = group.create_task(tickets.list_mail_reports(ticket.id))
        copies = group.create_task(tickets.list_cc_proposals(ticket.id))
        followers = group.create_task(behind.followers.list_followers(ticket.id))
        macros = group.create_task(behind.macros.list_macros())
        fields = group.create_task(behind.ticket_fields.list_ticket_fields())
        brands = group.create_task(tickets.list_brands())
        calendars = group.create_task(behind.service_levels.list_calendars())
        others = group.create_task(_others(ticket, behind))
        organisation = group.create_task(_organisation(ticket, behind))
        kin = group.create_task(kin_of(ticket, behind))
        queue = group.create_task(_queue(ticket, behind))
        reply = group.create_task(desk.get_draft(ticket.id, Visibility.PUBLIC))
        note = group.create_task(desk.get_draft(ticket.id, Visibility.INTERNAL))
    listed, directory = found_list.result()
    brand = next((brand for brand in brands.result() if brand.id == ticket.brand_id), None)
    ledger, _ = deliveries.result()
    hours, now = hours_of(brands.result(), calendars.result()), datetime.now(UTC)
    authors = {message.author_id: message.author_name for message in messages.result()}
    return Panel(
        ticket=ticket,
        brand=brand,
        conversation=conversation(
            messages.result(),
            ledger,
            undo_seconds=brand.undo_seconds if brand else 0,
            now=now,
            images=behind.images,
            with_images=_with_images(request),
        ),
        changes=changes_of(events.result(), directory, authors),
        followers=followers.result(),
        macros=offered_macros(macros.result(), directory, request.state.caller),
        fields=tuple(field for field in fields.result() if field.is_of(ticket.brand_id)),
        clocks=bars_of(clocks.result(), now),
        offers=hours.offers([ticket.brand_id], now=now),
        dues=dues.result(),
        reports=reports.result(),
        copies=copies.result(),
        failed=tuple(one for one in ledger if one.state in ("failed", "in_doubt") and one.kind != "reply_mail"),
        others=others.result(),
        organisation=organisation.result()[0],
        colleagues=organisation.result()[1],
        queue=queue.result(),
        reply=reply.result(),
        note=note.result(),
        list=listed,
        directory=directory,
        kin=kin.result(),
    )


def _with_images(request: Request) -> UUID | None:
    """The message whose pictures somebody asked for in the address."""
    try:
        return UUID(request.query_params["images"])
    except (KeyError, ValueError):
        return None


async def _messages(ticket_id: UUID, behind: Services) -> list[Message]:
    """The whole conversation, up to a length that nobody reads."""
    found: list[Message] = []
    token = ""
    while True:
        messages, token = await behind.tickets.list_messages(ticket_id, page_size=100, page_token=token)
        found += messages
        if not token or len(found) >= _MOST_MESSAGES:
            return found


async def _events(ticket: Ticket, behind: Services) -> list[Event]:
    found: list[Event] = []
    token = ""
    while True:
        events, token = await behind.tickets.list_events(ticket.id, page_size=100, page_token=token)
        found += events
        if not token or len(found) >= _MOST_MESSAGES:
            return found


async def _queue(ticket: Ticket, behind: Services) -> QueuePlace | None:
    """Where it waits for somebody who is free."""
    return await behind.queue.get_queue_place(ticket.id) if ticket.queued_since else None


async def _organisation(ticket: Ticket, behind: Services) -> tuple[Organisation | None, tuple[Ticket, ...]]:
    """The customer's organisation with the newest open tickets of other people there."""
    organisation_id = ticket.requester.organisation_id
    if organisation_id is None:
        return None, ()
    try:
        organisation = await behind.organisations.get_organisation(organisation_id)
    except NotFound:
        return None, ()
    found, _ = await behind.tickets.list_tickets(
        filter=f"is:open organisation:{organisation_id} -requester:{ticket.requester.id}",
        order_by="-created_at",
        page_size=_OTHERS,
    )
    return organisation, found


async def _others(ticket: Ticket, behind: Services) -> tuple[Ticket, ...]:
    """The customer's newest other tickets."""
    if not ticket.requester.email:
        return ()
    found, _ = await behind.tickets.list_tickets(
        filter=f"requester:{ticket.requester.email}", order_by="-created_at", page_size=_OTHERS + 1
    )
    return tuple(other for other in found if other.id != ticket.id)[:_OTHERS]
