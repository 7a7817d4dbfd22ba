"""The policy that a rule has set holds until its cause changes: what the rule asks of the ticket as policies do.

That somebody wrote, or that a ticket was new, happened and cannot cease; that it has a tag or is of a type can. A rule
that was changed or deleted since changes nothing on tickets that are there already.
"""

from dataclasses import replace
from datetime import datetime

from services.domain.clocks.fold import POLICY_FIELDS
from services.domain.conditions.compiled import compile_condition
from services.domain.conditions.tree import AllOf, AnyOf, Condition, Not, Operator, Test
from services.domain.decision import Step
from services.domain.draft import Draft
from services.domain.facts import TicketFacts
from services.domain.rules.view import Moment, RuleView
from services.domain.ticket import EventKind


def end_policy(draft: Draft, before: TicketFacts, *, at: datetime, cause: str) -> None:
    """Take the rule's policy from the ticket if its cause was there before and is no more."""
    ticket = draft.ticket
    if ticket.policy_rule_id is None or ticket.policy_id != before.policy_id:
        return
    compiled = draft.rules.rules.get(ticket.policy_rule_id)
    if compiled is None or compiled.condition is None:
        return
    asked = compile_condition(_lasting(compiled.condition))
    if asked(_view(draft, before, at=at)) and not asked(_view(draft, ticket, at=at)):
        reason = f"the policy that the rule {compiled.rule.name} set ends: its conditions hold no more"
        draft.steps.append(Step(EventKind.POLICY_ENDED, (), cause, reason, at))
        draft.ticket = replace(ticket, policy_id=None, policy_rule_id=None)


def _lasting(condition: Condition, *, wanted: bool = True) -> Condition:
    """The condition with all that can never cease taken for granted."""
    match condition:
        case Not(part):
            return Not(_lasting(part, wanted=not wanted))
        case AllOf(parts):
            return AllOf(tuple(_lasting(part, wanted=wanted) for part in parts))
        case AnyOf(parts):
            return AnyOf(tuple(_lasting(part, wanted=wanted) for part in parts))
        case Test() if condition.field in POLICY_FIELDS and condition.operator is Operator.IS:
            return condition
    return AllOf() if wanted else AnyOf(())


def _view(draft: Draft, ticket: TicketFacts, *, at: datetime) -> RuleView:
    moment = Moment(at, ticket, ticket, None, "desk")
    return RuleView(draft.facts, ticket, moment, history=draft.history, levels=draft.levels, texts=draft.texts)
