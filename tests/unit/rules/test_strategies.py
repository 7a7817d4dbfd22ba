"""Rules that give a ticket to somebody by a strategy."""

from dataclasses import replace
from uuid import UUID

import pytest

from services.domain.actions import Action, ActionKind, action_problems
from services.domain.routing_facts import AssignmentStrategy, MemberFacts, TeamFacts
from services.domain.rules.model import Trigger
from services.domain.ticket import TicketStatus
from tests.unit.factories import ANN, BEN, CAT, TEAM
from tests.unit.rules.stories import ROUTING, changes, created, goes_on, make_rule, play

BILLING = UUID(int=8)
LEAST = AssignmentStrategy.LEAST_LOADED
TEAMS = (
    TeamFacts(TEAM, "Support", 1, (MemberFacts(ANN), MemberFacts(BEN))),
    TeamFacts(BILLING, "Billing", 1, (MemberFacts(CAT),)),
)
OF_BOTH = replace(ROUTING, teams=TEAMS)


def give(team_id: UUID | None = None, strategy: AssignmentStrategy | None = None) -> Action:
    return Action(ActionKind.ASSIGN, team_id=team_id, strategy=strategy)


@pytest.mark.parametrize(
    ("action", "team", "strategy", "people"),
    [
        (give(BILLING), BILLING, AssignmentStrategy.ROUND_ROBIN, [CAT]),
        (give(BILLING, LEAST), BILLING, LEAST, [CAT]),
        (give(strategy=LEAST), TEAM, LEAST, [ANN, BEN]),
        (give(strategy=AssignmentStrategy.LAST_ASSIGNEE), TEAM, AssignmentStrategy.ROUND_ROBIN, [ANN, BEN]),
    ],
)
def test_a_rule_gives_a_new_ticket_to_a_team_by_its_strategy_or_another_one(
    action: Action, team: UUID, strategy: AssignmentStrategy, people: list[UUID]
) -> None:
    facts = created(ticket={"assignee_id": None}, last_assignee_id=BEN)
    assignment = play(facts, make_rule("give", action), routing=OF_BOTH).assignment
    assert assignment is not None
    assert (assignment.team_id, assignment.strategy) == (team, strategy)
    assert [each.user_id for each in assignment.candidates] == people
    wanted = action.strategy is AssignmentStrategy.LAST_ASSIGNEE
    assert assignment.preferred_id == (BEN if wanted else None)


def test_a_rule_takes_a_ticket_from_its_assignee_and_gives_it_anew() -> None:
    facts = created(ticket={"assignee_id": ANN, "status": TicketStatus.OPEN})
    first = play(facts, routing=OF_BOTH)
    assert first.assignment is None
    later = goes_on(facts, first, changes("priority", "normal", "urgent"))
    rule = make_rule("hurry", give(strategy=LEAST), on=Trigger.PRIORITY_CHANGED)
    decision = play(later, rule, routing=OF_BOTH)
    assert [change.field for step in decision.steps for change in step.changes] == ["assignee_id"]
    assert decision.assignment is not None
    assert (decision.assignment.team_id, decision.assignment.strategy) == (TEAM, LEAST)


@pytest.mark.parametrize(
    ("action", "problem"),
    [
        (Action(ActionKind.ASSIGN), "must name a team or a user"),
        (Action(ActionKind.ASSIGN, user_id=ANN, strategy=LEAST), "must name a user or a strategy, not both"),
        (Action(ActionKind.ASSIGN, strategy=LEAST), ""),
        (Action(ActionKind.NOTIFY, strategy=LEAST), "must name a team or a user"),
    ],
)
def test_who_gets_it_is_said_in_one_way(action: Action, problem: str) -> None:
    assert next(action_problems(action), "") == problem
