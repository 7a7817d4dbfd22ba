"""/tickets/{number}/family: a whole family with its states, and one timeline of what was said and done in it."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter, Request, Response

from services.domain.family.model import Family
from services.domain.ticket import Event, EventKind, Message, Ticket
from services.gateway.deps import Behind, Services
from services.gateway.web.activity import Change, changes_of
from services.gateway.web.directory import directory_of
from services.gateway.web.lists import AskedFor
from services.gateway.web.pages import PageRoute, page
from services.gateway.web.panel import TheTicket
from services.gateway.web.session import SignedInPage

router = APIRouter(include_in_schema=False, route_class=PageRoute, dependencies=[SignedInPage])

# Of so many children the words are shown, and of each so many of its newest messages and events.
_TOLD = 30
_PAGE = 100
_MOST = 300
# What a message of the timeline says anyway.
_SAID = frozenset({EventKind.MESSAGE_ADDED, EventKind.DUE_FIRED})


@dataclass(frozen=True, slots=True)
class Line:
    """Something that was said or done on one ticket of a family."""

    at: datetime
    ticket: Ticket
    message: Message | None = None
    change: Change | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """A family with its timeline, newest first."""

    family: Family
    members: tuple[Ticket, ...]
    lines: tuple[Line, ...]


@router.get("/tickets/{number}/family")
async def show_family(request: Request, ticket: TheTicket, asked: AskedFor, behind: Behind) -> Response:
    """The family that the ticket belongs to."""
    story = await _story_of(ticket, behind)
    return await page(request, "desk/family.html", ticket=ticket, asked=asked, story=story)


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
    directory = await directory_of(behind)
    told = members[: _TOLD + 1]
    async with asyncio.TaskGroup() as group:
        said = [group.create_task(behind.tickets.list_messages(one.id, page_size=_PAGE)) for one in told]
        done = [group.create_task(behind.tickets.list_events(one.id, page_size=_PAGE)) for one in told]
    lines: list[Line] = []
    for one, messages, events in zip(told, said, done, strict=True):
        words, _ = messages.result()
        lines += [Line(message.created_at, one, message=message) for message in words]
        authors = {message.author_id: message.author_name for message in words}
        changes = changes_of(_shown(events.result()[0]), directory, authors)
        lines += [Line(change.event.effective_at, one, change=change) for change in changes]
    return Story(family, members, tuple(sorted(lines, key=lambda line: line.at, reverse=True)))


def _shown(events: Iterable[Event]) -> list[Event]:
    return [event for event in events if event.kind not in _SAID]
