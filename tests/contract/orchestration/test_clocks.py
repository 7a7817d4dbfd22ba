"""Clocks in the database: written by decisions with their ledger, read back exactly, fired once."""

from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import pytest

from services.domain.actions import Action, ActionKind
from services.domain.clocks.model import Clock, ClockKind, ClockOutcome, SegmentState
from services.domain.clocks.policy import ServiceLevels
from services.domain.decide import decide
from services.domain.decision import Plan
from services.domain.errors import Conflict, InvalidTransition
from services.domain.facts import Facts
from services.domain.message import AuthorKind
from services.domain.principal import Role
from services.domain.ticket import Priority, TicketStatus
from services.tickets.store.clocks import read_clocks
from tests.contract.orchestration.desk import Desk
from tests.unit.clocks.test_decide_clocks import FIRST, HALF, LATE, LIMIT, MINUTE, make_levels
from tests.unit.factories import BEN, CAT

LEVELS = make_levels()


async def advance(desk: Desk, ticket_id: UUID, levels: ServiceLevels = LEVELS) -> Plan:
    facts = await desk.client.get_for_decision(ticket_id)
    return await apply(desk, facts, levels)


async def apply(desk: Desk, facts: Facts, levels: ServiceLevels) -> Plan:
    decision = decide(facts, desk.routing, levels)
    return await desk.client.apply_decision(decision, facts=facts, routing=desk.routing)


async def clock(desk: Desk, ticket_id: UUID, kind: ClockKind) -> Clock:
    async with desk.database.transaction() as conn:
        return [found for found in await read_clocks(conn, ticket_id) if found.kind is kind][-1]


async def test_the_next_limit_is_what_the_workflow_waits_for(desk: Desk) -> None:
    ticket_id = await desk.new_ticket()
    plan = await advance(desk, ticket_id)
    assert plan.next_due_reason == "step half of first response"
    assert 1700 < plan.due_in_seconds <= 1800


async def test_a_ledger_is_read_back_as_it_was_decided(desk: Desk) -> None:
    ticket_id = await desk.new_ticket()
    await advance(desk, ticket_id)
    desk.clock.skipped += 10 * MINUTE
    await desk.write(ticket_id, AuthorKind.AGENT, status=TicketStatus.PENDING)
    await advance(desk, ticket_id)
    answered = await clock(desk, ticket_id, FIRST)
    assert answered.outcome is ClockOutcome.MET
    assert 10 * MINUTE <= answered.elapsed < 10 * MINUTE + timedelta(seconds=30)
    resolution = await clock(desk, ticket_id, ClockKind.RESOLUTION)
    assert [part.state for part in resolution.segments] == [SegmentState.RUNNING, SegmentState.PAUSED]
    assert resolution.segments[0].ended_at == resolution.segments[1].began_at == answered.segments[-1].ended_at
    facts = await desk.client.get_for_decision(ticket_id)
    assert decide(facts, desk.routing, LEVELS).clocks == facts.clocks


async def test_steps_fire_once_raise_the_priority_and_tell_it_in_the_activity(desk: Desk) -> None:
    ticket_id = await desk.new_ticket()
    await advance(desk, ticket_id)
    desk.clock.skipped += 100 * MINUTE
    facts = await desk.client.get_for_decision(ticket_id)
    await apply(desk, facts, LEVELS)
    with pytest.raises(Conflict):
        await apply(desk, facts, LEVELS)
    await advance(desk, ticket_id)
    events = await desk.rows(
        "SELECT kind, cause, effective_at FROM events WHERE ticket_id = %(id)s AND cause LIKE 'due %%' ORDER BY seq",
        id=ticket_id,
    )
    assert [event["cause"] for event in events] == [f"due {key}" for key in (HALF, LIMIT, LATE)]
    row = await desk.row("SELECT priority, tags, created_at FROM tickets WHERE id = %(id)s", id=ticket_id)
    assert (row["priority"], row["tags"]) == (Priority.HIGH, ["warned"])
    assert [event["effective_at"] - row["created_at"] for event in events] == [30 * MINUTE, 60 * MINUTE, 90 * MINUTE]


async def test_new_terms_reckon_the_ledger_anew_and_leave_what_ended(desk: Desk) -> None:
    ticket_id = await desk.new_ticket()
    await advance(desk, ticket_id)
    desk.clock.skipped += 10 * MINUTE
    await desk.write(ticket_id, AuthorKind.AGENT, status=TicketStatus.OPEN)
    await advance(desk, ticket_id)
    before = await clock(desk, ticket_id, FIRST)
    await advance(desk, ticket_id, make_levels(conditions="priority:urgent"))
    assert await clock(desk, ticket_id, FIRST) == before
    assert (await clock(desk, ticket_id, ClockKind.RESOLUTION)).policy_id is None


async def test_a_step_leaves_its_note_once_and_tells_only_who_may_see_the_ticket(desk: Desk) -> None:
    desk.colleagues.add(BEN)
    desk.colleagues.add(CAT, Role.LIGHT_AGENT)
    told = [Action(ActionKind.NOTIFY, user_id=person) for person in (BEN, CAT)]
    levels = make_levels(*told, Action(ActionKind.NOTE, note="Call them."))
    ticket_id = await desk.new_ticket()
    await advance(desk, ticket_id, levels)
    desk.clock.skipped += 100 * MINUTE
    await advance(desk, ticket_id, levels)
    plan = await advance(desk, ticket_id, levels)
    notes = await desk.rows(
        "SELECT m.body, m.visibility, m.author_name, e.cause FROM messages m JOIN events e ON e.message_id = m.id"
        " WHERE m.ticket_id = %(id)s AND m.author_id = 'duradesk'",
        id=ticket_id,
    )
    assert [tuple(note.values()) for note in notes] == [("Call them.", "internal", "Duradesk", f"due {LATE}")]
    sent = []
    for effect_id in plan.open_effects:
        with suppress(InvalidTransition):
            sent.append((await desk.client.claim_effect(effect_id, lease=MINUTE)).mail)
    (mail,) = [mail for mail in sent if "escalated" in mail.subject]
    assert mail.to_address == f"agent-{BEN.int}@desk.example"
    assert "was escalated: step late of first response." in mail.text


async def test_a_reminder_is_mailed_with_its_words_to_who_set_it(desk: Desk) -> None:
    desk.colleagues.add(BEN)
    ticket_id = await desk.new_ticket()
    await desk.rows(
        "INSERT INTO reminders (ticket_id, seq, user_id, remind_at, text, id)"
        " VALUES (%(id)s, 1, %(ben)s, instant() + interval '1 hour', %(text)s, gen_random_uuid())",
        id=ticket_id,
        ben=BEN,
        text="Call them.\nTwice.",
    )
    await advance(desk, ticket_id)
    desk.clock.skipped += 61 * MINUTE
    sent = []
    for effect_id in (await advance(desk, ticket_id)).open_effects:
        with suppress(InvalidTransition):
            sent.append((await desk.client.claim_effect(effect_id, lease=MINUTE)).mail)
    (mail,) = [mail for mail in sent if "reminder" in mail.subject]
    assert mail.to_address == f"agent-{BEN.int}@desk.example"
    assert "Call them.\nTwice." in mail.text
