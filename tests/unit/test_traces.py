"""What a stored decision says to people: the tree from its cause to its effects."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from services.domain.actions import Action, ActionKind
from services.domain.decision import ConditionSeen, StoredDecision
from services.domain.rules.model import Explanation, Rule, RuleMoment, Trigger
from services.gateway.web.builder.known import Known
from services.gateway.web.traces import told_rule, trace_of

NOW = datetime(2030, 1, 10, 12, tzinfo=UTC)
TICKET, TEAM, RULE, OTHER = (UUID(int=number) for number in range(1, 5))
KNOWN = Known({"team": {TEAM: "Billing"}})


def stored(**decision: Any) -> StoredDecision:
    facts = {"events": [{"seq": "1", "kind": "EVENT_KIND_TICKET_CREATED"}]}
    return StoredDecision(UUID(int=9), TICKET, facts, {}, decision, NOW)


def run(number: int, *, caused_by: int = 0, **fields: Any) -> dict[str, Any]:
    made = {"number": number, "rule_id": str(RULE), "rule_version": "3", "name": f"Rule {number}"}
    cause = {"cause": f"run {caused_by}", "caused_by": caused_by} if caused_by else {"cause": "event 1"}
    return made | cause | {"trigger": "ticket_created"} | fields


def test_a_rule_stands_under_what_made_it_run_with_what_its_conditions_saw() -> None:
    condition = {
        "check": "all of",
        "held": True,
        "parts": [
            {"check": f"team:{TEAM}", "seen": str(TEAM), "held": True},
            {"check": "-tag:vip", "seen": "", "held": True},
            {"check": "any of", "held": True, "parts": [{"check": "priority:high", "seen": "low"}]},
        ],
    }
    effects = [f'team_id: null → "{TEAM}"', 'tags: ["a"] → ["a", "b"]', f"told {TEAM} by mail"]
    (cause,) = trace_of(stored(runs=[run(1, condition=condition, effects=effects)]), KNOWN)
    assert (cause.event, cause.seq) == ("ticket_created", "1")
    (told,) = cause.runs
    assert (told.name, told.version) == ("Rule 1", "3")
    assert told.effects == ("team none → Billing", "tags a → a, b", "told Billing by mail")
    assert told.check is not None
    team, tag, either = told.check.parts
    assert (team.words, team.seen, team.held) == ("team is Billing", "Billing", True)
    assert (tag.words, tag.seen) == ("not tagged vip", "")
    assert (either.is_group, either.parts[0].held) == (True, False)


def test_what_a_rule_did_made_others_run() -> None:
    runs = [run(1), run(2, caused_by=1), run(3, caused_by=2), run(4)]
    (cause,) = trace_of(stored(runs=runs), KNOWN)
    assert [each.number for each in cause.runs] == [1, 4]
    assert [each.number for each in cause.runs[0].caused] == [2]
    assert [each.number for each in cause.runs[0].caused[0].caused] == [3]


def test_steps_of_rules_are_told_with_their_rule_only() -> None:
    change = {"field": "status", "old": '"open"', "new": '"on_hold"'}
    steps = [
        {"kind": "EVENT_KIND_RULE_APPLIED", "cause": "event 1", "reason": "rule x"},
        {"kind": "EVENT_KIND_DUE_FIRED", "cause": "due auto_close/4", "reason": "time", "changes": [change]},
    ]
    first, second = trace_of(stored(runs=[run(1, steps=[0])], steps=steps), KNOWN)
    assert first.steps == ()
    assert (second.name, second.steps) == ("due auto_close/4", ("due fired: status open → on hold: time",))


def test_why_not_says_where_a_rule_stopped() -> None:
    rule = Rule(OTHER, "Refunds", Trigger.TICKET_CREATED, (Action(ActionKind.ADD_TAG, tag="x"),), version=2)
    seen = ConditionSeen(f"team:{TEAM}", "none", held=False)
    moment = RuleMoment("event 1", NOW, ran=False, outcome="a condition did not hold", condition=seen)
    told = told_rule(Explanation(rule, (moment,)), KNOWN)
    assert (told.name, told.version, told.moments[0].ran) == ("Refunds", 2, False)
    assert told.moments[0].check is not None
    assert (told.moments[0].check.words, told.moments[0].check.held) == ("team is Billing", False)
