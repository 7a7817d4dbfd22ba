"""The policy that a rule sets holds until what the rule set it for is so no more."""

from dataclasses import replace
from uuid import UUID

import pytest

from services.domain.actions import Action, ActionKind
from services.domain.clocks.policy import ServiceLevels
from services.domain.clocks.whole import compile_service_levels
from services.domain.decision import Decision
from services.domain.facts import EventFacts, Facts
from services.domain.rules.model import Rule, Trigger
from services.domain.ticket import EventKind, FieldChange, TicketStatus
from tests.unit.clocks.stories import make_policy
from tests.unit.rules.stories import at, changes, created, goes_on, make_rule, play, priority, says

GOLD, USUAL = make_policy(id=UUID(int=81), position=9, conditions="tag:never"), make_policy(id=UUID(int=82), position=1)
LEVELS: ServiceLevels = compile_service_levels([replace(each, ladders=()) for each in (GOLD, USUAL)], [], [])
SET = Action(ActionKind.SET_SLA_POLICY, policy_id=GOLD.id)
UNTAGGED = replace(changes("tags", "", ""), changes=(FieldChange("tags", '["vip"]', "[]"),))
BECAME_A_QUESTION = changes("type", "problem", "question")
OPENED = changes("status", "new", "open")
RAISED, LOWERED = changes("priority", "normal", "high"), changes("priority", "high", "low")


def gold(when: str, *also: Action) -> Rule:
    return make_rule("gold", SET, *also, when=when)


def begun(*rules: Rule) -> tuple[Facts, Decision]:
    """A new ticket of a very important person, to which the first rule has given its policy."""
    facts = created(text="refund", ticket={"tags": ("vip",), "type": "problem", "assignee_id": None})
    decision = play(facts, *rules, levels=LEVELS)
    (step,) = [step for step in decision.steps if step.policy_id is not None]
    assert policies(decision) == {GOLD.id}
    ticket = replace(facts.ticket, policy_id=step.policy_id, policy_rule_id=step.policy_rule_id)
    return replace(facts, ticket=ticket), decision


def policies(decision: Decision) -> set[UUID | None]:
    return {clock.policy_id for clock in decision.clocks}


def ended(decision: Decision) -> bool:
    return EventKind.POLICY_ENDED in [step.kind for step in decision.steps]


@pytest.mark.parametrize(
    ("when", "event", "ends"),
    [
        ("tag:vip", UNTAGGED, True),
        ("tag:vip refund", UNTAGGED, True),
        ("tag:vip OR refund", UNTAGGED, False),  # what was written stays written
        ("tag:vip OR type:problem", UNTAGGED, False),
        ("-type:question", BECAME_A_QUESTION, True),
        ("-(type:question -refund)", BECAME_A_QUESTION, False),
        ("priority:normal", RAISED, True),
        ("status:new", OPENED, False),  # that it was new has happened
        ("refund", UNTAGGED, False),
        ("", UNTAGGED, False),
        ("tag:vip", says("agent"), False),
    ],
)
def test_it_ends_when_what_the_rule_asks_of_the_ticket_as_policies_do_holds_no_more(
    when: str, event: EventFacts, ends: bool
) -> None:
    rule = gold(when)
    facts, decision = begun(rule)
    later = play(goes_on(facts, decision, event), rule, levels=LEVELS)
    assert ended(later) is ends
    live = {clock.policy_id for clock in later.clocks if clock.is_live}
    assert live == {USUAL.id if ends else GOLD.id}


def test_the_reason_names_the_rule_and_the_clocks_say_from_where_on_another_policy_counts() -> None:
    rule = gold("tag:vip")
    facts, decision = begun(rule)
    later = play(goes_on(facts, decision, UNTAGGED), rule, levels=LEVELS)
    (step,) = [step for step in later.steps if step.kind is EventKind.POLICY_ENDED]
    assert step.reason == "the policy that the rule gold set ends: its conditions hold no more"
    assert (step.cause, step.effective_at) == ("event 3", at(1))
    assert all(clock.reason.startswith("event 3: Gold") for clock in later.clocks)


def test_what_the_rule_itself_has_changed_is_not_its_cause() -> None:
    rule = gold("priority:normal", priority("high"))
    facts, decision = begun(rule)
    later = goes_on(facts, decision, LOWERED)
    assert not ended(play(later, rule, levels=LEVELS))


def test_another_rule_may_take_the_cause_away() -> None:
    rule = gold("tag:vip")
    remove = make_rule(
        "remove", Action(ActionKind.REMOVE_TAG, tag="vip"), on=Trigger.STATUS_CHANGED, when="changed_to.status:open"
    )
    facts, decision = begun(rule, remove)
    later = play(goes_on(facts, decision, OPENED), rule, remove, levels=LEVELS)
    assert ended(later)
    assert policies(later) == {USUAL.id}


def test_another_rule_may_set_another_policy_first() -> None:
    rule = gold("tag:vip")
    usual = make_rule(
        "usual",
        Action(ActionKind.SET_SLA_POLICY, policy_id=USUAL.id),
        Action(ActionKind.REMOVE_TAG, tag="vip"),
        on=Trigger.STATUS_CHANGED,
    )
    facts, decision = begun(rule, usual)
    later = play(goes_on(facts, decision, OPENED), rule, usual, levels=LEVELS)
    assert not ended(later)
    assert [step.policy_id for step in later.steps if step.policy_id] == [USUAL.id]


@pytest.mark.parametrize("now", [[], [gold("tag:other")]])
def test_a_rule_that_was_changed_or_deleted_since_changes_nothing_on_tickets_that_are_there(now: list[Rule]) -> None:
    facts, decision = begun(gold("tag:vip"))
    assert facts.ticket.status is TicketStatus.NEW
    assert not ended(play(goes_on(facts, decision, UNTAGGED), *now, levels=LEVELS))
