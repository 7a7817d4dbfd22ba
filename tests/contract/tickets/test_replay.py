"""Replaying the changes of a ticket's events gives its row, whatever happened to it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.domain.errors import DuradeskError
from services.domain.message import Visibility
from services.domain.ticket import Priority, TicketStatus
from tests.contract.tickets.desk import ADMIN, AGENT, MAIL, Desk, new_message, new_ticket
from tests.replay import replay, told

Step = Callable[[Desk, UUID, Random], Awaitable[Any]]


async def _update(desk: Desk, ticket_id: UUID, random: Random) -> None:
    changes = {
        "status": random.choice(list(TicketStatus)),
        "priority": random.choice(list(Priority)),
        "tags": tuple(random.sample("abcd", random.randrange(4))),
        "custom_fields": {"order": random.choice([None, 1, "é"])},
        "subject": random.choice(["one", "two"]),
        "type": random.choice(["", "question"]),
    }
    names = random.sample(sorted(changes), random.randint(1, 3))
    await (await desk.client(ADMIN)).update_ticket(ticket_id, {name: changes[name] for name in names})


async def _reply(desk: Desk, ticket_id: UUID, random: Random) -> None:
    await (await desk.client()).create_message(ticket_id, new_message(visibility=random.choice(list(Visibility))))


async def _write(desk: Desk, ticket_id: UUID, random: Random) -> None:
    sender = random.choice(["cleo@c.example", "dora@c.example"])
    await (await desk.client(MAIL)).create_message(ticket_id, new_message(sender_email=sender))


async def _assign(desk: Desk, ticket_id: UUID, random: Random) -> None:
    arguments: dict[str, Any] = {"assignee_id": random.choice([None, uuid4()])}
    if random.random() < 0.5:
        arguments["team_id"] = random.choice([None, uuid4()])
    await (await desk.client()).assign_ticket(ticket_id, **arguments)


async def _settle(desk: Desk, ticket_id: UUID, random: Random) -> None:
    client = await desk.client(ADMIN)
    await random.choice([client.resolve_ticket, client.close_ticket, client.reopen_ticket])(ticket_id)


async def _snooze(desk: Desk, ticket_id: UUID, random: Random) -> None:
    client = await desk.client()
    if random.random() < 0.3:
        await client.wake_ticket(ticket_id)
        return
    until = await desk.clock.instant() + timedelta(hours=random.randint(1, 9))
    await client.snooze_ticket(ticket_id, until=until, reason="é", keep_on_reply=random.random() < 0.5)


async def _unite(desk: Desk, ticket_id: UUID, random: Random) -> None:
    merges = await desk.merges()
    other = random.choice(await desk.rows("SELECT id FROM tickets ORDER BY number"))["id"]
    match random.randrange(5):
        case 0:
            await merges.merge_ticket(ticket_id, other)
        case 1:
            await merges.mark_duplicate(ticket_id, other)
        case 2:
            await merges.mark_spam(ticket_id)
        case 3:
            messages, _ = await (await desk.client()).list_messages(ticket_id)
            # A merge at the same moment leaves the ticket without any.
            await merges.split_message(ticket_id, messages[-1].id if messages else uuid4())
        case _:
            ways_back = merges.unmerge_ticket, merges.unmark_duplicate, merges.unmark_spam
            # All of them have ended when one is refused: none is still at work when the rows are read.
            ended = await asyncio.gather(*(back(ticket_id) for back in ways_back), return_exceptions=True)
            for error in filter(None, ended):
                if isinstance(error, BaseException):
                    raise error


STEPS: tuple[Step, ...] = (_update, _reply, _write, _assign, _settle, _snooze, _unite, _unite)


@pytest.mark.parametrize("seed", range(5))
async def test_replay_of_any_story_gives_the_row(desk: Desk, seed: int) -> None:
    random = Random(seed)
    for number in range(3):
        desk_agent = await desk.client(AGENT if number else MAIL)
        ticket = await desk_agent.create_ticket(new_ticket(tags=("a",), priority=random.choice(list(Priority))))
        for _ in range(12):
            chosen = random.sample(STEPS, random.randint(1, 3))
            # Each has dice of its own: which answer comes first decides nothing.
            steps = [step(desk, ticket.id, Random(random.random())) for step in chosen]
            refused = await asyncio.gather(*steps, return_exceptions=True)
            assert [error for error in refused if error and not isinstance(error, DuradeskError)] == []
    for row in await desk.rows("SELECT * FROM tickets"):
        events = await desk.rows("SELECT * FROM events WHERE ticket_id = %(id)s ORDER BY seq", id=row["id"])
        assert [event["seq"] for event in events] == list(range(1, row["version"] + 1))
        assert replay(events) == told(row)
