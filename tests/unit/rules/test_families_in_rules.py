"""Rules look at what happens in a family: to the parent, and to its children."""

from dataclasses import replace
from uuid import UUID

import pytest

from services.domain.actions import Action, ActionKind
from services.domain.facts import Facts
from services.domain.family.model import ChildNews, FamilyFacts, FamilyNews
from services.domain.family.policy import DownPolicy, UpPolicy
from services.domain.rules.model import Rule, Since, Trigger
from services.domain.ticket import EventKind, FieldChange, TicketStatus
from tests.unit.factories import ANN, BEN, NOON, make_event
from tests.unit.rules.stories import (
    HOUR,
    ON_FAMILIES,
    after,
    created,
    every,
    goes_on,
    make_rule,
    play,
    ran,
    status,
    tag,
)

PARENT = UUID(int=61)


def family(*news: ChildNews, total: int = 3, still_open: int = 0, up: UpPolicy = UpPolicy.NOTIFY) -> FamilyFacts:
    told = tuple(FamilyNews(number, UUID(int=70 + number), number, each, NOON) for number, each in enumerate(news, 1))
    return FamilyFacts(DownPolicy.CASCADE, up, total, still_open, total - still_open, told)


def parent(facts: FamilyFacts) -> Facts:
    """A parent to whom its children tell something."""
    return replace(goes_on(created(), play(created())), family=facts)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (EventKind.PARENT_SET, ["on parent_set"]),
        (EventKind.PARENT_REMOVED, ["on parent_removed"]),
        (EventKind.CHILD_ADDED, ["on child_added"]),
        (EventKind.CHILD_REMOVED, ["on child_removed"]),
    ],
)
def test_linking_and_unlinking_make_rules_look_on_both_sides(kind: EventKind, expected: list[str]) -> None:
    event = make_event(2, kind, actor=str(ANN))
    assert ran(play(goes_on(created(), play(created()), event), *ON_FAMILIES)) == expected


@pytest.mark.parametrize(
    "kind",
    [EventKind.TICKET_MERGED, EventKind.TICKET_UNMERGED, EventKind.SPAM_MARKED, EventKind.SPAM_UNMARKED],
)
def test_being_set_aside_and_coming_back_is_nothing_to_rules(kind: EventKind) -> None:
    rules = [make_rule(f"on {on}", on=on) for on in (Trigger.STATUS_CHANGED, Trigger.CLOSED, Trigger.REOPENED)]
    old, new = (
        ('"new"', '"closed"') if kind in (EventKind.TICKET_MERGED, EventKind.SPAM_MARKED) else ('"closed"', '"new"')
    )
    event = make_event(2, kind, actor=str(ANN), changes=(FieldChange("status", old, new),))
    assert ran(play(goes_on(created(), play(created()), event), *rules)) == []


@pytest.mark.parametrize(("in_cascade", "expected"), [(True, ["on parent_settled"]), (False, [])])
def test_a_child_that_is_settled_with_its_parent_is_told_from_one_that_is_settled_alone(
    in_cascade: bool, expected: list[str]
) -> None:
    change = FieldChange("status", '"new"', '"resolved"')
    event = make_event(2, EventKind.TICKET_RESOLVED, actor=str(ANN), changes=(change,), in_cascade=in_cascade)
    assert ran(play(goes_on(created(), play(created()), event), *ON_FAMILIES)) == expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (family(ChildNews.SETTLED, still_open=2), ["on child_settled"]),
        (family(ChildNews.SETTLED, ChildNews.SETTLED, still_open=1), ["on child_settled"]),
        (family(ChildNews.SETTLED), ["on child_settled", "on children_settled"]),
        (family(ChildNews.REOPENED, still_open=1), ["on child_reopened"]),
        (family(ChildNews.REOPENED, ChildNews.SETTLED, still_open=1), ["on child_settled", "on child_reopened"]),
        (family(), []),
    ],
)
def test_what_children_tell_at_once_is_looked_at_once(told: FamilyFacts, expected: list[str]) -> None:
    decision = play(parent(told), *ON_FAMILIES)
    assert ran(decision) == expected
    assert {run.cause for run in decision.runs} <= {f"ticket {told.inbox[-1].child_id}" if told.inbox else ""}


def test_a_rule_sees_the_parent_as_its_last_child_has_settled_it() -> None:
    rules = (
        make_rule("all", on=Trigger.CHILDREN_SETTLED, when="status:resolved"),
        make_rule("resolved", on=Trigger.RESOLVED, when="was.status:new"),
    )
    assert ran(play(parent(family(ChildNews.SETTLED, up=UpPolicy.SETTLE)), *rules)) == ["all", "resolved"]


def test_a_rule_may_settle_the_parent_of_whose_children_one_is_still_open() -> None:
    rule = make_rule("enough", status("resolved"), on=Trigger.CHILD_SETTLED, when="children>=3 open_children<2")
    facts = parent(family(ChildNews.SETTLED, still_open=1))
    assert after(facts, play(facts, rule)).status is TicketStatus.RESOLVED


@pytest.mark.parametrize(
    ("when", "of_parent", "of_child", "of_none"),
    [
        ("family:parent", True, False, False),
        ("family:child", False, True, False),
        ("family:none", False, False, True),
        ("-family:child", True, False, True),
        ("children:3", True, False, False),
        ("open_children:0", False, True, True),
    ],
)
def test_conditions_ask_for_the_place_in_the_family_and_its_children(
    when: str, of_parent: bool, of_child: bool, of_none: bool
) -> None:
    rule = make_rule("asks", when=when)
    tickets = (created(family=family(still_open=1)), created(ticket={"parent_id": PARENT}), created())
    assert [bool(ran(play(facts, rule))) for facts in tickets] == [of_parent, of_child, of_none]


def test_a_rule_that_links_makes_others_look_and_none_of_them_twice() -> None:
    rules = (make_rule("link", Action(ActionKind.LINK_TO_PARENT, parent_id=PARENT)), ON_FAMILIES[0])
    assert ran(play(created(), *rules)) == ["link", "on parent_set"]
    own = make_event(2, EventKind.PARENT_SET, actor="duradesk", decided=True)
    assert ran(play(goes_on(created(), play(created()), own), *rules)) == []


def test_the_same_child_told_of_again_is_another_mail() -> None:
    rule = make_rule("tell", Action(ActionKind.NOTIFY, user_id=BEN), on=Trigger.CHILD_SETTLED)
    first, again = family(ChildNews.SETTLED), family(ChildNews.SETTLED)
    again = replace(again, inbox=(replace(again.inbox[0], id=9),))
    assert len({play(parent(told), rule).effects[-1].key for told in (first, again)}) == 2


def test_linking_is_no_work_on_a_ticket_that_a_rule_of_time_waits_for() -> None:
    rule = every(4 * HOUR, Since.LAST_ACT, tag("idle"))
    facts = created()
    linked = goes_on(facts, play(facts, rule), make_event(2, EventKind.PARENT_SET, actor=str(ANN)))
    worked = goes_on(facts, play(facts, rule), make_event(2, EventKind.TICKET_UPDATED, actor=str(ANN)))
    assert [len(play(each, rule).dues) for each in (linked, worked)] == [0, 1]


def test_no_rule_is_asked_about_a_family_where_none_is_kept() -> None:
    none: tuple[Rule, ...] = ()
    assert play(parent(family(ChildNews.SETTLED)), *none).runs == ()
