"""Who of a team may get a ticket, who may not, and in which words: tables."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.domain.assignment import Pick, fits_of, free_of, pick, places_of
from services.domain.candidates import needed_skills, plan_assignment
from services.domain.decide import decide
from services.domain.decision import Assignment
from services.domain.facts import WaitingFacts
from services.domain.message import AuthorKind
from services.domain.routing_facts import (
    AssignmentStrategy,
    MemberFacts,
    MemberSkill,
    RoutingFacts,
    SkillFacts,
    TeamFacts,
)
from services.domain.ticket import EventKind, FieldChange, TicketStatus
from tests.unit.factories import (
    ANN,
    BEN,
    CAT,
    NOON,
    TEAM,
    make_brand,
    make_event,
    make_facts,
    make_routing,
    make_ticket,
)

CZECH, BILLING = UUID(int=31), UUID(int=32)
NIGHT = UUID(int=5)
SKILLS = (SkillFacts(CZECH, "Czech", "tag:cs", 2), SkillFacts(BILLING, "billing", "tag:refund", 1))
SKILL_MATCH, LEAST = AssignmentStrategy.SKILL_MATCH, AssignmentStrategy.LEAST_LOADED
TODAY = NOON.replace(hour=14)


def member(user_id: UUID, *, czech: int = 0, billing: int = 0, **overrides: object) -> MemberFacts:
    levels = ((CZECH, czech), (BILLING, billing))
    skills = tuple(MemberSkill(skill, level) for skill, level in levels if level)
    return replace(MemberFacts(user_id, skills=skills), **overrides)  # type: ignore[arg-type] # as its fields are


def team(*members: MemberFacts, **overrides: object) -> TeamFacts:
    facts = TeamFacts(TEAM, "Support", 1, members, counted_statuses=(TicketStatus.NEW, TicketStatus.OPEN))
    return replace(facts, **overrides)  # type: ignore[arg-type] # as its fields are


def plan(facts: TeamFacts, *tags: str, **overrides: object) -> Assignment:
    ticket = make_ticket(tags=tags)
    needed = needed_skills(SKILLS, ticket, make_brand().id, at=NOON)
    return plan_assignment(facts, needed, at=NOON, cause="event 1", **overrides)  # type: ignore[arg-type]


def picked(assignment: Assignment, loads: dict[UUID, int] | None = None, last: UUID | None = None) -> Pick:
    return pick(assignment, free_of(assignment, loads or {}), loads or {}, last=last)


@pytest.mark.parametrize(
    ("tags", "needed"),
    [((), ()), (("cs",), ("Czech",)), (("refund", "cs"), ("Czech", "billing")), (("csx",), ())],
)
def test_a_ticket_needs_the_skills_whose_conditions_it_meets(tags: tuple[str, ...], needed: tuple[str, ...]) -> None:
    found = needed_skills(SKILLS, make_ticket(tags=tags), make_brand().id, at=NOON)
    assert tuple(skill.name for skill in found) == needed


def test_a_skill_without_conditions_is_never_asked_for() -> None:
    empty = (SkillFacts(CZECH, "Czech", "", 1),)
    assert needed_skills(empty, make_ticket(), make_brand().id, at=NOON) == ()


@pytest.mark.parametrize(
    ("absent", "reason"),
    [
        (member(ANN, away=True), "is away"),
        (member(ANN, away=True, away_until=TODAY), "is away until 14:00 UTC"),
        (member(ANN, away=True, away_until=TODAY + timedelta(days=1)), "is away until 2026-03-03 14:00 UTC"),
        (member(ANN, works_from=TODAY), "works again from 14:00 UTC"),
        (member(ANN), "is not here: no open desk for a minute"),
    ],
)
def test_who_is_absent_gets_nothing_and_it_is_said_why(absent: MemberFacts, reason: str) -> None:
    assignment = plan(team(absent, member(BEN, present=True), needs_presence=True))
    assert [each.user_id for each in assignment.candidates] == [BEN]
    (passed,) = assignment.passed_over
    assert (passed.user_id, passed.reason, passed.fits) == (ANN, reason, True)


def test_an_absence_that_ended_and_hours_that_began_keep_nobody_away() -> None:
    back = member(ANN, away=True, away_until=NOON)
    assert [each.user_id for each in plan(team(back)).candidates] == [ANN]


def test_without_need_of_presence_nobody_has_to_be_seen() -> None:
    assert len(plan(team(member(ANN), member(BEN))).candidates) == 2


def test_only_a_match_of_skills_asks_for_skills() -> None:
    people = (member(ANN), member(BEN, czech=1), member(CAT, czech=3))
    assert len(plan(team(*people), "cs").candidates) == 3
    matched = plan(team(*people, strategy=SKILL_MATCH), "cs")
    assert [(each.user_id, each.score, each.reason) for each in matched.candidates] == [(CAT, 3, "Czech 3")]
    assert [(each.user_id, each.reason, each.fits) for each in matched.passed_over] == [
        (BEN, "has Czech 1, not 2", False),
        (ANN, "does not have Czech", False),
    ]


def test_the_best_match_wins_then_who_has_fewest_then_whose_turn_it_is() -> None:
    people = (member(ANN, czech=2), member(BEN, czech=3), member(CAT, czech=3))
    assignment = plan(team(*people, strategy=SKILL_MATCH), "cs")
    assert picked(assignment, {BEN: 2, CAT: 1}).user_id == CAT
    assert picked(assignment, {BEN: 1, CAT: 1}, last=BEN).user_id == CAT
    assert picked(assignment, {BEN: 1, CAT: 1}, last=CAT).user_id == BEN


def test_the_explanation_names_levels_load_and_the_better_match() -> None:
    people = (
        member(ANN, czech=3, billing=5, away=True, away_until=TODAY, capacity=10),
        member(BEN, czech=3, billing=2, capacity=10),
    )
    found = picked(plan(team(*people, strategy=SKILL_MATCH), "cs", "refund"), {BEN: 4})
    assert found.user_id == BEN
    assert found.reason == (
        "best match of skills in Support: the one who can take it"
        " (Czech 3, billing 2, 4 of 10 open; the better match is away until 14:00 UTC)"
    )


def test_times_are_told_in_the_zone_of_the_teams_calendar() -> None:
    absent = member(ANN, away=True, away_until=datetime(2026, 3, 2, 13, tzinfo=UTC))
    (passed,) = plan(team(absent, time_zone="Europe/Prague")).passed_over
    assert passed.reason == "is away until 14:00"


def test_who_is_full_gets_nothing_and_waits_say_so() -> None:
    assignment = plan(team(member(ANN, capacity=2), member(BEN, capacity=1), strategy=LEAST))
    assert places_of(free_of(assignment, {ANN: 1}), {ANN: 1}) == 2
    full = picked(assignment, {ANN: 2, BEN: 3})
    assert (full.user_id, full.fits) == (None, (ANN, BEN))
    assert full.reason == (
        "waits in the queue of Support: all 2 who could take it have as many open tickets as they may"
    )
    assert places_of(free_of(plan(team(member(ANN))), {}), {}) is None


def test_the_last_assignee_comes_first_when_the_team_wants_it_and_they_are_free() -> None:
    people = (member(ANN), member(BEN, capacity=2))
    wanted = plan(team(*people, last_assignee_first=True), last_assignee_id=BEN)
    assert picked(wanted, {BEN: 1}).user_id == BEN
    assert "(had it before, 1 of 2 open)" in picked(wanted, {BEN: 1}).reason
    assert picked(wanted, {BEN: 2}).user_id == ANN
    assert picked(plan(team(*people), last_assignee_id=BEN), last=BEN).user_id == ANN
    by_rule = plan(team(*people), last_assignee_id=BEN, strategy=AssignmentStrategy.LAST_ASSIGNEE)
    assert (picked(by_rule).user_id, by_rule.strategy) == (BEN, AssignmentStrategy.ROUND_ROBIN)


def test_another_team_may_take_it_at_once_or_after_the_wait() -> None:
    beyond = team(member(CAT), team_id=NIGHT, name="Night")
    for after, since, open_now in ((0, NOON, True), (30, NOON, False), (30, NOON - timedelta(minutes=30), True)):
        own = team(member(ANN, capacity=1), overflow_team_id=NIGHT, overflow_after=timedelta(minutes=after))
        routing = staffed(own, beyond)
        ticket = make_ticket(assignee_id=None, status=TicketStatus.OPEN)
        facts = make_facts(ticket=ticket, waiting=WaitingFacts(since, 3))
        decision = decide(facts, routing)
        assert decision.assignment is not None
        assert (decision.assignment.overflow is not None) == open_now
        assert fits_of(decision.assignment) == ((ANN, CAT) if open_now else (ANN,))
        assert [due.key for due in decision.dues] == (["overflow/3"] if after and not open_now else [])


def staffed(*teams: TeamFacts) -> RoutingFacts:
    return replace(make_routing(), teams=teams)


@pytest.mark.parametrize(
    ("overrides", "event", "assigned"),
    [
        ({"assignee_id": None}, make_event(5, EventKind.TICKET_CREATED), True),
        ({"assignee_id": ANN}, make_event(5, EventKind.MESSAGE_ADDED, author_kind=AuthorKind.CUSTOMER), False),
        ({"assignee_id": None}, make_event(5, EventKind.MESSAGE_ADDED, author_kind=AuthorKind.AGENT), False),
        # Back to the queue by hand stays so; to another team means to somebody of that team.
        ({"assignee_id": None}, make_event(5, EventKind.TICKET_ASSIGNED), False),
        (
            {"assignee_id": None},
            make_event(5, EventKind.TICKET_ASSIGNED, changes=(FieldChange("team_id", "null", f'"{TEAM}"'),)),
            True,
        ),
        ({"assignee_id": None, "status": TicketStatus.CLOSED}, make_event(5, EventKind.TICKET_CREATED), False),
    ],
)
def test_a_ticket_gets_an_owner_when_somebody_waits_on_it(
    overrides: dict[str, object], event: object, assigned: bool
) -> None:
    facts = make_facts(ticket=make_ticket(**{"status": TicketStatus.OPEN} | overrides), events=(event,))
    assert (decide(facts, staffed(team(member(BEN)))).assignment is not None) == assigned


def test_what_waits_is_tried_again_unless_it_sleeps_and_what_somebody_left_behind_too() -> None:
    routing = staffed(team(member(BEN)))
    waits = make_facts(ticket=make_ticket(assignee_id=None, status=TicketStatus.OPEN), waiting=WaitingFacts(NOON, 3))
    again = decide(waits, routing).assignment
    assert again is not None
    assert again.cause == "the waiting queue"
    asleep = replace(waits, ticket=replace(waits.ticket, snoozed_until=NOON + timedelta(hours=1), snooze_epoch=4))
    assert decide(asleep, routing).assignment is None
    left = make_facts(ticket=make_ticket(status=TicketStatus.OPEN))
    assert decide(left, routing).assignment is None
    after = decide(left, replace(routing, assignee_active=False)).assignment
    assert after is not None
    assert after.cause == "the assignee left"
