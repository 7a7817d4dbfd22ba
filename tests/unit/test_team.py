"""What routing looks at: the team, who of it may get the ticket, and why."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from services.domain.errors import Invalid
from services.domain.principal import Role
from services.domain.routing_facts import ToldTeam
from services.domain.team import Team, check_team_name, routing_facts, told_teams
from services.domain.user import User
from tests.unit.test_user import make_user

A, B, C, D, E = (UUID(int=number) for number in range(1, 6))
STAFF = (
    make_user(id=E, role=Role.OWNER),
    make_user(id=D, role=Role.AGENT, active=False),
    make_user(id=C, role=Role.LIGHT_AGENT),
    make_user(id=B, role=Role.ADMIN),
    make_user(id=A, role=Role.AGENT),
)
CUSTOMER = make_user(id=UUID(int=9), role=Role.CUSTOMER, contact_id=UUID(int=8))


def make_team(**overrides: Any) -> Team:
    return replace(Team(id=UUID(int=100), name="Billing", is_default=False, member_ids=(), version=3), **overrides)


def members(team: Team, staff: tuple[User, ...] = STAFF) -> list[UUID]:
    return [member.user_id for member in routing_facts(team, staff, assignee_id=None).members]


@pytest.mark.parametrize(
    ("member_ids", "expected"),
    [
        ((), []),
        ((C, A), [A, C]),
        ((D,), []),
        ((A, B, C, D, E), [A, B, C, E]),
        ((UUID(int=77),), []),
    ],
)
def test_a_teams_active_members_may_get_its_tickets_in_the_order_of_their_ids(
    member_ids: tuple[UUID, ...], expected: list[UUID]
) -> None:
    assert members(make_team(member_ids=member_ids)) == expected


def test_a_member_who_is_a_customer_gets_no_ticket() -> None:
    assert members(make_team(member_ids=(CUSTOMER.id,)), (*STAFF, CUSTOMER)) == []


def test_a_default_team_without_members_is_everybody_but_light_agents_and_says_so() -> None:
    facts = routing_facts(make_team(is_default=True), (*STAFF, CUSTOMER), assignee_id=None)
    assert [member.user_id for member in facts.members] == [A, B, E]
    assert {member.reason for member in facts.members} == {"the team has no members yet, so every agent may get it"}


def test_a_default_team_whose_members_are_away_lets_its_tickets_wait() -> None:
    assert members(make_team(is_default=True, member_ids=(D,))) == []


def test_each_member_comes_with_a_reason_and_the_team_with_its_version() -> None:
    facts = routing_facts(make_team(member_ids=(A,)), STAFF, assignee_id=None)
    assert (facts.team_id, facts.team_name, facts.team_version) == (UUID(int=100), "Billing", 3)
    assert [member.reason for member in facts.members] == ["an active member of Billing"]


@pytest.mark.parametrize(
    ("assignee_id", "active"), [(A, True), (C, True), (D, False), (None, False), (UUID(int=77), False)]
)
def test_an_assignee_counts_while_they_are_active_staff_of_whatever_team(
    assignee_id: UUID | None, active: bool
) -> None:
    assert routing_facts(make_team(), STAFF, assignee_id=assignee_id).assignee_active is active


def test_a_step_that_tells_a_team_tells_its_active_members() -> None:
    teams = (make_team(member_ids=(D, C, A)), make_team(id=UUID(int=101), member_ids=(B,)))
    assert told_teams(teams, (*STAFF, CUSTOMER), ids={teams[0].id, UUID(int=102)}) == (ToldTeam(teams[0].id, (A, C)),)


def test_a_team_name_is_one_line_of_1_to_100_characters() -> None:
    assert check_team_name(" Billing\nEurope ") == "Billing Europe"
    for wrong in ("", " \t", "n" * 101):
        with pytest.raises(Invalid) as caught:
            check_team_name(wrong)
        assert caught.value.violations.keys() == {"name"}
