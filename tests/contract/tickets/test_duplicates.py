"""Duplicates, which are settled with their original, and what decisions make of merges, splits and spam."""

from datetime import timedelta
from uuid import UUID

import pytest

from services.domain.clocks.model import Clock, ClockKind, ClockOutcome
from services.domain.decide import decide
from services.domain.decision import Decision
from services.domain.effects import EffectKind
from services.domain.errors import InvalidTransition
from services.domain.ticket import EventKind, Ticket, TicketStatus
from services.tickets.store.clocks import read_clocks
from services.tickets.store.decisions import DecisionRecord, apply_decision, get_for_decision
from tests.contract.tickets.desk import AGENT, MAIL, Desk
from tests.unit.clocks.test_decide_clocks import make_levels
from tests.unit.factories import make_routing

LEVELS = make_levels()


async def advance(desk: Desk, ticket_id: UUID) -> Decision:
    async with desk.database.transaction() as conn:
        facts = await get_for_decision(conn, ticket_id)
        decision = decide(facts, make_routing(), LEVELS)
        await apply_decision(conn, decision, facts=facts, record=DecisionRecord({}, {}, {}))
    return decision


async def status(desk: Desk, ticket: Ticket) -> TicketStatus:
    return (await (await desk.client()).get_ticket(ticket.id)).status


async def clock(desk: Desk, ticket: Ticket, kind: ClockKind) -> Clock:
    async with desk.database.transaction() as conn:
        return [found for found in await read_clocks(conn, ticket.id) if found.kind is kind][-1]


def kinds(decision: Decision) -> list[EffectKind]:
    return [effect.kind for effect in decision.effects]


async def new_tickets(desk: Desk, *requesters: str) -> list[Ticket]:
    tickets = [await desk.new_ticket(requester_email=requester) for requester in requesters]
    for ticket in tickets:
        await advance(desk, ticket.id)
    return tickets


async def test_duplicates_are_settled_with_their_original_also_those_of_duplicates(desk: Desk) -> None:
    original, first, second = await new_tickets(desk, "a@c.example", "b@c.example", "a@c.example")
    merges, agent = await desk.merges(), await desk.client()
    for _ in range(2):
        marked = await merges.mark_duplicate(first.id, original.id)
        await merges.mark_duplicate(second.id, first.id)
    assert (marked.duplicate_of, marked.status) == (original.id, TicketStatus.NEW)
    await agent.resolve_ticket(original.id, resolution="A new cable")
    for ticket in (original, first, second):
        decision = await advance(desk, ticket.id)
        assert await status(desk, ticket) is TicketStatus.RESOLVED
        assert (await agent.get_ticket(ticket.id)).resolution == "A new cable"
        assert kinds(decision) == [EffectKind.RESOLVED_NOTICE_MAIL]
    (*_, event), _ = await agent.list_events(first.id)
    assert (event.kind, event.actor, event.cause) == (
        EventKind.TICKET_RESOLVED,
        "duradesk",
        f"ticket {original.id}",
    )
    await agent.close_ticket(original.id)
    for ticket in (original, first, second):
        await advance(desk, ticket.id)
        assert await status(desk, ticket) is TicketStatus.CLOSED


async def test_a_requester_of_both_is_told_once(desk: Desk) -> None:
    original, duplicate = await new_tickets(desk, "a@c.example", "a@c.example")
    await (await desk.merges()).mark_duplicate(duplicate.id, original.id)
    await (await desk.client()).resolve_ticket(original.id)
    assert kinds(await advance(desk, original.id)) == [EffectKind.RESOLVED_NOTICE_MAIL]
    assert kinds(await advance(desk, duplicate.id)) == []
    assert await status(desk, duplicate) is TicketStatus.RESOLVED


async def test_settling_the_duplicate_does_not_settle_the_original(desk: Desk) -> None:
    original, duplicate = await new_tickets(desk, "a@c.example", "b@c.example")
    await (await desk.merges()).mark_duplicate(duplicate.id, original.id)
    await (await desk.client()).resolve_ticket(duplicate.id)
    for ticket in (duplicate, original):
        await advance(desk, ticket.id)
    assert await status(desk, original) is TicketStatus.NEW


async def test_a_duplicate_that_was_reopened_is_not_settled_by_later_notes(desk: Desk) -> None:
    original, duplicate = await new_tickets(desk, "a@c.example", "b@c.example")
    await (await desk.merges()).mark_duplicate(duplicate.id, original.id)
    await (await desk.client()).resolve_ticket(original.id)
    await advance(desk, original.id)
    await desk.reply(duplicate, MAIL, sender_email="b@c.example")
    await (await desk.client()).update_ticket(original.id, {"tags": ("late",)})
    await advance(desk, original.id)
    assert await status(desk, duplicate) is TicketStatus.OPEN


async def test_duplicates_of_a_merged_ticket_are_settled_with_the_survivor_and_spam_settles_nobody(desk: Desk) -> None:
    survivor, merged, duplicate, spam, other = await new_tickets(desk, *["a@c.example"] * 5)
    merges, agent = await desk.merges(), await desk.client()
    await merges.mark_duplicate(duplicate.id, merged.id)
    await merges.mark_duplicate(other.id, spam.id)
    await merges.merge_ticket(merged.id, survivor.id)
    await merges.mark_spam(spam.id)
    for ticket in (merged, spam):
        assert kinds(await advance(desk, ticket.id)) == []
    assert [await status(desk, ticket) for ticket in (duplicate, other)] == [TicketStatus.NEW] * 2
    await agent.resolve_ticket(survivor.id)
    await advance(desk, survivor.id)
    assert [await status(desk, ticket) for ticket in (duplicate, other)] == [TicketStatus.RESOLVED, TicketStatus.NEW]


async def test_no_ticket_is_its_own_duplicate_however_far_round(desk: Desk) -> None:
    a, b, c = await new_tickets(desk, *["a@c.example"] * 3)
    merges = await desk.merges()
    await merges.mark_duplicate(a.id, b.id)
    await merges.mark_duplicate(b.id, c.id)
    for ticket, original in ((a, a), (c, a), (b, a)):
        with pytest.raises(InvalidTransition) as refused:
            await merges.mark_duplicate(ticket.id, original.id)
        assert refused.value.reason == "CIRCLE"
    # A circle that came about all the same settles each once.
    await desk.rows("UPDATE tickets SET duplicate_of = %(a)s WHERE id = %(c)s", a=a.id, c=c.id)
    await (await desk.client()).resolve_ticket(a.id)
    for ticket in (a, c, b, a):
        await advance(desk, ticket.id)
    assert [await status(desk, ticket) for ticket in (a, b, c)] == [TicketStatus.RESOLVED] * 3
    events = (await (await desk.client()).list_events(b.id))[0]
    assert [event.kind for event in events].count(EventKind.TICKET_RESOLVED) == 1
    assert (await merges.unmark_duplicate(b.id)).duplicate_of is None


async def test_clocks_and_dues_of_a_merged_ticket_and_of_spam_are_silent(desk: Desk) -> None:
    target, *set_aside = await new_tickets(desk, *["a@c.example"] * 3)
    merges = await desk.merges()
    await merges.merge_ticket(set_aside[0].id, target.id)
    await merges.mark_spam(set_aside[1].id)
    for ticket in set_aside:
        decision = await advance(desk, ticket.id)
        assert (decision.dues, decision.effects, decision.assignment) == ((), (), None)
        for kind in (ClockKind.FIRST_RESPONSE, ClockKind.RESOLUTION):
            assert (await clock(desk, ticket, kind)).outcome is ClockOutcome.CANCELLED
        desk.clock.skipped += timedelta(days=30)
        assert (await advance(desk, ticket.id)).steps == ()
    await merges.unmerge_ticket(set_aside[0].id)
    await advance(desk, set_aside[0].id)
    assert (await clock(desk, set_aside[0], ClockKind.RESOLUTION)).is_live


async def test_nobody_is_told_of_a_split_or_of_a_merge(desk: Desk) -> None:
    (ticket,) = await new_tickets(desk, "a@c.example")
    await desk.reply(ticket, MAIL, sender_email="a@c.example", body="and another thing")
    await advance(desk, ticket.id)
    message = (await (await desk.client()).list_messages(ticket.id))[0][-1]
    merges = await desk.merges()
    split = await merges.split_message(ticket.id, message.id)
    decision = await advance(desk, split.id)
    assert (kinds(decision), decision.assignment is not None) == ([], True)
    assert kinds(await advance(desk, ticket.id)) == []
    await merges.merge_ticket(split.id, ticket.id)
    for merged in (split, ticket):
        assert kinds(await advance(desk, merged.id)) == []
    assert AGENT.may("tickets.merge")
