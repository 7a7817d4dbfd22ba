"""Each stored decision replays to the same result, whatever has been changed since."""

from collections.abc import AsyncIterator
from typing import LiteralString
from uuid import UUID

import pytest
from duradesk.tickets.v1 import decision_pb2
from google.protobuf.json_format import ParseDict

from services.common.wire import to_message
from tests.conftest import DatabaseUrl
from tests.contract.gateway.changing_desk import ChangingDesk, changing_desk
from tests.contract.tickets.desk import ADMIN
from tests.doors import Doors, running_doors

ROUNDS = 8


@pytest.fixture
async def doors(database_url: DatabaseUrl) -> AsyncIterator[Doors]:
    """Of each story's own: what one leaves behind would make another of the next."""
    async with running_doors(await database_url("identity", "routing", "tickets")) as doors:
        yield doors


async def replay(desk: ChangingDesk, ticket_ids: list[UUID]) -> list[decision_pb2.Decision]:
    """The decisions that were stored on these tickets; each comes out again as it was."""
    tickets = await desk.doors.desk.client(ADMIN)
    statement: LiteralString = (
        "SELECT id, ticket_id, decision FROM decisions WHERE ticket_id = ANY(%(ids)s) ORDER BY decided_at, id"
    )
    found = []
    for row in await desk.doors.desk.rows(statement, ids=ticket_ids):
        (seen,) = await tickets.read_facts(ticket_id=row["ticket_id"], decision_id=row["id"])
        assert seen.routing is not None
        again = to_message(await desk.teams.replay(seen.facts, seen.routing), decision_pb2.Decision)
        stored = ParseDict(row["decision"], decision_pb2.Decision())
        assert again == stored, f"{again}\n\nwas\n\n{stored}"
        found.append(stored)
    return found


@pytest.mark.parametrize("seed", range(2))
async def test_each_stored_decision_replays_to_the_same_result_after_everything_changed(
    doors: Doors, seed: int
) -> None:
    async with changing_desk(doors, seed) as desk:
        await desk.begin()
        tickets = [await desk.new_ticket() for _ in range(2)]
        for ticket_id in tickets:
            await desk.decide(ticket_id)
        for _ in range(ROUNDS):
            ticket_id = desk.random.choice(tickets)
            await desk.change()
            await desk.happen(ticket_id)
            await desk.decide(ticket_id)
        for _ in range(3):
            await desk.change()
        decisions = await replay(desk, tickets)
    assert any(decision.runs for decision in decisions)
    assert any(clock.policy_id for decision in decisions for clock in decision.clocks)
