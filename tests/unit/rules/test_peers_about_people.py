"""More of what help desks have learnt about rules: whom they reach, when it is open, and what has no meaning."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from services.domain.actions import Action, ActionKind
from services.domain.calendars.model import WEEKDAYS, Calendar, WorkingHours
from services.domain.clocks.whole import compile_service_levels
from services.domain.effects import EffectKind
from services.domain.errors import Invalid
from services.domain.routing_facts import MemberFacts, TeamFacts
from services.domain.rules.model import Trigger
from services.domain.ticket import FieldChange
from tests.unit.factories import ANN, BEN, CAT, TEAM
from tests.unit.rules.stories import ROUTING, changes, created, goes_on, make_rule, play, ran, tag

BILLING, RETURNS = UUID(int=8), UUID(int=9)
OFFICE = Calendar(
    UUID(int=91), "Office", "UTC", tuple(WorkingHours(day, "09:00", "17:00") for day in WEEKDAYS[:5]), (), ()
)
WEDNESDAY = datetime(2026, 3, 4, tzinfo=UTC)


def test_of_a_ticket_that_two_rules_move_only_the_last_team_hears() -> None:
    teams = tuple(
        TeamFacts(team, name, 1, (MemberFacts(member),))
        for team, name, member in ((TEAM, "Support", ANN), (RETURNS, "Returns", BEN), (BILLING, "Billing", CAT))
    )
    moves = [make_rule(f"to {team}", Action(ActionKind.ASSIGN, team_id=team)) for team in (RETURNS, BILLING)]
    facts = created(ticket={"assignee_id": None})
    facts = replace(facts, brand=replace(facts.brand, staff_notices=True))
    decision = play(facts, *moves, routing=replace(ROUTING, teams=teams))
    assert decision.assignment is not None
    # Whoever is picked of these is told, once, where the decision is applied.
    assert [each.user_id for each in decision.assignment.candidates] == [CAT]
    assert [each for each in decision.effects if each.kind is EffectKind.ASSIGNED_MAIL] == []


def test_rules_that_run_on_each_others_effects_do_their_own_once() -> None:
    rules = [make_rule(name, tag(name), on=Trigger.TAGS_CHANGED) for name in ("a", "b")]
    tagged = replace(changes("tags", "", ""), changes=(FieldChange("tags", "[]", '["x"]'),))
    decision = play(goes_on(created(), play(created()), tagged), *rules)
    assert (ran(decision), decision.cuts) == (["a", "b"], ())
    assert len(decision.steps) == 2


@pytest.mark.parametrize(
    ("hour", "day", "is_open"), [(12, 4, True), (2, 4, False), (9, 4, True), (17, 4, False), (12, 7, False)]
)
def test_in_hours_asks_whether_a_calendar_is_open_at_that_moment(hour: int, day: int, is_open: bool) -> None:
    at = WEDNESDAY.replace(hour=hour, day=day)
    facts = created()
    facts = replace(facts, now=at, events=(replace(facts.events[0], effective_at=at),))
    rules = (make_rule("open", when=f"in_hours:{OFFICE.id}"), make_rule("shut", when=f"-in_hours:{OFFICE.id}"))
    decision = play(facts, *rules, levels=compile_service_levels([], [], [OFFICE]))
    assert ran(decision) == ["open" if is_open else "shut"]


@pytest.mark.parametrize(("when", "fits"), [("()", True), ("tag:a ()", True), ("tag:b ()", False)])
def test_an_empty_group_neither_blocks_nor_satisfies_a_rule(when: str, fits: bool) -> None:
    assert bool(ran(play(created(ticket={"tags": ("a",)}), make_rule("asks", when=when)))) is fits


@pytest.mark.parametrize("when", ["tag:a OR ()", "(tag:a OR ())"])
def test_beside_or_an_empty_group_is_refused(when: str) -> None:
    with pytest.raises(Invalid):
        make_rule("empty", when=when)


@pytest.mark.parametrize("field", ["status", "priority", "assignee", "team"])
def test_each_field_has_its_value_from_before_the_change(field: str) -> None:
    old, new = {
        "status": ("new", "open"),
        "priority": ("normal", "high"),
        "assignee": (str(ANN), str(BEN)),
        "team": (str(TEAM), str(BILLING)),
    }[field]
    event = changes({"assignee": "assignee_id", "team": "team_id"}.get(field, field), old, new)
    rules = [
        make_rule(name, on=Trigger(f"{field}_changed"), when=f"was.{field}:{was} changed_to.{field}:{now}")
        for name, was, now in (("from", old, new), ("back", new, old))
    ]
    facts = goes_on(created(ticket={"team_id": TEAM, "assignee_id": ANN}), play(created()), event)
    assert ran(play(facts, *rules)) == ["from"]
