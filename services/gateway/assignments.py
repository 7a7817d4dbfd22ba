"""To whom tickets may be given: the one check before each way of giving them, alone or many at once."""

from uuid import UUID

from services.domain.errors import Invalid, NotFound
from services.identity.client import IdentityClient
from services.routing.client import RoutingClient


async def check_assignment(
    assignee_id: UUID | None, team_id: UUID | None, *, identity: IdentityClient, routing: RoutingClient
) -> None:
    """Invalid when nobody would see the ticket: no such team, or nobody of the staff. None is nobody on purpose."""
    problems: dict[str, str] = {}
    if assignee_id and not await is_active_staff(assignee_id, identity):
        problems["assignee_id"] = "must be an active member of the staff"
    if team_id and all(team.id != team_id for team in await routing.list_teams()):
        problems["team_id"] = "must be one of /api/v1/teams"
    if problems:
        told = "; ".join(f"{field} {message}" for field, message in problems.items())
        raise Invalid(f"The assignment is not valid: {told}.", violations=problems)


async def is_active_staff(user_id: UUID, identity: IdentityClient) -> bool:
    """Whether tickets may be given to this user."""
    try:
        return (await identity.get_user(user_id)).is_active_staff
    except NotFound:
        return False
