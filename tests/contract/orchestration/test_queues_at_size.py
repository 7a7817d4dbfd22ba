"""Many tickets for few people: fair under several workers, and a long queue that empties in its order."""

import asyncio
from dataclasses import replace
from uuid import UUID

from services.domain.queue import FreePlace
from services.domain.routing_facts import MemberFacts
from services.domain.ticket import Priority
from tests.contract.orchestration.conftest import OpenDesk
from tests.contract.orchestration.desk import Desk
from tests.contract.orchestration.test_queues import COUNTED, advance, loads, staffed, team, work

SEVEN = tuple(UUID(int=number) for number in range(201, 208))
WAITING, AT_ONCE = 100, 20


async def give(desk: Desk, user_id: UUID, count: int) -> None:
    """So many open tickets that somebody has already."""
    for _ in range(count):
        ticket_id = await desk.new_ticket()
        await desk.rows("UPDATE tickets SET assignee_id = %(user)s WHERE id = %(id)s", user=user_id, id=ticket_id)


async def test_several_workers_fill_up_whoever_has_the_fewest_until_all_have_as_many(open_desk: OpenDesk) -> None:
    desks = [await open_desk(), await open_desk()]
    for person, count in zip(SEVEN, (0, 0, 1, 1, 2, 2, 3), strict=True):
        await give(desks[0], person, count)
    for desk in desks:
        desk.routing = staffed(team(*SEVEN))
    tickets = [await desks[0].new_ticket() for _ in range(33)]

    async def worker(number: int) -> None:
        for ticket_id in tickets[number::4]:
            await advance(desks[number % 2], ticket_id)

    await asyncio.gather(*(worker(number) for number in range(4)))
    assert await loads(desks[0]) == dict.fromkeys(SEVEN, 6)


async def test_a_queue_of_100_empties_in_its_order_as_one_after_the_other_comes(desk: Desk) -> None:
    # It takes some seconds: each of the 100 is decided twice, once in vain.
    away = tuple(MemberFacts(person, capacity=AT_ONCE, away=True) for person in SEVEN[: WAITING // AT_ONCE])
    desk.routing = staffed(team(members=away))
    order = list(Priority)
    ids = [await desk.new_ticket(priority=order[number % len(order)]) for number in range(WAITING)]
    # Each is looked at in its turn, so the first has waited longest.
    for ticket_id in ids:
        await advance(desk, ticket_id)
    wanted = sorted(range(WAITING), key=lambda number: (-order.index(order[number % len(order)]), number))
    for turn, person in enumerate(SEVEN[: WAITING // AT_ONCE], start=1):
        members = tuple(replace(member, away=number >= turn) for number, member in enumerate(away))
        desk.routing = staffed(team(members=members))
        assert await desk.queues.nudge_queues([FreePlace(person, AT_ONCE, COUNTED)], revision=1) == AT_ONCE
        assert len(await work(desk, at_once=8)) == AT_ONCE
        got = await desk.rows("SELECT id FROM tickets WHERE assignee_id = %(id)s", id=person)
        assert {row["id"] for row in got} == {ids[number] for number in wanted[(turn - 1) * AT_ONCE : turn * AT_ONCE]}
    assert await desk.rows("SELECT * FROM waiting_tickets") == []
    assert await desk.queues.nudge_queues([FreePlace(SEVEN[0], AT_ONCE, COUNTED)], revision=1) == 0
