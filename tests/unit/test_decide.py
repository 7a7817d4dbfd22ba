"""What follows by itself, decided from facts alone."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.assignment import pick_round_robin
from services.domain.decide import decide
from services.domain.effects import EffectKind
from services.domain.facts import FiredDue
from services.domain.message import AuthorKind, Visibility
from services.domain.plan import plan_dues, words
from services.domain.routing_facts import Candidate
from services.domain.ticket import Due, DueKind, EventKind, TicketStatus
from tests.unit.factories import (
    ANN,
    BEN,
    CAT,
    DAY,
    MESSAGE,
    NOON,
    TEAM,
    agent_reply,
    make_brand,
    make_event,
    make_facts,
    make_routing,
    make_ticket,
)

SECOND = timedelta(seconds=1)


def test_a_new_ticket_goes_to_the_team_in_turn() -> None:
    ticket = make_ticket(status=TicketStatus.NEW, team_id=None, assignee_id=None, version=1)
    decision = decide(make_facts(ticket=ticket, events=(make_event(1),)), make_routing())
    assert decision.assignment is not None
    assert (decision.assignment.team_id, decision.assignment.cause) == (TEAM, "event 1")
    assert [line.cause for line in decision.trace if line.check == "who owns the ticket"] == ["event 1"]
    assert [candidate.user_id for candidate in decision.assignment.candidates] == [ANN, BEN, CAT]
    assert decision.decided_seq == 1
    assert decision.steps == ()


def test_a_new_ticket_waits_in_the_queue_of_a_team_without_active_members() -> None:
    ticket = make_ticket(status=TicketStatus.NEW, team_id=None, assignee_id=None)
    routing = replace(make_routing(), members=())
    decision = decide(make_facts(ticket=ticket, events=(make_event(1),)), routing)
    assert decision.assignment is not None
    assert decision.assignment.candidates == ()
    assert "waits in the team's queue" in decision.assignment.reason


def test_a_customers_word_leaves_the_ticket_with_its_assignee() -> None:
    event = make_event(6, EventKind.MESSAGE_ADDED, author_kind=AuthorKind.CUSTOMER)
    facts = make_facts(ticket=make_ticket(status=TicketStatus.OPEN), events=(event,))
    assert decide(facts, make_routing()).assignment is None


def test_a_customers_word_finds_a_new_owner_when_the_assignee_has_left() -> None:
    event = make_event(6, EventKind.MESSAGE_ADDED, author_kind=AuthorKind.CUSTOMER)
    facts = make_facts(ticket=make_ticket(status=TicketStatus.OPEN), events=(event,))
    assert decide(facts, make_routing(BEN, assignee_active=False)).assignment is not None


def test_an_agents_own_reply_gives_nobody_the_ticket() -> None:
    ticket = make_ticket(status=TicketStatus.PENDING, assignee_id=None)
    assert decide(make_facts(ticket=ticket, events=(agent_reply(6),)), make_routing()).assignment is None


def test_a_public_reply_of_an_agent_is_mailed_once() -> None:
    decision = decide(make_facts(events=(agent_reply(5),)), make_routing())
    assert [(effect.key, effect.kind) for effect in decision.effects] == [(f"reply/{MESSAGE}", EffectKind.REPLY_MAIL)]


@pytest.mark.parametrize(
    "event",
    [
        agent_reply(5, visibility=Visibility.INTERNAL),
        agent_reply(5, author_kind=AuthorKind.CUSTOMER),
        make_event(5, EventKind.TICKET_UPDATED),
    ],
)
def test_nothing_else_is_mailed(event: object) -> None:
    assert decide(make_facts(events=(event,)), make_routing()).effects == ()


def test_a_reply_goes_out_when_it_can_no_longer_be_taken_back() -> None:
    facts = make_facts(brand=make_brand(undo_seconds=20), events=(agent_reply(5),))
    assert [effect.not_before for effect in decide(facts, make_routing()).effects] == [NOON + 20 * SECOND]


def test_a_reply_that_was_taken_back_is_not_mailed_and_the_trace_says_so() -> None:
    decision = decide(make_facts(events=(agent_reply(5, withdrawn=True),)), make_routing())
    assert decision.effects == ()
    assert decision.trace[0].outcome == "no mail: it was taken back"


@pytest.mark.parametrize(
    ("sender_proven", "created", "brand", "keys"),
    [
        (True, {"by_requester": True}, {}, ["acknowledgement"]),
        (True, {}, {}, ["acknowledgement/neutral"]),
        (False, {"by_requester": True}, {}, ["acknowledgement/neutral"]),
        (True, {"by_requester": True, "automatic": True}, {}, []),
        (True, {"by_requester": True}, {"acknowledge": False}, []),
    ],
)
def test_a_new_request_is_acknowledged_unless_a_machine_wrote_it_and_neutrally_unless_proven(
    sender_proven: bool, created: dict[str, Any], brand: dict[str, bool], keys: list[str]
) -> None:
    ticket = make_ticket(status=TicketStatus.NEW, sender_proven=sender_proven)
    facts = make_facts(ticket=ticket, brand=make_brand(**brand), events=(make_event(1, **created),))
    assert [effect.key for effect in decide(facts, make_routing()).effects] == keys


@pytest.mark.parametrize(
    ("event", "ticket", "brand", "keys"),
    [
        ({}, {}, {}, ["resolved_notice/6"]),
        ({"by_requester": True}, {}, {}, []),
        ({}, {"status": TicketStatus.OPEN, "status_epoch": 7}, {}, []),
        ({}, {}, {"resolved_notice": False}, []),
        ({}, {"requester_reachable": False}, {}, []),
    ],
)
def test_the_requester_is_told_that_somebody_else_resolved_the_ticket(
    event: dict[str, Any], ticket: dict[str, object], brand: dict[str, bool], keys: list[str]
) -> None:
    resolved = make_ticket(**{"status": TicketStatus.RESOLVED, "status_epoch": 6, "version": 7} | ticket)
    events = (make_event(6, EventKind.TICKET_RESOLVED, **event),)
    decision = decide(make_facts(ticket=resolved, brand=make_brand(**brand), events=events), make_routing())
    assert [effect.key for effect in decision.effects] == keys


def test_the_notice_of_a_resolution_follows_the_reply_that_came_with_it() -> None:
    resolved = make_ticket(status=TicketStatus.RESOLVED, status_epoch=6, version=6)
    events = (agent_reply(5), make_event(6, EventKind.TICKET_RESOLVED))
    facts = make_facts(ticket=resolved, brand=make_brand(undo_seconds=20), events=events)
    assert [(effect.kind, effect.not_before) for effect in decide(facts, make_routing()).effects] == [
        (EffectKind.REPLY_MAIL, NOON + 20 * SECOND),
        (EffectKind.RESOLVED_NOTICE_MAIL, NOON + 20 * SECOND),
    ]


def test_a_ticket_resolved_by_idleness_is_told_of_under_its_new_epoch() -> None:
    fired = (FiredDue("idle_reminder/5", NOON + 3 * DAY),)
    decision = decide(make_facts(now=NOON + 8 * DAY, fired=fired), make_routing())
    assert [effect.key for effect in decision.effects] == ["resolved_notice/6"]


def test_a_requester_without_an_address_gets_no_mail_and_no_reminder() -> None:
    ticket = make_ticket(requester_reachable=False)
    decision = decide(make_facts(ticket=ticket, events=(agent_reply(5),)), make_routing())
    assert decision.effects == ()
    assert [due.kind for due in decision.dues] == [DueKind.IDLE_RESOLVE]


def test_a_pending_ticket_is_reminded_then_resolved() -> None:
    decision = decide(make_facts(), make_routing())
    assert [(due.key, due.due_at) for due in decision.dues] == [
        ("idle_reminder/5", NOON + 3 * DAY),
        ("idle_resolve/5", NOON + 7 * DAY),
    ]


def test_a_reminder_goes_out_at_its_time_and_never_before() -> None:
    early = decide(make_facts(now=NOON + 3 * DAY - SECOND), make_routing())
    assert early.effects == ()
    on_time = decide(make_facts(now=NOON + 3 * DAY), make_routing())
    assert [effect.kind for effect in on_time.effects] == [EffectKind.IDLE_REMINDER_MAIL]
    assert [step.due_key for step in on_time.steps] == ["idle_reminder/5"]
    assert [due.key for due in on_time.dues] == ["idle_resolve/5"]


def test_a_due_that_fired_does_not_fire_again() -> None:
    fired = (FiredDue("idle_reminder/5", NOON + 3 * DAY),)
    decision = decide(make_facts(now=NOON + 4 * DAY, fired=fired), make_routing())
    assert decision.steps == ()
    assert decision.effects == ()


def test_an_idle_ticket_is_resolved_at_the_dues_own_instant_and_then_waits_to_close() -> None:
    fired = (FiredDue("idle_reminder/5", NOON + 3 * DAY),)
    decision = decide(make_facts(now=NOON + 8 * DAY, fired=fired), make_routing())
    assert [(step.kind, step.effective_at) for step in decision.steps] == [(EventKind.TICKET_RESOLVED, NOON + 7 * DAY)]
    assert [(due.key, due.due_at) for due in decision.dues] == [("auto_close/6", NOON + 11 * DAY)]


def test_after_a_long_outage_the_customer_still_gets_the_reminder_and_its_time_to_answer() -> None:
    decision = decide(make_facts(now=NOON + 30 * DAY), make_routing())
    assert [step.due_key for step in decision.steps] == ["idle_reminder/5"]
    assert [(due.key, due.due_at) for due in decision.dues] == [("idle_resolve/5", NOON + 34 * DAY)]


def test_a_resolved_ticket_closes_after_its_grace() -> None:
    ticket = make_ticket(status=TicketStatus.RESOLVED)
    decision = decide(make_facts(ticket=ticket, now=NOON + 4 * DAY), make_routing())
    assert [step.kind for step in decision.steps] == [EventKind.TICKET_CLOSED]
    assert decision.dues == ()


@pytest.mark.parametrize("status", [TicketStatus.NEW, TicketStatus.OPEN, TicketStatus.ON_HOLD, TicketStatus.CLOSED])
def test_a_ticket_that_waits_for_nobodys_answer_has_no_dues(status: TicketStatus) -> None:
    assert plan_dues(make_ticket(status=status), make_brand(), ()) == ()


def test_switched_off_times_make_no_dues() -> None:
    brand = make_brand(idle_remind_after=None, idle_resolve_after=None, auto_close_after=None)
    for status in TicketStatus:
        assert plan_dues(make_ticket(status=status), brand, ()) == ()


def test_a_due_that_a_reply_overtook_does_not_fire_and_says_so() -> None:
    planned = (Due("idle_resolve/5", DueKind.IDLE_RESOLVE, NOON + 7 * DAY, "no answer"),)
    ticket = make_ticket(status=TicketStatus.OPEN, status_since=NOON + 7 * DAY + SECOND, status_epoch=6, version=6)
    decision = decide(make_facts(ticket=ticket, planned=planned, now=NOON + 8 * DAY), make_routing())
    assert decision.steps == ()
    assert [(line.cause, line.outcome) for line in decision.trace] == [
        ("due idle_resolve/5", "did not fire: the ticket has moved on")
    ]


def test_a_changed_brand_setting_moves_a_due_and_makes_no_second_one() -> None:
    ticket = make_ticket(status=TicketStatus.RESOLVED)
    before = plan_dues(ticket, make_brand(), ())
    after = plan_dues(ticket, make_brand(auto_close_after=DAY), ())
    assert [due.key for due in before] == [due.key for due in after]
    assert after[0].due_at == NOON + DAY


@given(offsets=st.lists(st.integers(0, 40 * 24 * 60), min_size=1, max_size=12), minutes=st.integers(1, 10_000))
def test_however_often_it_is_looked_at_each_due_fires_once_and_never_early(offsets: list[int], minutes: int) -> None:
    brand = make_brand(
        idle_remind_after=timedelta(minutes=minutes),
        idle_resolve_after=timedelta(minutes=2 * minutes),
        auto_close_after=timedelta(minutes=3 * minutes),
    )
    ticket, keys = make_ticket(), []
    fired: tuple[FiredDue, ...] = ()
    for offset in sorted(offsets):
        now = NOON + timedelta(minutes=offset)
        plan = {due.key: due.due_at for due in plan_dues(ticket, brand, fired)}
        decision = decide(make_facts(ticket=ticket, brand=brand, now=now, fired=fired), make_routing())
        for step in decision.steps:
            assert step.effective_at <= now
            assert plan.get(step.due_key, step.effective_at) == step.effective_at
            keys.append(step.due_key)
            fired = (*fired, FiredDue(step.due_key, now))
            version = ticket.version + 1
            ticket = replace(ticket, version=version)
            if step.changes:
                status = TicketStatus.RESOLVED if step.kind is EventKind.TICKET_RESOLVED else TicketStatus.CLOSED
                ticket = replace(ticket, status=status, status_since=step.effective_at, status_epoch=version)
        assert all(due.due_at > now for due in decision.dues)
        assert decision.dues == plan_dues(ticket, brand, fired)
    assert len(keys) == len(set(keys))


def test_round_robin_gives_each_candidate_the_same_number_of_turns() -> None:
    candidates = [Candidate(user, "") for user in (CAT, ANN, BEN)]
    last, picks = None, []
    for _ in range(9):
        picked = pick_round_robin(candidates, last)
        assert picked is not None
        last = picked.user_id
        picks.append(last)
    assert picks == [ANN, BEN, CAT] * 3


def test_round_robin_goes_on_after_a_candidate_who_has_left() -> None:
    picked = pick_round_robin([Candidate(ANN, ""), Candidate(CAT, "")], BEN)
    assert picked is not None
    assert picked.user_id == CAT
    assert pick_round_robin([], BEN) is None


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (3 * DAY, "3 days"),
        (timedelta(hours=25), "1 day 1 hour"),
        (timedelta(0), "0 seconds"),
        (90 * SECOND, "1 minute 30 seconds"),
    ],
)
def test_durations_are_told_as_people_say_them(duration: timedelta, text: str) -> None:
    assert words(duration) == text


@pytest.mark.parametrize(
    ("assignee", "active", "moves"), [(ANN, False, True), (ANN, True, False), (None, False, False)]
)
def test_a_ticket_given_by_hand_to_somebody_who_has_left_finds_an_owner(
    assignee: UUID | None, active: bool, moves: bool
) -> None:
    ticket = make_ticket(status=TicketStatus.OPEN, assignee_id=assignee)
    facts = make_facts(ticket=ticket, events=(make_event(5, EventKind.TICKET_ASSIGNED),))
    assert (decide(facts, make_routing(BEN, assignee_active=active)).assignment is not None) is moves
