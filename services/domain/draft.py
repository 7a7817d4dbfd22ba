"""A decision as it grows."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from services.domain.clocks.fold import policy_of
from services.domain.clocks.model import Clock
from services.domain.clocks.policy import NO_SERVICE_LEVELS, Policy, ServiceLevels
from services.domain.decision import Assignment, Facts, FiredDue, PlannedEffect, Step, TicketFacts, ToldTeam, TraceLine
from services.domain.plan import ServiceLevel, plan_dues
from services.domain.ticket import Due


@dataclass
class Draft:
    """The decision as it grows; `ticket` is the ticket as the steps so far leave it."""

    facts: Facts
    ticket: TicketFacts
    fired: list[FiredDue]
    steps: list[Step] = field(default_factory=list)
    effects: list[PlannedEffect] = field(default_factory=list)
    trace: list[TraceLine] = field(default_factory=list)
    assignment: Assignment | None = None
    levels: ServiceLevels = NO_SERVICE_LEVELS
    clocks: tuple[Clock, ...] = ()
    told_teams: tuple[ToldTeam, ...] = ()
    gone: tuple[UUID, ...] = ()
    overflow_due: Due | None = None

    def plan(self) -> tuple[Due, ...]:
        """The dues of the ticket as it is by now."""
        service = ServiceLevel(self.clocks, self.policy(self.facts.now), self.levels)
        facts = self.facts
        return plan_dues(
            self.ticket,
            facts.brand,
            self.fired,
            moved=facts.moved,
            reminders=facts.reminders,
            promise=facts.promise,
            service=service,
            overflow=self.overflow_due,
        )

    def policy(self, at: datetime) -> Policy | None:
        """The policy of the ticket as it is by now."""
        return policy_of(self.ticket, self.facts.brand.id, self.levels, at=at)
