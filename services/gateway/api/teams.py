"""/teams: departments and who is in them."""

from uuid import UUID

from fastapi import APIRouter

from services.gateway.api import FOUND, MADE, PREFIX
from services.gateway.deps import Routing, SignedIn
from services.gateway.models.base import Items
from services.gateway.models.people import TeamIn, TeamOut

router = APIRouter(prefix=f"{PREFIX}/teams", tags=["teams"], dependencies=[SignedIn])


@router.get("")
async def list_teams(routing: Routing) -> Items[TeamOut]:
    """All teams by name."""
    return Items(items=[TeamOut.model_validate(team) for team in await routing.list_teams()])


@router.post("", status_code=201, responses=MADE)
async def create_team(new: TeamIn, routing: Routing) -> TeamOut:
    """Make a team."""
    return TeamOut.model_validate(await routing.create_team(new.name))


@router.put("/{team_id}/members/{user_id}", responses=FOUND)
async def add_team_member(team_id: UUID, user_id: UUID, routing: Routing) -> TeamOut:
    """Let an active member of the staff get the team's tickets."""
    return TeamOut.model_validate(await routing.add_team_member(team_id, user_id))


@router.delete("/{team_id}/members/{user_id}", responses=FOUND)
async def remove_team_member(team_id: UUID, user_id: UUID, routing: Routing) -> TeamOut:
    """Let somebody get the team's tickets no more."""
    return TeamOut.model_validate(await routing.remove_team_member(team_id, user_id))
