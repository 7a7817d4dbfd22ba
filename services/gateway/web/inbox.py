"""/tickets: the views, search, and what one does with many tickets."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.gateway.deps import Behind
from services.gateway.web.lists import AskedFor, list_of
from services.gateway.web.pages import PageRoute, page
from services.gateway.web.session import SignedInPage

router = APIRouter(include_in_schema=False, route_class=PageRoute, dependencies=[SignedInPage])


@router.get("/")
async def show_start() -> Response:
    """The desk begins with the tickets."""
    return RedirectResponse("/tickets", status_code=303)


@router.get("/tickets")
async def list_tickets(request: Request, asked: AskedFor, behind: Behind) -> Response:
    """One page of a view, or of what a search finds."""
    tickets, _directory = await list_of(asked, behind)
    return await page(request, "desk/inbox.html", list=tickets, asked=asked)
