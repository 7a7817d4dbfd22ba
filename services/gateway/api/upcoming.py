"""/upcoming: what happens by itself on many tickets; /tickets/{id}/upcoming/{key} moves, runs and skips each."""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from services.domain.upcoming import UpcomingQuery
from services.gateway.api import PREFIX
from services.gateway.deps import Cursor, Limit, SignedIn, Upcoming
from services.gateway.models.base import Page
from services.gateway.models.upcoming import UpcomingDueOut

router = APIRouter(prefix=f"{PREFIX}/upcoming", tags=["clocks"], dependencies=[SignedIn])

_DAY = timedelta(days=1)
TeamIds = Annotated[list[UUID], Query(max_length=100, description="Only tickets of these teams; of all if left out.")]
Until = Annotated[AwareDatetime | None, Query(description="Up to this instant; the next 24 hours if left out.")]


@router.get("")
async def list_upcoming(
    upcoming: Upcoming,
    team_id: TeamIds = [],  # noqa: B006 # FastAPI copies it
    until: Until = None,
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Page[UpcomingDueOut]:
    """What happens by itself next, soonest first, also what is late."""
    wanted = UpcomingQuery(until or datetime.now(UTC) + _DAY, tuple(team_id))
    found, following = await upcoming.list_upcoming(wanted, page_size=limit, page_token=cursor)
    return Page(items=[UpcomingDueOut.model_validate(one) for one in found], next_cursor=following or None)
