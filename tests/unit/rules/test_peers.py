"""What help desks have learnt about chains of rules, each line a story. docs/decisions/0019 says where we differ."""

from dataclasses import replace
from uuid import UUID

import pytest

from services.domain.actions import Action, ActionKind
from services.domain.decision import NO_HISTORY
from services.domain.effects import EffectKind
from services.domain.errors import Invalid
from services.domain.facts import MessageText, TicketWords
from services.domain.rules.compiled import compile_rules
from services.domain.rules.history import history_after
from services.domain.rules.model import Rule, Since, Trigger
from services.domain.ticket import EventKind, FieldChange, Priority, TicketStatus
from tests.unit.factories import ANN, BEN, CAT, TEAM, make_event
from tests.unit.rules.stories import (
    HOUR,
    KEEPER,
    after,
    changes,
    created,
    every,
    goes_on,
    make_rule,
    play,
    priority,
    ran,
    reply,
    says,
    status,
    tag,
)

CIRCLE = [("normal", "high"), ("high", "low"), ("low", "normal")]


def step(old: str, new: str, on: Trigger = Trigger.TICKET_CREATED) -> Rule:
    return make_rule(f"{old} to {new}", priority(new), on=on, when=f"priority:{old}")


def test_each_rule_sees_the_ticket_as_the_one_before_left_it() -> None:
    rules = [
        make_rule("open it", status("open"), when="status:new"),
        make_rule("hold it", status("on_hold"), when="status:open"),
        make_rule("resolve it", status("resolved"), when="status:on_hold"),
    ]
    decision = play(created(), *rules)
    assert ran(decision) == ["open it", "hold it", "resolve it"]
    assert after(created(), decision).status is TicketStatus.RESOLVED


def test_a_rule_that_did_not_fit_is_asked_again_when_others_have_changed_the_ticket() -> None:
    rules = [
        make_rule("resolve it", status("resolved"), when="status:on_hold"),
        make_rule("hold it", status("on_hold"), when="status:open"),
        make_rule("open it", status("open"), when="status:new"),
    ]
    assert ran(play(created(), *rules)) == ["open it", "hold it", "resolve it"]


def test_in_a_circle_on_one_event_each_rule_runs_once_and_nothing_is_cut() -> None:
    decision = play(created(), *(step(old, new) for old, new in CIRCLE))
    assert ran(decision) == ["normal to high", "high to low", "low to normal"]
    assert after(created(), decision).priority is Priority.NORMAL
    assert decision.cuts == ()


@pytest.mark.parametrize("circle", [CIRCLE, [("high", "low"), ("low", "high")]])
def test_rules_that_run_because_of_each_other_stop_with_one_alert_and_everything_stays(
    circle: list[tuple[str, str]],
) -> None:
    rules = [step(old, new, Trigger.PRIORITY_CHANGED) for old, new in circle]
    facts = goes_on(created(), play(created()), changes("priority", "urgent", circle[0][0]))
    facts = replace(facts, ticket=replace(facts.ticket, priority=Priority(circle[0][0])))
    decision = play(facts, *rules)
    assert ran(decision) == [rule.name for rule in rules]
    (cut,) = decision.cuts
    assert (cut.rule_id, cut.told) == (rules[0].id, (KEEPER,))
    assert "is a circle" in cut.reason
    assert [each.kind for each in decision.steps].count(EventKind.RULE_CUT) == 1
    assert after(facts, decision).priority is Priority(circle[0][0])


def test_a_rule_does_not_run_when_an_earlier_one_has_taken_its_reason_away() -> None:
    rules = [
        make_rule("open it", status("open"), when="status:new"),
        make_rule("press", priority("high"), when="status:new"),
    ]
    assert ran(play(created(), *rules)) == ["open it"]


def test_what_a_rule_has_changed_still_counts_as_a_new_ticket() -> None:
    rules = [
        make_rule("press", priority("high"), when="status:new"),
        make_rule("close it", status("closed"), when="priority:high"),
    ]
    decision = play(created(), *rules)
    assert after(created(), decision).status is TicketStatus.CLOSED


def test_a_circle_of_priority_and_status_ends_where_it_began_with_one_message() -> None:
    rules = [
        make_rule("one", priority("high"), status("resolved"), when="priority:normal"),
        make_rule("two", priority("low"), status("open"), when="priority:high"),
        make_rule("three", priority("normal"), when="priority:low"),
    ]
    decision = play(created(), *rules)
    ticket = after(created(), decision)
    assert (ticket.priority, ticket.status) == (Priority.NORMAL, TicketStatus.OPEN)
    assert not [each for each in decision.steps if each.note or each.reply]


def test_only_the_first_of_three_runs_when_it_takes_the_others_reason_away() -> None:
    rules = [make_rule("press", priority("high"), when="priority:normal")]
    rules += [make_rule(f"open {name}", status("open"), when="priority:normal") for name in ("a", "b")]
    decision = play(created(), *rules)
    assert (ran(decision), after(created(), decision).status) == (["press"], TicketStatus.NEW)


def test_a_rule_that_needs_two_others_runs_in_the_second_round() -> None:
    rules = [
        make_rule("close it", status("closed"), when="priority:high status:open"),
        make_rule("press", priority("high")),
        make_rule("open it", status("open")),
    ]
    assert ran(play(created(), *rules)) == ["press", "open it", "close it"]


@pytest.mark.parametrize(("rules", "rounds_end_at"), [(9, 9), (12, 10)])
def test_rules_are_asked_again_ten_times_at_most_and_the_ticket_stays_valid(rules: int, rounds_end_at: int) -> None:
    # In the worst order each round lets one rule run.
    backwards = [make_rule(f"r{n}", tag(f"t{n}"), when=f"tag:t{n - 1}" if n else "") for n in range(rules)][::-1]
    ordered = [replace(rule, position=place) for place, rule in enumerate(backwards)]
    assert len(ran(play(created(), *ordered))) == rounds_end_at


def test_a_chain_is_cut_at_ten_rules() -> None:
    links = (make_rule(f"r{n}", tag(f"t{n}"), on=Trigger.TAGS_CHANGED, when=f"tag:t{n - 1}") for n in range(1, 15))
    rules = [make_rule("r0", tag("t0")), *links]
    decision = play(created(), *rules)
    assert ran(decision) == [f"r{n}" for n in range(10)]
    assert [cut.rule_id for cut in decision.cuts] == [rules[10].id]


def test_an_answer_by_itself_goes_out_once_after_the_ticket_has_moved_whatever_the_order() -> None:
    rules = [
        make_rule("answer", reply(), when=f"team:{TEAM}"),
        make_rule("move", Action(ActionKind.ASSIGN, team_id=TEAM), when="team:none"),
    ]
    decision = play(created(ticket={"team_id": None, "assignee_id": None}), *rules)
    assert ran(decision) == ["move", "answer"]
    assert [each.reply for each in decision.steps if each.reply] == ["Thank you, {name}."]


def test_only_whom_the_last_rule_gave_the_ticket_to_is_told() -> None:
    rules = [make_rule(f"to {person}", Action(ActionKind.ASSIGN, user_id=person)) for person in (BEN, CAT)]
    decision = play(created(), *rules)
    assert after(created(), decision).assignee_id == CAT
    assert [each.user_id for each in decision.effects if each.kind is EffectKind.ASSIGNED_MAIL] == [CAT]


def test_a_change_that_is_no_new_word_is_not_answered() -> None:
    answer = make_rule("answer", reply(), on=Trigger.CUSTOMER_REPLIED)
    first = goes_on(created(), play(created(), answer), says("customer"))
    assert ran(play(first, answer)) == ["answer"]
    later = goes_on(first, play(first, answer), changes("priority", "normal", "high"))
    assert ran(play(later, answer)) == []


def test_a_rules_own_change_is_no_news_to_itself_and_is_made_once() -> None:
    press = make_rule("press", Action(ActionKind.RAISE_PRIORITY), on=Trigger.PRIORITY_CHANGED)
    facts = goes_on(created(), play(created()), changes("priority", "low", "normal"))
    decision = play(facts, press)
    assert (ran(decision), after(facts, decision).priority) == (["press"], Priority.HIGH)
    assert decision.cuts == ()


def test_what_a_person_does_meanwhile_is_looked_at() -> None:
    mark = make_rule("mark", tag("pressed"), on=Trigger.PRIORITY_CHANGED, when="by:staff")
    facts = goes_on(created(), play(created(), mark), changes("priority", "normal", "high"))
    assert ran(play(facts, mark)) == ["mark"]


def test_whom_routing_picked_is_looked_at_and_what_a_decision_did_is_not_a_second_time() -> None:
    told = make_rule("picked", tag("owned"), on=Trigger.ASSIGNEE_CHANGED, when="by:desk")
    picked = changes("assignee_id", str(BEN), str(ANN), kind=EventKind.TICKET_ASSIGNED, actor="duradesk", decided=True)
    facts = goes_on(created(), play(created(), told), picked)
    assert ran(play(facts, told)) == ["picked"]
    mark = make_rule("mark", tag("seen"), on=Trigger.PRIORITY_CHANGED)
    own = changes("priority", "normal", "high", kind=EventKind.RULE_APPLIED, actor="duradesk", decided=True)
    assert ran(play(goes_on(created(), play(created(), mark), own), mark)) == []


def test_two_tickets_at_once_never_mix() -> None:
    rules = [make_rule("press", priority("high"), when="refund"), make_rule("mark", tag("quiet"), when="-refund")]
    compiled = [play(created(text="refund please"), *rules), play(created(text="hello"), *rules)]
    assert [ran(decision) for decision in compiled] == [["press"], ["mark"]]


def test_a_later_rule_knows_what_a_rule_wrote() -> None:
    rules = [
        make_rule("answer", reply()),
        make_rule("by a rule", tag("automatic"), on=Trigger.AGENT_REPLIED, when="by:desk"),
        make_rule("by a person", tag("personal"), on=Trigger.AGENT_REPLIED, when="-by:desk"),
    ]
    decision = play(created(), *rules)
    assert ran(decision) == ["answer", "by a rule"]
    assert [(run.cause, run.caused_by) for run in decision.runs] == [("event 1", 0), ("run 1", 1)]


@pytest.mark.parametrize("facts", [created(automatic=True), created(ticket={"requester_reachable": False})])
def test_a_machine_and_somebody_without_an_address_get_no_answer_but_the_rest_is_done(facts: object) -> None:
    decision = play(facts, make_rule("answer", reply(), priority("high"), tag("seen")))  # type: ignore[arg-type]
    assert not [each for each in decision.steps if each.reply]
    assert after(facts, decision).priority is Priority.HIGH  # type: ignore[arg-type]
    assert any("no reply" in effect for effect in decision.runs[0].effects)


@pytest.mark.parametrize("kind", [ActionKind.REPLY, ActionKind.NOTE, ActionKind.NOTIFY, ActionKind.SET_STATUS])
def test_an_action_without_what_it_needs_is_refused_when_the_rule_is_kept(kind: ActionKind) -> None:
    with pytest.raises(Invalid):
        make_rule("incomplete", Action(kind))


@pytest.mark.parametrize("broken", ["colour:red", "status>open", "(("])
def test_a_rule_whose_conditions_cannot_be_read_never_runs_and_breaks_no_ticket(broken: str) -> None:
    good, bad = make_rule("good"), replace(make_rule("bad"), conditions=broken)
    assert ran(play(created(), bad, good)) == ["good"]
    assert compile_rules([bad]).rules[bad.id].problem


def test_teams_and_people_told_are_merged_and_everybody_is_told_once() -> None:
    told = [
        Action(ActionKind.NOTIFY, team_id=TEAM),
        Action(ActionKind.NOTIFY, user_id=BEN),
        Action(ActionKind.NOTIFY, user_id=CAT),
    ]
    decision = play(created(), make_rule("tell", *told))
    assert [each.user_id for each in decision.effects] == [ANN, BEN, CAT]


@pytest.mark.parametrize(("when", "fits"), [("-type:question", True), ("type:question", False), ("type:none", True)])
def test_is_not_fits_a_ticket_without_any(when: str, fits: bool) -> None:
    assert bool(ran(play(created(), make_rule("typed", when=when)))) is fits


def test_a_rule_may_ask_for_tags_that_an_earlier_one_set() -> None:
    rules = [make_rule("mark", tag("vip")), make_rule("answer", reply(), when="tag:vip")]
    assert ran(play(created(), *rules)) == ["mark", "answer"]


def test_an_answer_is_to_the_message_that_caused_it() -> None:
    rule = make_rule("first", tag("first"), on=Trigger.CUSTOMER_REPLIED, when="message.text:one")
    facts = goes_on(created(), play(created(), rule), says("customer"))
    words = TicketWords("", "", "", (MessageText(UUID(int=2), "one"), MessageText(UUID(int=3), "two")))
    second = replace(facts.events[0], seq=3, message_id=UUID(int=3))
    ticket = replace(facts.ticket, version=3)
    decision = play(replace(facts, words=words, ticket=ticket, events=(facts.events[0], second)), rule)
    assert [(run.name, run.cause) for run in decision.runs] == [("first", "event 2")]


def test_a_rule_is_what_it_was_after_it_has_run() -> None:
    rule = make_rule("press", priority("high"))
    before = repr(rule)
    play(created(), rule)
    assert repr(rule) == before


def test_a_snooze_counts_from_the_moment_of_the_event() -> None:
    decision = play(created(), make_rule("wait", Action(ActionKind.SNOOZE, duration=48 * HOUR)))
    (snoozed,) = decision.steps
    assert snoozed.kind is EventKind.TICKET_SNOOZED
    assert snoozed.changes[0].new == f'"{(created().now + 48 * HOUR).isoformat()}"'
    assert [due.kind.value for due in decision.dues] == ["snooze_wake"]


@pytest.mark.parametrize(("stop", "expected"), [(True, ["one"]), (False, ["one", "two"])])
def test_after_a_rule_that_says_stop_no_later_one_looks(stop: bool, expected: list[str]) -> None:
    assert ran(play(created(), make_rule("one", stop=stop), make_rule("two"))) == expected


def test_a_rule_without_conditions_always_fits() -> None:
    assert ran(play(created(), make_rule("always", when=""))) == ["always"]


@pytest.mark.parametrize(
    ("when", "fits"),
    [
        ("was.status:open", True),
        ("was.status:pending", False),
        ("was.status:open changed_to.status:pending", True),
        ("was.status:pending changed_to.status:open", False),
        ("changed_to.priority:normal", False),
        ("was.assignee:none", False),
    ],
)
def test_was_and_changed_to_ask_for_both_sides_of_a_change(when: str, fits: bool) -> None:
    facts = goes_on(
        created(ticket={"status": TicketStatus.OPEN}), play(created()), changes("status", "open", "pending")
    )
    rule = make_rule("changed", on=Trigger.STATUS_CHANGED, when=when)
    assert bool(ran(play(facts, rule))) is fits


@pytest.mark.parametrize(
    ("when", "fits"), [("was.status:new", False), ("was.type:question", False), ("was.type:none", True)]
)
def test_what_had_no_value_before_fits_nothing_but_none(when: str, fits: bool) -> None:
    assert bool(ran(play(created(), make_rule("new", when=when)))) is fits


@pytest.mark.parametrize("when", ["since.resolved:1m", "since.resolved<99w"])
def test_so_long_since_something_that_never_was_fits_nothing(when: str) -> None:
    assert ran(play(created(), make_rule("long ago", when=when))) == []


@pytest.mark.parametrize(
    ("when", "fits"),
    [
        ("customer_messages>1", False),
        ("customer_messages>=1", True),
        ("subject:PARCEL", True),
        ("subject:parc*", True),
        ("subject:arcel*", False),
        ("subject:arcel", False),
    ],
)
def test_more_than_is_strict_words_have_no_case_and_beginnings_are_beginnings(when: str, fits: bool) -> None:
    assert bool(ran(play(created(), make_rule("asks", when=when)))) is fits


def test_several_conditions_are_joined_as_given() -> None:
    wanted = {"priority:normal tag:none": True, "priority:high tag:none": False, "priority:high OR tag:none": True}
    for when, fits in wanted.items():
        assert bool(ran(play(created(), make_rule("joined", when=when)))) is fits


def test_our_own_word_is_none_of_the_customers() -> None:
    incoming = make_rule("incoming", on=Trigger.CUSTOMER_REPLIED)
    for author, expected in (("customer", ["incoming"]), ("agent", []), ("note", [])):
        facts = goes_on(created(), play(created(), incoming), says(author))
        assert ran(play(facts, incoming)) == expected


def test_a_report_of_a_machine_about_our_mail_makes_no_rule_look() -> None:
    rules = [make_rule(f"on {on}", on=on) for on in Trigger if on is not Trigger.TIME]
    event = make_event(2, EventKind.AUTOMATIC_MAIL_RECEIVED, actor="duradesk")
    assert ran(play(goes_on(created(), play(created()), event), *rules)) == []


def test_a_rule_of_time_runs_once_for_each_time_it_waits() -> None:
    rule = every(4 * HOUR, Since.UNANSWERED, tag("slow"))
    facts = created()
    first = play(facts, rule)
    assert [(due.key, due.due_at) for due in first.dues] == [(f"rule/{rule.id}/1", facts.now + 4 * HOUR)]
    later = replace(goes_on(facts, first, after=5 * HOUR), history=history_after(NO_HISTORY, facts.events[0]))
    fired = play(later, rule)
    assert (ran(fired), fired.steps[0].effective_at) == (["timed"], facts.now + 4 * HOUR)
    again = replace(goes_on(later, fired, after=5 * HOUR), history=later.history)
    assert (play(again, rule).runs, play(again, rule).dues) == ((), ())


def test_what_somebody_has_set_since_stays_and_tags_are_added_to_theirs() -> None:
    facts = created(ticket={"priority": Priority.LOW, "tags": ("mine",), "version": 2})
    later = changes("priority", "normal", "low")
    tags = FieldChange("tags", "[]", '["mine"]')
    later = replace(later, changes=(*later.changes, tags))
    decision = play(replace(facts, events=(*facts.events, later)), make_rule("press", priority("urgent"), tag("late")))
    (step_,) = decision.steps
    assert step_.changes == (FieldChange("tags", '["mine"]', '["mine", "late"]'),)


@pytest.mark.parametrize(("runs_from", "waits"), [(-1, True), (1, False)])
def test_a_rule_of_time_counts_for_waits_that_begin_after_it_was_made(runs_from: int, waits: bool) -> None:
    facts = created()
    rule = every(4 * HOUR, Since.UNANSWERED, tag("slow"), runs_from=facts.now + runs_from * HOUR)
    assert bool(play(facts, rule).dues) is waits
