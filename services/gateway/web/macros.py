"""/tickets/{number}/macros: what a macro would say and do, while one writes."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from services.gateway.deps import Behind
from services.gateway.web.chosen_macro import chosen_macro
from services.gateway.web.pages import PageRoute, page
from services.gateway.web.panel import TheTicket
from services.gateway.web.session import SignedInPage

router = APIRouter(include_in_schema=False, route_class=PageRoute, dependencies=[SignedInPage])


@router.get("/tickets/{number}/macros/{macro_id}")
async def fill_macro(request: Request, ticket: TheTicket, macro_id: UUID, behind: Behind) -> Response:
    """A macro as a part of the composer."""
    return await page(request, "parts/macro.html", chosen=await chosen_macro(ticket, str(macro_id), behind))
