"""Decisions: what they see, what they change, and that they change it once."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from duradesk.tickets.v1 import decision_pb2
from google.protobuf.json_format import ParseDict

from services.common.wire import from_message, to_message
from services.domain.decide import decide
from services.domain.decision import Decision, Plan
from services.domain.errors import Conflict, Invalid, NotFound
from services.domain.facts import Facts
from services.domain.message import AuthorKind, Visibility
from services.domain.routing_facts import Candidate, RoutingFacts
from services.domain.ticket import EventKind, Priority, TicketStatus
from tests.contract.orchestration.conftest import OpenDesk
from tests.contract.orchestration.desk import Desk
from tests.unit.factories import ANN, TEAM, make_routing

DAY = timedelta(days=1)


async def advance_until_applied(desk: Desk, ticket_id: UUID) -> Plan:
    """As the worker's activity does: a conflict means read and decide again."""
    while True:
        try:
            return await desk.advance(ticket_id)
        except Conflict:
            continue


async def state_of(desk: Desk, ticket_id: UUID) -> list[object]:
    """All that a decision may write for the ticket."""
    return [
        await desk.rows(statement, id=ticket_id)
        for statement in (
            "SELECT * FROM tickets WHERE id = %(id)s",
            "SELECT * FROM events WHERE ticket_id = %(id)s ORDER BY seq",
            "SELECT * FROM decisions WHERE ticket_id = %(id)s ORDER BY id",
            "SELECT * FROM dues WHERE ticket_id = %(id)s ORDER BY key",
            "SELECT * FROM fired_dues WHERE ticket_id = %(id)s ORDER BY key",
            "SELECT * FROM effects WHERE ticket_id = %(id)s ORDER BY key",
            "SELECT * FROM assignment_cursors",
            "SELECT * FROM outbox WHERE ticket_id = %(id)s",
        )
    ]


async def test_facts_hold_the_events_that_are_not_yet_decided_and_no_text(desk: Desk) -> None:
    ticket_id = await desk.new_ticket(subject="canary")
    await desk.advance(ticket_id)
    message_id = await desk.agent_replies(ticket_id, "canary")
    facts = await desk.client.get_for_decision(ticket_id)
    (event,) = facts.events
    assert (event.seq, event.kind, event.message_id) == (3, EventKind.MESSAGE_ADDED, message_id)
    assert (event.visibility, event.author_kind) == (Visibility.PUBLIC, AuthorKind.AGENT)
    assert len(event.message_hash) == 64
    assert facts.ticket.version == 3
    assert facts.ticket.requester_reachable
    assert facts.brand.idle_remind_after == 3 * DAY
    assert not facts.more
    assert "canary" not in str(facts)
    assert "example" not in str(facts)


async def test_facts_of_a_ticket_that_does_not_exist_are_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound):
        await desk.client.get_for_decision(uuid4())


async def test_a_new_ticket_gets_team_and_assignee_with_the_reason(desk: Desk) -> None:
    ticket_id = await desk.new_ticket()
    plan = await desk.advance(ticket_id)
    created, assigned = await desk.events(ticket_id)
    ticket = await desk.row("SELECT * FROM tickets")
    decision = await desk.row("SELECT * FROM decisions")
    assert created["seq"] == 1
    assert (assigned["kind"], assigned["cause"], assigned["actor"]) == ("ticket_assigned", "event 1", "duradesk")
    assert assigned["decision_id"] == decision["id"]
    assert "round robin in Support" in assigned["reason"]
    assert assigned["changes"] == [
        {"field": "team_id", "old": None, "new": str(TEAM)},
        {"field": "assignee_id", "old": None, "new": str(ANN)},
    ]
    assert (ticket["team_id"], ticket["assignee_id"], ticket["version"]) == (TEAM, ANN, 2)
    assert ticket["decided_seq"] == 2
    assert await desk.rows("SELECT * FROM outbox") == []
    assert (plan.number, plan.status, plan.brand_name) == (ticket["number"], TicketStatus.NEW, "Support")
    assert (plan.next_due_at, plan.due_in_seconds, plan.next_due_reason, plan.more) == (None, 0, "", False)


async def test_a_team_without_active_members_keeps_the_ticket_in_its_queue(desk: Desk) -> None:
    desk.routing = replace(make_routing(), members=(), assignee_active=False)
    ticket_id = await desk.new_ticket()
    await desk.advance(ticket_id)
    await desk.customer_replies(ticket_id)
    await desk.advance(ticket_id)
    assigned = [event for event in await desk.events(ticket_id) if event["kind"] == "ticket_assigned"]
    assert [event["changes"] for event in assigned] == [[{"field": "team_id", "old": None, "new": str(TEAM)}]]
    assert "waits in the team's queue" in assigned[0]["reason"]


async def test_two_decisions_on_the_same_facts_at_once_are_applied_once(desk: Desk) -> None:
    ticket_id = await desk.new_ticket()
    await desk.advance(ticket_id)
    # A reply leads to an effect and to no event of the decision: the version alone would let both pass.
    await desk.agent_replies(ticket_id)
    decision, facts = await desk.decide(ticket_id)
    results = await asyncio.gather(*(desk.apply(decision, facts) for _ in range(2)), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["Conflict", "Plan"]
    assert len(await desk.rows("SELECT 1 FROM effects")) == 1


async def test_a_change_after_the_facts_were_read_is_a_conflict(desk: Desk) -> None:
    ticket_id = await desk.new_ticket()
    decision, facts = await desk.decide(ticket_id)
    await desk.customer_replies(ticket_id)
    with pytest.raises(Conflict):
        await desk.apply(decision, facts)
    assert await desk.rows("SELECT 1 FROM decisions") == []


async def test_a_decision_made_of_other_facts_is_refused(desk: Desk) -> None:
    decision, facts = await desk.decide(await desk.new_ticket())
    other = replace(facts, ticket=replace(facts.ticket, id=uuid4()))
    with pytest.raises(Invalid):
        await desk.apply(decision, other)


async def test_advancing_again_after_a_lost_result_changes_nothing_and_gives_the_same_plan(desk: Desk) -> None:
    ticket_id = await desk.new_ticket()
    await desk.agent_replies(ticket_id)
    decision, facts = await desk.decide(ticket_id)
    plan = await desk.apply(decision, facts)
    before = await state_of(desk, ticket_id)
    with pytest.raises(Conflict):
        await desk.apply(decision, facts)
    again = await desk.advance(ticket_id)
    assert await state_of(desk, ticket_id) == before
    assert replace(again, due_in_seconds=0) == replace(plan, due_in_seconds=0)
    assert again.open_effects


async def test_the_plan_names_the_next_due_in_seconds_of_the_database(desk: Desk) -> None:
    ticket_id = await desk.new_ticket()
    await desk.agent_replies(ticket_id)
    plan = await desk.advance(ticket_id)
    assert plan.status is TicketStatus.PENDING
    assert plan.next_due_reason == "no answer from the customer for 3 days"
    assert 3 * 86400 - 60 < plan.due_in_seconds <= 3 * 86400
    assert [row["kind"] for row in await desk.rows("SELECT kind FROM dues ORDER BY due_at")] == [
        "idle_reminder",
        "idle_resolve",
    ]
    assert (await desk.row("SELECT next_due_at FROM tickets"))["next_due_at"] == plan.next_due_at


async def test_dues_fire_at_their_own_instants_and_once(desk: Desk) -> None:
    ticket_id = await desk.new_ticket()
    await desk.agent_replies(ticket_id)
    await desk.advance(ticket_id)
    for days in (3, 7, 11):
        desk.clock.skipped = timedelta(days=days, hours=1)
        await asyncio.gather(*(advance_until_applied(desk, ticket_id) for _ in range(3)))
    events = await desk.events(ticket_id)
    fired = {row["key"]: row["due_at"] for row in await desk.rows("SELECT * FROM fired_dues")}
    assert [event["kind"] for event in events[3:]] == ["due_fired", "ticket_resolved", "ticket_closed"]
    assert [event["effective_at"] for event in events[3:]] == sorted(fired.values())
    assert list(fired) == ["idle_reminder/2", "idle_resolve/2", "auto_close/5"]
    ticket = await desk.row("SELECT * FROM tickets")
    assert (ticket["status"], ticket["status_epoch"], ticket["next_due_at"]) == ("closed", 6, None)
    assert ticket["status_since"] == events[-1]["effective_at"]


async def test_a_due_that_fired_does_not_fire_again_whatever_the_facts_say(desk: Desk) -> None:
    ticket_id = await desk.new_ticket()
    await desk.agent_replies(ticket_id)
    await desk.advance(ticket_id)
    desk.clock.skipped = 4 * DAY
    decision, facts = await desk.decide(ticket_id)
    await desk.rows(
        "INSERT INTO fired_dues (ticket_id, key, due_at, fired_at)"
        " VALUES (%(id)s, 'idle_reminder/2', instant(), instant())",
        id=ticket_id,
    )
    with pytest.raises(Conflict):
        await desk.apply(decision, facts)


async def test_a_closed_tickets_dues_are_gone(desk: Desk) -> None:
    ticket_id = await desk.new_ticket()
    await desk.agent_replies(ticket_id)
    await desk.advance(ticket_id)
    await desk.set_status(ticket_id, EventKind.TICKET_CLOSED, TicketStatus.CLOSED)
    plan = await desk.advance(ticket_id)
    assert plan.next_due_at is None
    assert await desk.rows("SELECT 1 FROM dues") == []


async def test_a_reply_becomes_one_effect_with_a_message_id_of_the_brands_domain(desk: Desk) -> None:
    ticket_id = await desk.new_ticket()
    message_id = await desk.agent_replies(ticket_id)
    plan = await desk.advance(ticket_id)
    effect = await desk.row("SELECT * FROM effects")
    assert plan.open_effects == (effect["id"],)
    assert (effect["key"], effect["message_id"], effect["state"]) == (f"reply/{message_id}", message_id, "ready")
    assert effect["rfc_message_id"] == f"<{effect['id']}@localhost>"


async def test_an_effect_that_waits_for_its_time_is_the_next_due_and_not_yet_open(desk: Desk) -> None:
    ticket_id = await desk.new_ticket()
    await desk.agent_replies(ticket_id)
    decision, facts = await desk.decide(ticket_id)
    later = facts.now + DAY
    effects = tuple(replace(effect, not_before=later) for effect in decision.effects)
    plan = await desk.apply(replace(decision, effects=effects), facts)
    assert (plan.next_due_at, plan.open_effects) == (later, ())
    desk.clock.skipped = DAY
    assert len((await desk.advance(ticket_id)).open_effects) == 1
    # Its time has come: what is next now is the reminder.
    assert (await desk.row("SELECT next_due_at FROM tickets"))["next_due_at"] > later


async def test_more_than_200_events_are_decided_in_turns(desk: Desk) -> None:
    ticket_id = await desk.new_ticket()
    for _ in range(205):
        await desk.write(ticket_id, AuthorKind.AGENT, status=TicketStatus.OPEN, visibility=Visibility.INTERNAL)
    plan = await desk.advance(ticket_id)
    ticket = await desk.row("SELECT * FROM tickets")
    (row,) = await desk.rows("SELECT * FROM outbox")
    assert plan.more
    assert (ticket["decided_seq"], ticket["version"]) == (200, 207)
    assert (row["signalled_at"], row["attempts"]) == (None, 0)
    assert not (await desk.advance(ticket_id)).more
    assert await desk.rows("SELECT 1 FROM outbox") == []
    assert (await desk.row("SELECT decided_seq FROM tickets"))["decided_seq"] == 207


async def test_a_stored_decision_replays_to_the_same_decision(desk: Desk) -> None:
    ticket_id = await desk.new_ticket(priority=Priority.URGENT)
    await desk.agent_replies(ticket_id)
    await desk.advance(ticket_id)
    desk.clock.skipped = 4 * DAY
    await desk.advance(ticket_id)
    await desk.customer_replies(ticket_id)
    await desk.advance(ticket_id)
    stored = await desk.rows("SELECT facts, routing, decision FROM decisions")
    assert len(stored) == 3
    for row in stored:
        facts = from_message(ParseDict(row["facts"], decision_pb2.Facts()), Facts)
        routing = from_message(ParseDict(row["routing"], decision_pb2.RoutingFacts()), RoutingFacts)
        decision = from_message(ParseDict(row["decision"], decision_pb2.Decision()), Decision)
        assert decide(facts, routing) == decision
        assert to_message(decision, decision_pb2.Decision) == ParseDict(row["decision"], decision_pb2.Decision())


async def test_round_robin_is_fair_under_concurrent_decisions(open_desk: OpenDesk) -> None:
    agents = [uuid4() for _ in range(7)]
    routing = replace(make_routing(), members=tuple(Candidate(agent, "active member") for agent in agents))
    desks = [await open_desk() for _ in range(2)]
    for desk in desks:
        desk.routing = routing
    tickets = [await desks[0].new_ticket() for _ in range(210)]

    async def caller(number: int) -> None:
        for ticket_id in tickets[number::4]:
            await desks[number % 2].advance(ticket_id)

    await asyncio.gather(*(caller(number) for number in range(4)))
    counts = Counter(row["assignee_id"] for row in await desks[0].rows("SELECT assignee_id FROM tickets"))
    assert set(counts) == set(agents)
    assert max(counts.values()) - min(counts.values()) <= 1
