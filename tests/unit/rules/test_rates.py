"""A rule that runs 100 times on a ticket within an hour is cut before it would run again."""

from dataclasses import replace

import pytest

from services.domain.actions import Action, ActionKind
from services.domain.facts import RecentRuns
from services.domain.rules.model import Trigger
from services.domain.ticket import EventKind
from tests.unit.rules.stories import KEEPER, changes, created, goes_on, make_rule, play, priority, ran, tag

NOTE = Action(ActionKind.NOTE, note="looked at")


@pytest.mark.parametrize(("recent", "runs", "cut"), [(0, 2, False), (98, 2, False), (99, 1, True), (100, 0, True)])
def test_runs_of_the_last_hour_and_of_this_decision_count_together(recent: int, runs: int, cut: bool) -> None:
    rule = make_rule("note", NOTE, on=Trigger.PRIORITY_CHANGED)
    first = goes_on(created(), play(created()), changes("priority", "normal", "high"))
    second = replace(changes("priority", "high", "low"), seq=first.ticket.version + 1, effective_at=first.now)
    ticket = replace(first.ticket, version=second.seq)
    facts = replace(first, events=(*first.events, second), ticket=ticket)
    decision = play(replace(facts, recent_runs=(RecentRuns(rule.id, recent),)), rule)
    assert ran(decision) == ["note"] * runs
    assert [(each.rule_id, each.told) for each in decision.cuts] == ([(rule.id, (KEEPER,))] if cut else [])
    assert [step.kind for step in decision.steps].count(EventKind.RULE_CUT) == cut


def test_other_rules_and_runs_that_changed_nothing_do_not_count() -> None:
    rules = (make_rule("note", NOTE), make_rule("tag", tag("seen")), make_rule("press", priority("normal")))
    facts = replace(created(), recent_runs=(RecentRuns(rules[1].id, 100), RecentRuns(rules[2].id, 100)))
    decision = play(facts, *rules)
    assert ran(decision) == ["note", "press"]
    assert [each.name for each in decision.cuts] == ["tag"]
