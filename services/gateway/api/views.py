"""/views and /tickets/counts: the lists that everybody has, and how many tickets are in any list."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.domain.views import VIEWS
from services.gateway.api import PREFIX
from services.gateway.deps import Directory, SignedIn, Tickets
from services.gateway.models.base import Items
from services.gateway.models.views import CountOut, ViewOut

router = APIRouter(prefix=PREFIX, tags=["tickets"], dependencies=[SignedIn])


@router.get("/views")
async def list_views() -> Items[ViewOut]:
    """The views that everybody has."""
    views = (ViewOut(name=view.name, title=view.title, filter=view.filter, sort=view.order_by) for view in VIEWS)
    return Items(items=list(views))


@router.get("/tickets/counts")
async def count_tickets(
    tickets: Tickets,
    directory: Directory,
    filters: Annotated[
        list[Annotated[str, Query(max_length=1000)]],
        Query(alias="filter", min_length=1, max_length=20, description="As in GET /tickets; may come several times."),
    ],
) -> Items[CountOut]:
    """How many of the tickets you may see each filter finds, in the order of the filters."""
    counts = await tickets.count_tickets([await directory.resolve_filter(text) for text in filters])
    told = zip(filters, counts, strict=True)
    return Items(items=[CountOut(filter=text, count=count.count, more=count.more) for text, count in told])
