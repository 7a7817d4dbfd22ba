"""Trying a rule on what decisions saw, without writing or sending anything."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

from services.domain.clocks.policy import ServiceLevels
from services.domain.decide import decide
from services.domain.decision import Decision, RuleRun, SeenFacts
from services.domain.facts import EventFacts, Facts
from services.domain.routing_facts import RoutingFacts
from services.domain.rules.compiled import RuleSet, compile_rules
from services.domain.rules.model import Rule, RuleOutcome
from services.domain.ticket import EventKind


def with_rule(rules: RuleSet, rule: Rule) -> RuleSet:
    """The rules with this one, running, in the place of the one with its id, or after all others."""
    others = others_than(rules, rule.id)
    last = max((other.position for other in others), default=0) + 1
    tried = replace(rule, enabled=True, paused_reason="", position=rule.position or last)
    return compile_rules([*others, tried], revision=rules.revision)


def others_than(rules: RuleSet, rule_id: UUID) -> list[Rule]:
    """All rules but this one."""
    return [compiled.rule for compiled in rules.rules.values() if compiled.rule.id != rule_id]


def requested(facts: Facts, rule: Rule) -> Facts:
    """As if somebody wanted the rule to look at the ticket now."""
    seq = facts.ticket.version + 1
    event = EventFacts(seq, EventKind.RULE_REQUESTED, facts.now, rule_id=rule.id)
    return replace(facts, events=(event,), more=False, ticket=replace(facts.ticket, version=seq))


def try_rule(
    rule: Rule, seen: SeenFacts, *, rules: RuleSet, routing: RoutingFacts, levels: ServiceLevels
) -> Iterator[RuleOutcome]:
    """What the rule does on these facts; `rules` have it already (with_rule)."""
    # What was cut or ran often at that time says nothing of a rule that is new.
    facts = replace(seen.facts, cut_rules=(), recent_runs=())
    decision = decide(facts, routing, levels, rules)
    for run in decision.runs:
        if run.rule_id == rule.id:
            steps = [decision.steps[place] for place in run.steps]
            yield RuleOutcome(
                ticket_id=facts.ticket.id,
                number=facts.ticket.number,
                decision_id=seen.decision_id,
                at=run.at,
                cause=run.cause,
                changes=tuple(change for step in steps for change in step.changes),
                sends=tuple(_sends(decision, run)),
                outcome="; ".join(run.effects),
            )


def _sends(decision: Decision, run: RuleRun) -> Iterator[str]:
    for place in run.steps:
        if decision.steps[place].reply:
            yield "a reply to the customer"
    for effect in decision.effects:
        parts = effect.key.split("/")
        if effect.user_id is not None and parts[0] == "rule" and parts[1] == str(run.rule_id) and effect.text:
            yield f"a mail to {effect.user_id}"
