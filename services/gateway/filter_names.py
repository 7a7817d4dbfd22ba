"""Names of teams and people in filters, made ids: only the services beside the tickets know them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from services.domain.conditions.names import ME, MINE, fields_with_names, own_ids, resolve_names
from services.domain.conditions.text_form import format_text, parse_text
from services.domain.conditions.tree import Condition, Name, tests
from services.domain.principal import Principal
from services.domain.words import fold
from services.identity.client import IdentityClient
from services.routing.client import RoutingClient


@dataclass(frozen=True, slots=True)
class NameDirectory:
    """What names stand for when this caller says them; customers and strangers know no names."""

    caller: Principal
    routing: RoutingClient
    identity: IdentityClient

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
            ids["assignee"] = await self._people(condition)
        return format_text(resolve_names(condition, ids))

    async def _teams(self) -> dict[str, Sequence[UUID]]:
        teams = await self.routing.list_teams()
        mine = [team.id for team in teams if any(str(member) == self.caller.subject for member in team.member_ids)]
        return {fold(team.name): (team.id,) for team in teams} | {MINE: mine}

    async def _people(self, condition: Condition) -> dict[str, Sequence[UUID]]:
        """By name, which several may have, and by address."""
        found: dict[str, list[UUID]] = defaultdict(list)
        if _names_others(condition):
            for user in await self.identity.list_users():
                found[fold(user.name)].append(user.id)
                found[fold(user.email)].append(user.id)
        return {**found, ME: own_ids(self.caller)}


def _names_others(condition: Condition) -> bool:
    return any(
        isinstance(value, Name) and fold(value.text) != ME
        for test in tests(condition)
        if test.field == "assignee"
        for value in test.values
    )
