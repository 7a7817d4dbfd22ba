"""Who is there, as rules see it: the staff and teams that they name."""

from dataclasses import replace
from uuid import UUID

from services.domain.clocks.policy import ServiceLevels
from services.domain.routing_facts import RoutingFacts
from services.domain.rules.compiled import RuleSet
from services.domain.team import people_of_rules, told_teams
from services.routing.staff import StaffDirectory
from services.routing.store import RoutingStore

_NO_TEAM = RoutingFacts(UUID(int=0), "", 0, (), assignee_active=True)


class RulePeople:
    """Puts the people whom rules name into what routing sees."""

    def __init__(self, store: RoutingStore, staff: StaffDirectory) -> None:
        self._store = store
        self._staff = staff

    async def of(self, seen: RoutingFacts | None, rules: RuleSet, levels: ServiceLevels) -> RoutingFacts:
        """What routing saw, if it is known, with those who are there now."""
        staff = await self._staff.list_staff()
        users, keepers = people_of_rules(staff, named=rules.users)
        told = told_teams(await self._store.list_teams(), staff, ids=levels.told_teams | rules.teams)
        return replace(seen or _NO_TEAM, rule_users=users, keepers=keepers, told_teams=told)
