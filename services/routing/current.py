"""What decides on a ticket besides its facts, all of one moment."""

from dataclasses import dataclass, replace
from uuid import UUID

from services.domain.categories import on_lines
from services.domain.clocks.policy import ServiceLevels
from services.domain.facts import Facts
from services.domain.rules.compiled import RuleSet
from services.domain.staffing import Staffing
from services.domain.team import Team
from services.routing.rules.current import CurrentRules
from services.routing.service_levels.current import CurrentServiceLevels
from services.routing.staffing.store import StaffingStore


@dataclass(frozen=True, slots=True)
class Moment:
    """The ticket's team, the teams that it may go to with their people, and what counts."""

    team: Team
    staffing: Staffing
    levels: ServiceLevels
    rules: RuleSet


class CurrentRouting:
    """Reads it in one transaction, as long as neither service levels nor rules have changed."""

    def __init__(self, store: StaffingStore, service_levels: CurrentServiceLevels, rules: CurrentRules) -> None:
        self._store = store
        self._service_levels = service_levels
        self._rules = rules

    async def read(self, facts: Facts) -> Moment:
        """For the ticket of these facts."""
        levels, rules = self._service_levels.known, self._rules.known
        while True:
            named = levels.assigned_teams | rules.teams | _brought(facts, rules)
            team, staffing, revisions = await self._store.read_staffing_for(facts.ticket.team_id, named=named)
            if revisions == (levels.revision, rules.revision):
                return Moment(team, replace(staffing, calendars=levels.calendars), levels, rules)
            levels, rules = await self._service_levels.read(), await self._rules.read()

    async def read_at(self, levels_revision: int, *, rules_revision: int) -> tuple[ServiceLevels, RuleSet]:
        """What counted then."""
        levels = await self._service_levels.read_at(levels_revision)
        return levels, await self._rules.read_at(rules_revision)


def _brought(facts: Facts, rules: RuleSet) -> set[UUID]:
    """The teams that come with categories that rules set."""
    named = on_lines(facts.categories, rules.categories)
    return {category.team_id for category in named if category.team_id is not None}
