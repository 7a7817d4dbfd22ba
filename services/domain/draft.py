"""A decision as it grows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from services.domain.clocks.fold import policy_of
from services.domain.clocks.model import Clock
from services.domain.clocks.policy import NO_SERVICE_LEVELS, Policy, ServiceLevels
from services.domain.decision import NO_HISTORY, Assignment, RuleRun, Step, TraceLine
from services.domain.effects import PlannedEffect
from services.domain.facts import EventFacts, Facts, FiredDue, HistoryFacts, RuleCut, TicketFacts
from services.domain.plan import ServiceLevel, plan_dues
from services.domain.routing_facts import AssignmentStrategy, RoutingFacts, ToldTeam
from services.domain.rules.compiled import NO_RULES, RuleSet
from services.domain.rules.model import Rule, RuleMoment
from services.domain.rules.timed import rule_due_key, waiting_rules
from services.domain.rules.view import Moment, RuleView, TextCache
from services.domain.ticket import Due, DueKind


@dataclass
class Draft:
    """The decision as it grows; `ticket` is the ticket as the steps so far leave it."""

    facts: Facts
    ticket: TicketFacts
    fired: list[FiredDue]
    routing: RoutingFacts
    steps: list[Step] = field(default_factory=list)
    effects: list[PlannedEffect] = field(default_factory=list)
    trace: list[TraceLine] = field(default_factory=list)
    assignment: Assignment | None = None
    levels: ServiceLevels = NO_SERVICE_LEVELS
    clocks: tuple[Clock, ...] = ()
    _view: tuple[Moment, TicketFacts, RuleView] | None = None
    told_teams: tuple[ToldTeam, ...] = ()
    rules: RuleSet = NO_RULES
    history: HistoryFacts = NO_HISTORY
    runs: list[RuleRun] = field(default_factory=list)
    cuts: list[RuleCut] = field(default_factory=list)
    at: datetime | None = None
    later: Sequence[EventFacts] = ()
    texts: TextCache = field(default_factory=TextCache)
    watched: UUID | None = None
    moments: list[RuleMoment] = field(default_factory=list)
    overflow_due: Due | None = None
    strategy: AssignmentStrategy | None = None

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
            rules=tuple(self._rule_dues()),
        )

    def _rule_dues(self) -> Iterator[Due]:
        for compiled, anchor, due_at in waiting_rules(self.rules.timed, self.ticket, self.history, self.levels):
            rule = compiled.rule
            of_brand = not rule.brand_ids or self.facts.brand.id in rule.brand_ids
            moment = Moment(due_at, self.ticket, self.ticket, None, "desk")
            if of_brand and not self.is_cut(rule) and compiled.holds(self.view(moment)):
                yield Due(rule_due_key(rule, anchor), DueKind.RULE, due_at, f"rule {rule.name}")

    def view(self, moment: Moment) -> RuleView:
        """What a rule may ask at this moment."""
        known = self._view
        if known is None or known[0] is not moment or known[1] is not self.ticket:
            view = RuleView(self.facts, self.ticket, moment, history=self.history, levels=self.levels, texts=self.texts)
            self._view = known = (moment, self.ticket, view)
        return known[2]

    def is_cut(self, rule: Rule) -> bool:
        """Whether this version of the rule ran in a circle, here or a moment ago elsewhere."""
        return any(
            (cut.rule_id, cut.rule_version) == (rule.id, rule.version) for cut in (*self.cuts, *self.facts.cut_rules)
        )

    def policy(self, at: datetime) -> Policy | None:
        """The policy of the ticket as it is by now."""
        return policy_of(self.ticket, self.facts.brand.id, self.levels, at=at)
