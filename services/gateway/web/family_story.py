"""/tickets/{number}/family: a whole family with its states, and one timeline of what was said and done in it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from services.domain.errors import DuradeskError
from services.domain.family.broadcast import Broadcast
from services.domain.family.model import Family
from services.domain.intake import LANGUAGES
from services.domain.message import Message
from services.domain.ticket import Due, DueKind, Event, EventKind, Ticket
from services.gateway.deps import Behind, Broadcasts, Services
from services.gateway.problems import status_of
from services.gateway.together import together
from services.gateway.web.activity import Change, changes_of
from services.gateway.web.changes import Text, instant_of
from services.gateway.web.directory import directory_of
from services.gateway.web.lists import Asked, AskedFor
from services.gateway.web.pages import PageRoute, page
from services.gateway.web.panel import TheTicket
from services.gateway.web.session import SignedInPage

router = APIRouter(include_in_schema=False, route_class=PageRoute, dependencies=[SignedInPage])

# Of so many children the words are shown, and of each so many of its newest messages and events.
_TOLD = 30
_PAGE = 100
_MOST = 300
# What a message of the timeline, or the child's own line, says anyway.
_SAID = frozenset({EventKind.MESSAGE_ADDED, EventKind.DUE_FIRED, EventKind.CHILD_ADDED})


@dataclass(frozen=True, slots=True)
class Line:
    """Something that was said or done on one ticket of a family."""

    at: datetime
    ticket: Ticket
    message: Message | None = None
    change: Change | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """A family with its timeline, newest first, and the languages of the brands, if there are several."""

    family: Family
    members: tuple[Ticket, ...]
    lines: tuple[Line, ...]
    broadcasts: tuple[Broadcast, ...]
    promised: Due | None
    languages: tuple[str, ...]


@router.get("/tickets/{number}/family")
async def show_family(request: Request, ticket: TheTicket, asked: AskedFor, behind: Behind) -> Response:
    """The family that the ticket belongs to."""
    return await _show(request, ticket, asked, behind)


@router.get("/tickets/{number}/family/broadcasts")
async def list_broadcasts(request: Request, ticket: TheTicket, asked: AskedFor, broadcasts: Broadcasts) -> Response:
    """How far the replies to all children of the ticket are, as a part of the family's page."""
    found = await broadcasts.list_broadcasts(ticket.id)
    return await page(request, "desk/broadcasts.html", parent=ticket, asked=asked, broadcasts=found)


@router.post("/tickets/{number}/family/broadcast")
async def start_broadcast(
    request: Request,
    ticket: TheTicket,
    asked: AskedFor,
    behind: Behind,
    body: Annotated[str, Form(max_length=1_000_000)] = "",
    until: Text = "",
    request_id: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Reply to all children of the ticket; the page shows how far that is."""
    form = await request.form()
    given = {language: str(form.get(f"body_{language}", "")) for language in LANGUAGES}
    translations = {language: text for language, text in given.items() if text.strip()}
    try:
        next_update_at = instant_of(until) if until else None
        await behind.broadcasts.start_broadcast(
            ticket.id, body, translations=translations, next_update_at=next_update_at, request_id=request_id
        )
    except DuradeskError as error:
        typed = {**translations, "": body}
        return await _show(request, ticket, asked, behind, error=error, typed=typed, until=until)
    return RedirectResponse(f"/tickets/{ticket.number}/family?{asked.query}#broadcasts", HTTPStatus.SEE_OTHER)


async def _show(
    request: Request,
    ticket: Ticket,
    asked: Asked,
    behind: Services,
    *,
    error: DuradeskError | None = None,
    typed: Mapping[str, str] | None = None,
    until: str = "",
) -> Response:
    return await page(
        request,
        "desk/family.html",
        status=status_of(error) if error else HTTPStatus.OK,
        ticket=ticket,
        asked=asked,
        story=await _story_of(ticket, behind),
        problem=error.message if error else "",
        typed=typed or {},
        until=until,
        request_id=uuid4().hex,
    )


async def _story_of(ticket: Ticket, behind: Services) -> Story:
    family = await behind.families.get_family(ticket.id)
    parent = family.parent or ticket
    members: tuple[Ticket, ...] = (parent,)
    token = ""
    while family.parent is not None:
        children, token = await behind.families.list_children(parent.id, page_size=_PAGE, page_token=token)
        members += children
        if not token or len(members) > _MOST:
            break
    directory, broadcasts = await directory_of(behind), await behind.broadcasts.list_broadcasts(parent.id)
    languages = {brand.language for brand in await behind.tickets.list_brands()}
    told = members[: _TOLD + 1]
    async with together() as group:
        said = [group.create_task(behind.tickets.list_messages(one.id, page_size=_PAGE)) for one in told]
        done = [group.create_task(behind.tickets.list_events(one.id, page_size=_PAGE)) for one in told]
    lines: list[Line] = []
    for one, messages, events in zip(told, said, done, strict=True):
        words, _ = messages.result()
        lines += [Line(message.created_at, one, message=message) for message in words]
        authors = {message.author_id: message.author_name for message in words}
        changes = changes_of(_shown(events.result()[0]), directory, authors)
        lines += [Line(change.event.effective_at, one, change=change) for change in changes]
    newest_first = sorted(lines, key=lambda line: line.at, reverse=True)
    dues = await behind.tickets.list_dues(parent.id)
    promised = next((due for due in dues if due.kind is DueKind.PROMISED_UPDATE), None)
    several = tuple(sorted(languages)) if len(languages) > 1 else ()
    return Story(family, members, tuple(newest_first), broadcasts, promised, several)


def _shown(events: Iterable[Event]) -> list[Event]:
    return [event for event in events if event.kind not in _SAID]
