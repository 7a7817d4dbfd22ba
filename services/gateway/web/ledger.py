"""/tickets/{number}/clocks.csv and .json: what was measured of a ticket, to be kept or sent."""

from fastapi import APIRouter, Response

from services.gateway.deps import Behind
from services.gateway.ledger import ledger_csv, ledger_json
from services.gateway.web.pages import PageRoute
from services.gateway.web.panel import TheTicket
from services.gateway.web.session import SignedInPage

router = APIRouter(
    prefix="/tickets/{number}", include_in_schema=False, route_class=PageRoute, dependencies=[SignedInPage]
)


@router.get("/clocks.csv")
async def download_csv(ticket: TheTicket, behind: Behind) -> Response:
    """A row per segment."""
    text = ledger_csv(await behind.clocks.list_clocks(ticket.id))
    return _file(text, "text/csv; charset=utf-8", f"clocks-{ticket.number}.csv")


@router.get("/clocks.json")
async def download_json(ticket: TheTicket, behind: Behind) -> Response:
    """As the API has it."""
    text = ledger_json(await behind.clocks.list_clocks(ticket.id))
    return _file(text, "application/json", f"clocks-{ticket.number}.json")


def _file(text: str, media_type: str, name: str) -> Response:
    return Response(text, media_type=media_type, headers={"content-disposition": f'attachment; filename="{name}"'})
