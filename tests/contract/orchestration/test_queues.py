"""Who gets a ticket when many are decided at once, and what becomes of those that nobody is free for."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from services.domain.decide import decide
from services.domain.errors import Conflict
from services.domain.queue import FreePlace
from services.domain.routing_facts import AssignmentStrategy, MemberFacts, RoutingFacts, TeamFacts
from services.domain.ticket import EventKind, Priority, TicketStatus
from services.tickets.store.events import append_event, lock_ticket
from tests.contract.orchestration.conftest import OpenDesk
from tests.contract.orchestration.desk import Desk
from tests.unit.factories import ANN, BEN, CAT, TEAM, make_routing

COUNTED = (TicketStatus.NEW, TicketStatus.OPEN)
NIGHT = UUID(int=5)
LEAST = AssignmentStrategy.LEAST_LOADED


def team(*people: UUID, capacity: int = 0, **overrides: object) -> TeamFacts:
    members = tuple(MemberFacts(person, capacity=capacity) for person in people)
    facts = TeamFacts(TEAM, "Support", 1, members, strategy=LEAST, counted_statuses=COUNTED)
    return replace(facts, **overrides)  # type: ignore[arg-type] # as its fields are


def staffed(*teams: TeamFacts, revision: int = 1) -> RoutingFacts:
    first = teams[0]
    return replace(make_routing(), team_id=first.team_id, team_name=first.name, teams=teams, revision=revision)


async def work(desk: Desk, *, at_once: int = 4) -> list[UUID]:
    """What the relay claims is decided by so many workers at once, until nothing is left; in the order of claims."""
    claimed: list[UUID] = []
    while nudges := await desk.client.claim_outbox(window=at_once, urgent_places=0, wait=timedelta()):
        ids = [nudge.ticket_id for nudge in nudges]
        claimed += ids
        await asyncio.gather(*(advance(desk, ticket_id) for ticket_id in ids))
    return claimed


async def advance(desk: Desk, ticket_id: UUID, routing: RoutingFacts | None = None) -> None:
    """As a worker does, with routing's facts of its own."""
    while True:
        facts = await desk.client.get_for_decision(ticket_id)
        seen = replace(routing or desk.routing, assignee_active=facts.ticket.assignee_id is not None)
        try:
            await desk.client.apply_decision(decide(facts, seen), facts=facts, routing=seen)
        except Conflict:
            continue
        return


async def loads(desk: Desk) -> Counter[UUID | None]:
    rows = await desk.rows("SELECT assignee_id, count(*) AS load FROM tickets GROUP BY assignee_id")
    return Counter({row["assignee_id"]: row["load"] for row in rows})


async def tickets(desk: Desk, *priorities: Priority) -> list[UUID]:
    return [await desk.new_ticket(priority=priority) for priority in priorities]


async def settle_one_of(desk: Desk, user_id: UUID) -> None:
    row = (await desk.rows("SELECT id FROM tickets WHERE assignee_id = %(user)s AND status = 'new'", user=user_id))[0]
    await desk.set_status(row["id"], EventKind.TICKET_RESOLVED, TicketStatus.RESOLVED)


async def test_nobody_gets_more_than_they_may_however_many_are_decided_at_once(desk: Desk) -> None:
    desk.routing = staffed(team(ANN, BEN, CAT, capacity=4))
    await tickets(desk, *[Priority.NORMAL] * 20)
    await work(desk, at_once=8)
    assert await loads(desk) == {ANN: 4, BEN: 4, CAT: 4, None: 8}
    waiting = await desk.queues.list_queues()
    assert (waiting.is_waiting, waiting.waited_for_ids) == (True, (ANN, BEN, CAT))
    queued = await desk.rows("SELECT queued_since FROM tickets WHERE assignee_id IS NULL")
    assert all(row["queued_since"] for row in queued)


async def test_two_teams_that_share_somebody_do_not_fill_their_desk_twice(open_desk: OpenDesk) -> None:
    desks = [await open_desk(), await open_desk()]
    support, night = team(ANN, BEN, capacity=3), team(ANN, CAT, capacity=3, team_id=NIGHT, name="Night")
    ids = await tickets(desks[0], *[Priority.NORMAL] * 12)
    routings = (staffed(support), staffed(night))
    await asyncio.gather(*(advance(desks[n % 2], ticket_id, routings[n % 2]) for n, ticket_id in enumerate(ids)))
    found = await loads(desks[0])
    assert max(found[person] for person in (ANN, BEN, CAT)) == 3
    assert found[None] == 12 - found[ANN] - found[BEN] - found[CAT]


async def test_who_has_the_fewest_open_tickets_gets_the_next_and_equals_take_turns(desk: Desk) -> None:
    desk.routing = staffed(team(ANN, BEN, CAT))
    ids = await tickets(desk, *[Priority.NORMAL] * 9)
    await work(desk)
    assert await loads(desk) == {ANN: 3, BEN: 3, CAT: 3}
    await settle_one_of(desk, BEN)
    last = await desk.new_ticket()
    await work(desk)
    (event,) = [event for event in await desk.events(last) if event["kind"] == "ticket_assigned"]
    assert event["changes"][-1]["new"] == str(BEN)
    assert event["reason"].endswith("(an active member of Support, 2 open)")
    assert len(ids) == 9


async def test_a_settled_ticket_makes_room_for_the_most_urgent_that_waits_and_for_no_other(desk: Desk) -> None:
    desk.routing = staffed(team(ANN, capacity=1))
    low, normal, urgent = await tickets(desk, Priority.HIGH, Priority.NORMAL, Priority.NORMAL)
    await work(desk, at_once=1)
    (late,) = await tickets(desk, Priority.URGENT)
    await work(desk)
    assert await loads(desk) == {ANN: 1, None: 3}
    await settle_one_of(desk, ANN)
    claimed = await work(desk)
    assert late in claimed
    assert len(claimed) == 2  # the settled one itself, and one that waited
    assert (await desk.row("SELECT id FROM tickets WHERE assignee_id IS NOT NULL AND status = 'new'"))["id"] == late
    assert {low, normal, urgent} & set(claimed)


async def test_a_new_ticket_does_not_overtake_those_that_wait(desk: Desk) -> None:
    desk.routing = staffed(team(ANN, capacity=1))
    first, second = await tickets(desk, Priority.NORMAL, Priority.NORMAL)
    await work(desk, at_once=1)
    await desk.set_status(first, EventKind.TICKET_RESOLVED, TicketStatus.RESOLVED)
    (new,) = await tickets(desk, Priority.NORMAL)
    # Decided before anybody has told the one that waits.
    await advance(desk, new)
    assert (await desk.row("SELECT assignee_id FROM tickets WHERE id = %(id)s", id=new))["assignee_id"] is None
    reason = (await desk.row("SELECT reason FROM waiting_tickets WHERE ticket_id = %(id)s", id=new))["reason"]
    assert reason == "waits in the queue of Support: others are before it"
    await work(desk)
    assert (await desk.row("SELECT assignee_id FROM tickets WHERE id = %(id)s", id=second))["assignee_id"] == ANN
    assert await loads(desk) == {ANN: 2, None: 1}


async def test_a_ticket_that_became_urgent_goes_first_also_before_it_is_decided_again(desk: Desk) -> None:
    desk.routing = staffed(team(ANN, capacity=1))
    first, second, third = await tickets(desk, *[Priority.NORMAL] * 3)
    await work(desk, at_once=1)
    async with desk.database.transaction() as conn:
        changes = {"priority": Priority.URGENT}
        await append_event(conn, await lock_ticket(conn, third), EventKind.TICKET_UPDATED, actor="ann", changes=changes)
    await desk.set_status(first, EventKind.TICKET_RESOLVED, TicketStatus.RESOLVED)
    await advance(desk, second)
    assert await loads(desk) == {ANN: 1, None: 2}
    await advance(desk, third)
    row = await desk.row("SELECT assignee_id FROM tickets WHERE id = %(id)s", id=third)
    assert row["assignee_id"] == ANN


async def test_a_queue_drains_in_its_order_to_those_who_come_back(desk: Desk) -> None:
    away = tuple(MemberFacts(person, capacity=5, away=True) for person in (ANN, BEN, CAT))
    desk.routing = staffed(team(members=away))
    ids = await tickets(desk, *[Priority.LOW, Priority.URGENT, Priority.NORMAL, Priority.HIGH] * 10)
    await work(desk, at_once=8)
    order = [
        row["id"]
        for row in await desk.rows(
            "SELECT id FROM tickets ORDER BY array_position(ARRAY['urgent', 'high', 'normal', 'low'], priority),"
            " (SELECT waiting_since FROM waiting_tickets w WHERE w.ticket_id = tickets.id), id"
        )
    ]
    assert len(order) == len(ids) == 40
    for here in ((ANN,), (ANN, BEN, CAT)):
        back = tuple(replace(member, away=member.user_id not in here) for member in away)
        desk.routing = staffed(team(members=back))
        places = [FreePlace(person, 5, COUNTED) for person in here]
        nudged = await desk.queues.nudge_queues(places, revision=1)
        assert nudged == (5 if here == (ANN,) else 10)
        assert await desk.queues.nudge_queues(places, revision=1) == 0  # they are told already
        assert len(await work(desk, at_once=8)) == nudged
    got = [row["id"] for row in await desk.rows("SELECT id FROM tickets WHERE assignee_id IS NOT NULL")]
    assert set(got) == set(order[:15])
    assert await loads(desk) == {ANN: 5, BEN: 5, CAT: 5, None: 25}


async def test_what_waits_is_looked_at_again_when_teams_skills_or_staff_changed(desk: Desk) -> None:
    desk.routing = staffed(team())
    (waits,) = await tickets(desk, Priority.NORMAL)
    await work(desk)
    assert await desk.queues.nudge_queues([], revision=1) == 0
    assert await desk.queues.nudge_queues([], revision=2) == 1
    desk.routing = staffed(team(ANN), revision=2)
    assert await work(desk) == [waits]
    assert await loads(desk) == {ANN: 1}
    assert await desk.rows("SELECT * FROM waiting_tickets") == []
    assert (await desk.row("SELECT queued_since FROM tickets"))["queued_since"] is None


async def test_waiting_in_vain_writes_no_decision(desk: Desk) -> None:
    desk.routing = staffed(team(ANN, capacity=1))
    _, waits = await tickets(desk, Priority.NORMAL, Priority.NORMAL)
    await work(desk, at_once=1)
    before = await desk.rows("SELECT id FROM decisions")
    for _ in range(3):
        await desk.client.nudge_tickets([waits])
        await work(desk)
    assert await desk.rows("SELECT id FROM decisions") == before


async def test_a_ticket_whose_assignee_left_goes_to_somebody_else(desk: Desk) -> None:
    desk.routing = staffed(team(ANN))
    (ticket_id,) = await tickets(desk, Priority.NORMAL)
    await work(desk)
    assert (await desk.queues.list_queues()).assignee_ids == (ANN,)
    assert await desk.queues.nudge_queues([], revision=1, left_user_ids=[ANN]) == 1
    desk.routing = staffed(team(BEN))
    facts = await desk.client.get_for_decision(ticket_id)
    gone = replace(desk.routing, assignee_active=False)
    await desk.client.apply_decision(decide(facts, gone), facts=facts, routing=gone)
    assert await loads(desk) == {BEN: 1}
    assert (await desk.events(ticket_id))[-1]["cause"] == "the assignee left"


async def test_another_team_takes_after_a_wait_what_nobody_is_free_for(desk: Desk) -> None:
    night = team(BEN, team_id=NIGHT, name="Night")
    own = team(ANN, capacity=1, overflow_team_id=NIGHT, overflow_after=timedelta(minutes=30))
    desk.routing = staffed(own, night)
    taken, waits = await tickets(desk, Priority.NORMAL, Priority.NORMAL)
    await work(desk, at_once=1)
    (due,) = await desk.rows("SELECT ticket_id, kind, reason FROM dues")
    assert (due["ticket_id"], due["kind"]) == (waits, "overflow")
    assert due["reason"] == "nobody of Support was free for 30 minutes: Night may take it"
    place = await desk.row("SELECT * FROM waiting_tickets")
    assert place["fits"] == [ANN]
    desk.clock.skipped = timedelta(minutes=31)
    await advance(desk, waits)
    row = await desk.row("SELECT team_id, assignee_id FROM tickets WHERE id = %(id)s", id=waits)
    assert (row["team_id"], row["assignee_id"]) == (NIGHT, BEN)
    assert [event["kind"] for event in await desk.events(waits)][-2:] == ["due_fired", "ticket_assigned"]
    assert await desk.rows("SELECT * FROM waiting_tickets") == []
    assert taken != waits


async def test_another_team_takes_at_once_what_nobody_is_free_for(desk: Desk) -> None:
    night = team(BEN, capacity=1, team_id=NIGHT, name="Night")
    desk.routing = staffed(team(ANN, capacity=1, overflow_team_id=NIGHT), night)
    await tickets(desk, *[Priority.NORMAL] * 3)
    await work(desk)
    assert await loads(desk) == {ANN: 1, BEN: 1, None: 1}
    row = await desk.row("SELECT team_id, fits FROM waiting_tickets")
    assert (row["team_id"], row["fits"]) == (TEAM, [ANN, BEN])
