"""To which teams tickets may be given: the one check before each way of giving them, alone or many at once."""

from uuid import UUID

from services.domain.errors import Invalid
from services.routing.client import RoutingClient


async def check_team(team_id: UUID | None, routing: RoutingClient) -> None:
    """Invalid when there is no such team, which only routing knows; None is none on purpose."""
    if team_id and all(team.id != team_id for team in await routing.list_teams()):
        problem = "must be one of /api/v1/teams"
        raise Invalid(f"The assignment is not valid: team_id {problem}.", violations={"team_id": problem})
