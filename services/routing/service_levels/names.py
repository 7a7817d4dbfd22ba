"""Whether the people and teams that a ladder names are there, as far as that is known when it is saved."""

from collections.abc import Iterator
from uuid import UUID

from services.domain.clocks.policy import Ladder
from services.domain.errors import Invalid
from services.routing.staff import StaffDirectory
from services.routing.store import RoutingStore


class KnownNames:
    """Asks for teams and staff anew each time: somebody may have come a second ago."""

    def __init__(self, store: RoutingStore, staff: StaffDirectory) -> None:
        self._store = store
        self._staff = staff

    async def check(self, ladder: Ladder) -> None:
        """Invalid with each action that names a team that is none, or nobody who is active on the staff."""
        if not any(action.user_id or action.team_id for step in ladder.steps for action in step.actions):
            return
        teams = {team.id for team in await self._store.list_teams()}
        staff = {user.id for user in await self._staff.list_staff(anew=True) if user.is_active_staff}
        problems = dict(_problems(ladder, teams, staff))
        if problems:
            told = "; ".join(f"{field} {problem}" for field, problem in problems.items())
            raise Invalid(f"The ladder is not valid: {told}.", violations=problems)


def _problems(ladder: Ladder, teams: set[UUID], staff: set[UUID]) -> Iterator[tuple[str, str]]:
    for number, step in enumerate(ladder.steps):
        for place, action in enumerate(step.actions):
            where = f"steps[{number}].actions[{place}]"
            if action.team_id is not None and action.team_id not in teams:
                yield f"{where}.team_id", "names no team"
            if action.user_id is not None and action.user_id not in staff:
                yield f"{where}.user_id", "names nobody who is active on the staff"
