"""A rule that sets a category brings its team and priority, as a person does who sets it."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from services.domain.actions import Action, ActionKind
from services.domain.categories import Category
from services.domain.facts import FactNeed, Facts
from services.domain.routing_facts import MemberFacts, TeamFacts
from services.domain.rules.model import Trigger
from services.domain.ticket import FieldChange, Priority
from tests.unit.factories import ANN, CAT, TEAM
from tests.unit.rules.stories import ROUTING, after, changes, created, goes_on, make_rule, play, priority, ran, ready

BILLING = UUID(int=8)
ORDERS, REFUNDS, OLD = (UUID(int=number) for number in (51, 52, 53))
TREE = (
    Category(ORDERS, "Orders", None, BILLING, Priority.LOW, archived=False, version=1, path=(ORDERS,)),
    Category(REFUNDS, "Refunds", ORDERS, None, Priority.HIGH, archived=False, version=1, path=(ORDERS, REFUNDS)),
    Category(OLD, "Old", None, TEAM, Priority.URGENT, archived=True, version=1, path=(OLD,)),
)
SET = Action(ActionKind.SET_CATEGORY, category_id=REFUNDS)


def new(**ticket: Any) -> Facts:
    return created(ticket={"assignee_id": None, "team_id": None} | ticket, categories=TREE)


@pytest.mark.parametrize(
    ("actions", "team", "urgency"),
    [
        ([SET], BILLING, Priority.HIGH),
        ([Action(ActionKind.SET_CATEGORY, category_id=ORDERS)], BILLING, Priority.LOW),
        ([SET, priority("low")], BILLING, Priority.LOW),
        ([priority("low"), SET], BILLING, Priority.LOW),
        ([Action(ActionKind.ASSIGN, team_id=TEAM), SET], TEAM, Priority.HIGH),
        ([Action(ActionKind.SET_CATEGORY, category_id=OLD)], None, Priority.NORMAL),
        ([Action(ActionKind.SET_CATEGORY, category_id=UUID(int=99))], None, Priority.NORMAL),
    ],
)
def test_a_category_brings_what_the_rule_does_not_say_itself(
    actions: list[Action], team: UUID | None, urgency: Priority
) -> None:
    ticket = after(new(), play(new(), make_rule("sort", *actions)))
    assert (ticket.team_id, ticket.priority) == (team, urgency)


def test_the_category_that_it_has_already_brings_nothing() -> None:
    assert play(new(category_id=REFUNDS), make_rule("sort", SET)).steps == ()


def test_what_came_along_and_what_was_refused_is_told() -> None:
    (run,) = play(new(), make_rule("sort", SET)).runs
    assert run.effects[0] == "the category Orders / Refunds brings its team and priority"
    (run,) = play(new(), make_rule("old", Action(ActionKind.SET_CATEGORY, category_id=OLD))).runs
    assert run.effects == ("The category Old is archived: choose another one, or restore it.",)


def test_what_somebody_has_set_since_stays() -> None:
    facts = new(version=2, priority=Priority.LOW)
    later = changes("priority", "normal", "low")
    ticket = after(facts, play(replace(facts, events=(*facts.events, later)), make_rule("sort", SET)))
    assert (ticket.category_id, ticket.team_id, ticket.priority) == (REFUNDS, BILLING, Priority.LOW)
    chosen = replace(later, changes=(FieldChange("category_id", "null", f'"{ORDERS}"'),))
    facts = new(version=2, category_id=ORDERS)
    ticket = after(facts, play(replace(facts, events=(*facts.events, chosen)), make_rule("sort", SET)))
    assert (ticket.category_id, ticket.team_id, ticket.priority) == (ORDERS, None, Priority.NORMAL)


def test_other_rules_look_at_what_came_along_and_at_the_place_in_the_tree() -> None:
    rules = (
        make_rule("sort", SET),
        make_rule("pressed", on=Trigger.PRIORITY_CHANGED, when=f"changed_to.priority:high category_tree:{ORDERS}"),
    )
    assert ran(play(new(), *rules)) == ["sort", "pressed"]


def test_somebody_of_the_team_that_came_along_gets_a_ticket_that_nobody_has() -> None:
    teams = (TeamFacts(TEAM, "Support", 1, (MemberFacts(ANN),)), TeamFacts(BILLING, "Billing", 1, (MemberFacts(CAT),)))
    decision = play(new(), make_rule("sort", SET), routing=replace(ROUTING, teams=teams))
    assert decision.assignment is not None
    assert [each.user_id for each in decision.assignment.candidates] == [CAT]


def test_a_ticket_keeps_its_owner_as_when_a_person_sets_it() -> None:
    facts = goes_on(new(assignee_id=ANN), play(new(assignee_id=ANN)), changes("type", "", "question"))
    decision = play(facts, make_rule("sort", SET, on=Trigger.FIELD_CHANGED))
    assert (after(facts, decision).assignee_id, decision.assignment) == (ANN, None)


def test_categories_are_read_when_a_rule_sets_one() -> None:
    assert FactNeed.CATEGORIES in ready(make_rule("sort", SET)).needs
    assert FactNeed.CATEGORIES not in ready(make_rule("press", priority("high"))).needs
