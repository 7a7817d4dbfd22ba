"""A list of tickets as pages show it: what was asked for, one page of rows, and the addresses around it."""

import asyncio
from dataclasses import dataclass, replace
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Query

from services.domain.errors import Invalid
from services.domain.principal import Principal
from services.domain.ticket import Ticket
from services.domain.upcoming import TicketTimes
from services.domain.views import VIEWS, TicketPage
from services.gateway.deps import Services
from services.gateway.filter_names import NameDirectory
from services.gateway.web.directory import Directory, directory_of

PAGE = 40
DEFAULT_VIEW = "mine"
_VIEWS = {view.name: view for view in VIEWS}


@dataclass(frozen=True, slots=True)
class Asked:
    """Which tickets somebody wants to see; `view` is empty for a search through all of them, and not `named` when the
    address says nothing of a list.
    """

    view: str
    filter: str
    sort: str
    cursor: str
    named: bool = True

    @property
    def whole_filter(self) -> str:
        """The filter of the view and the words beside it."""
        view = _VIEWS[self.view].filter if self.view else ""
        return f"{view} ({self.filter})" if view and self.filter else view or self.filter

    @property
    def order_by(self) -> str:
        """The order that was asked for, or the usual one: what fits best comes first in a search."""
        return self.sort or (_VIEWS[self.view].order_by if self.view else "")

    @property
    def query(self) -> str:
        """The same as the end of an address, without what is as usual."""
        view = self.view if self.named else ""
        parts = {"view": view, "filter": self.filter, "sort": self.sort, "cursor": self.cursor}
        return urlencode({name: value for name, value in parts.items() if value})

    @property
    def address(self) -> str:
        """Where this list is."""
        return f"/tickets?{self.query}"

    @property
    def beginning(self) -> "Asked":
        """The first page of the same list."""
        return replace(self, cursor="")


async def _asked(
    view: Annotated[str, Query(max_length=40)] = "",
    filter: Annotated[str, Query(max_length=2000)] = "",  # noqa: A002 # as the address names it
    sort: Annotated[str, Query(max_length=40)] = "",
    cursor: Annotated[str, Query(max_length=1000)] = "",
) -> Asked:
    words = filter.strip()
    # Whoever looks for something looks everywhere; whoever only comes by sees their own.
    if view in _VIEWS:
        return Asked(view, words, sort, cursor)
    return Asked("" if words else DEFAULT_VIEW, words, sort, cursor, named=bool(words))


AskedFor = Annotated[Asked, Depends(_asked)]


@dataclass(frozen=True, slots=True)
class Row:
    """A ticket in a list."""

    ticket: Ticket
    assignee: str
    team: str
    category: str
    times: TicketTimes | None


@dataclass(frozen=True, slots=True)
class TicketList:
    """One page of a list, with the addresses of the pages around it, empty where there is none; `problem` says what is
    wrong with what was asked for.
    """

    asked: Asked
    rows: tuple[Row, ...]
    following: str = ""
    previous: str = ""
    problem: str = ""

    def neighbours(self, number: int) -> tuple[Ticket | None, Ticket | None]:
        """The tickets before and after this one in the list; of one that is not in it, the first comes after."""
        tickets = [row.ticket for row in self.rows]
        here = next((index for index, ticket in enumerate(tickets) if ticket.number == number), None)
        if here is None:
            return None, next(iter(tickets), None)
        return (tickets[here - 1] if here else None), (tickets[here + 1] if here + 1 < len(tickets) else None)


async def list_of(
    asked: Asked, behind: Services, caller: Principal, *, timed: bool = False
) -> tuple[TicketList, Directory]:
    """The tickets that were asked for, with the names of those who work on them, and with their clocks if `timed`."""
    try:
        (page, times), directory = await asyncio.gather(
            _found(asked, behind, caller, timed=timed), directory_of(behind)
        )
    except Invalid as error:
        return TicketList(asked, (), problem=error.message), await directory_of(behind)
    rows = tuple(
        Row(
            ticket=ticket,
            assignee=directory.person(ticket.assignee_id),
            team=directory.team(ticket.team_id),
            category=directory.category(ticket.category_id),
            times=times.get(ticket.id),
        )
        for ticket in page.tickets
    )
    following, previous = (
        replace(asked, cursor=cursor).address if cursor else "" for cursor in (page.following, page.previous)
    )
    return TicketList(asked, rows, following, previous), directory


async def _found(
    asked: Asked, behind: Services, caller: Principal, *, timed: bool
) -> tuple[TicketPage, dict[UUID, TicketTimes]]:
    names = NameDirectory(caller, behind.routing, behind.staff_names)
    page = await behind.tickets.page_tickets(
        filter=await names.resolve_filter(asked.whole_filter),
        order_by=asked.order_by,
        page_size=PAGE,
        page_token=asked.cursor,
    )
    ids = [ticket.id for ticket in page.tickets]
    return page, await behind.upcoming.list_ticket_times(ids) if timed and ids else {}
