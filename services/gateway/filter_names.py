"""Names of teams and people in filters, made ids: only the services beside the tickets know them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.domain.conditions.names import ME, MINE, fields_with_names, own_ids, resolve_names
from services.domain.conditions.text_form import format_text, parse_text
from services.domain.conditions.tree import Condition, Name, tests
from services.domain.principal import Principal
from services.domain.words import fold
from services.gateway.staff_names import StaffNames
from services.routing.client import RoutingClient


@dataclass(frozen=True, slots=True)
class NameDirectory:
    """What names stand for when this caller says them; customers and strangers know no names."""

    caller: Principal
    routing: RoutingClient
    staff: StaffNames

    async def resolve_filter(self, text: str) -> str:
        """The filter with ids for the names of teams and people; Invalid when it is wrong or names nobody.

        A filter without such names is left to the service that reads it.
        """
        condition = parse_text(text, typing=True)
        fields = fields_with_names(condition) & {"team", "assignee"}
        if not fields or not self.caller.may("directory.read"):
            return text
        ids = {}
        if "team" in fields:
            ids["team"] = await self._teams()
        if "assignee" in fields:
            ids["assignee"] = {**await self._people(condition), ME: own_ids(self.caller)}
        return format_text(resolve_names(condition, ids))

    async def _teams(self) -> dict[str, Sequence[UUID]]:
        teams = await self.routing.list_teams()
        mine = [team.id for team in teams if any(str(member) == self.caller.subject for member in team.member_ids)]
        return {fold(team.name): (team.id,) for team in teams} | {MINE: mine}

    async def _people(self, condition: Condition) -> Mapping[str, Sequence[UUID]]:
        others = _named(condition) - {ME}
        return await self.staff.find(others) if others else {}


def _named(condition: Condition) -> set[str]:
    """The folded names of those to whom tickets are assigned."""
    return {
        fold(value.text)
        for test in tests(condition)
        if test.field == "assignee"
        for value in test.values
        if isinstance(value, Name)
    }
