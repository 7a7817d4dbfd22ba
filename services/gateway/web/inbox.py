"""/tickets: the views, search, and what one does with many tickets."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from uuid import UUID, uuid4

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.gateway.deps import Behind
from services.gateway.web.chosen_macro import offered_macros
from services.gateway.web.columns import CLOCKS, Column, Columns, cell_of, titles_of
from services.gateway.web.lists import AskedFor, list_of
from services.gateway.web.pages import PageRoute, page
from services.gateway.web.session import Caller, SignedInPage
from services.gateway.web.snoozing import brand_hours

router = APIRouter(include_in_schema=False, route_class=PageRoute, dependencies=[SignedInPage])


@router.get("/")
async def show_start() -> Response:
    """The desk begins with the tickets."""
    return RedirectResponse("/tickets", status_code=303)


@router.get("/tickets")
async def list_tickets(
    request: Request, asked: AskedFor, columns: Columns, behind: Behind, caller: Caller, job: UUID | None = None
) -> Response:
    """One page of a view, or of what a search finds; `job` is a change of many tickets to tell of."""
    # Who comes by without saying what for is shown a view, which is then the one they are in.
    asked = replace(asked, named=True)
    timed = any(column is Column.DUE or column in CLOCKS for column in columns)
    (tickets, directory), hours = await asyncio.gather(list_of(asked, behind, caller, timed=timed), brand_hours(behind))
    now = datetime.now(UTC)
    done = await behind.desk.get_bulk_job(job) if job else None
    return await page(
        request,
        "desk/inbox.html",
        list=tickets,
        directory=directory,
        asked=asked,
        job=done,
        macros=offered_macros(await behind.macros.list_macros(), directory, caller),
        columns=columns,
        all_columns=tuple(Column),
        titles=titles_of(columns, asked),
        cells=partial(cell_of, now=now),
        seen_at=now,
        offers=hours.offers({row.ticket.brand_id for row in tickets.rows}, now=now),
        request_id=uuid4().hex,
    )
