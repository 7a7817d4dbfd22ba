"""Random stories told to the store on a real PostgreSQL: it ends where the simple model does, at every step."""

import asyncio
from collections.abc import Coroutine
from random import Random
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest

from services.common.database import Database
from services.domain.decide import decide
from services.domain.errors import InvalidTransition
from services.domain.family.policy import DownPolicy, FamilyPolicy, UpPolicy
from services.domain.principal import Principal, Role
from services.tickets.store import Store
from services.tickets.store.decisions import DecisionRecord, apply_decision, get_for_decision
from services.tickets.store.requests import Request
from tests.conftest import DatabaseUrl
from tests.contract.tickets.desk import REPLY_ADDRESSES
from tests.families.random_stories import tell
from tests.families.seed import SEED, seeded
from tests.families.stories import TICKETS
from tests.faults.sizes import FULL
from tests.unit.factories import make_routing

STORIES = 300 if FULL else 12
ADMIN = Principal(str(uuid4()), Role.ADMIN)
T = TypeVar("T")


class StoreDesk:
    """Tickets by number, in the database."""

    def __init__(self, runner: asyncio.Runner, database: Database) -> None:
        self._runner, self._database = runner, database
        self._store = Store(database, lambda: None, REPLY_ADDRESSES)
        family = seeded([f"{uuid4()}@c.example" for _ in range(TICKETS)], parent_email=f"{uuid4()}@c.example")
        ids = family["ids"]
        assert isinstance(ids, list)
        self._ids: list[UUID] = ids
        self._run(self._seed(family))

    def link(self, child: int, parent: int) -> bool:
        return self._allowed(self._store.families.set_parent(self._ids[child], self._ids[parent], _request()))

    def unlink(self, child: int) -> bool:
        return self._allowed(self._store.families.remove_parent(self._ids[child], _request()))

    def set_policy(self, number: int, down: str, up: str) -> bool:
        policy = FamilyPolicy(DownPolicy(down), UpPolicy(up))
        return self._allowed(self._store.families.set_family_policy(self._ids[number], policy, _request()))

    def settle(self, number: int, status: str) -> bool:
        tickets = self._store.tickets
        act = tickets.close_ticket if status == "closed" else tickets.resolve_ticket
        return self._allowed(act(self._ids[number], _request()))

    def reopen(self, number: int) -> bool:
        return self._allowed(self._store.tickets.reopen_ticket(self._ids[number], _request()))

    def hear(self, number: int) -> bool:
        return self._allowed(self._hear(self._ids[number]))

    def carry_out(self, number: int) -> bool:
        return self._allowed(self._carry_out(self._ids[number]))

    def undo(self, number: int) -> bool:
        return self._allowed(self._undo(self._ids[number]))

    def merge(self, source: int, target: int) -> bool:
        merged = self._store.merges.merge_ticket(self._ids[source], self._ids[target], _request(), customers=False)
        return self._allowed(merged)

    def unmerge(self, source: int) -> bool:
        return self._allowed(self._store.merges.unmerge_ticket(self._ids[source], _request()))

    def mark_spam(self, number: int) -> bool:
        return self._allowed(self._store.duplicates.mark_spam(self._ids[number], _request()))

    def unmark_spam(self, number: int) -> bool:
        return self._allowed(self._store.duplicates.unmark_spam(self._ids[number], _request()))

    def statuses(self) -> list[str]:
        return [row["status"] for row in self._run(self._rows())]

    def parents(self) -> list[int | None]:
        return [row["parent_id"] and self._ids.index(row["parent_id"]) for row in self._run(self._rows())]

    async def _seed(self, family: dict[str, object]) -> None:
        async with self._database.transaction() as conn:
            await conn.execute(SEED, family)
            await conn.execute("UPDATE tickets SET parent_id = NULL WHERE id = ANY(%(ids)s)", family)

    async def _rows(self) -> list[dict[str, Any]]:
        async with self._database.transaction() as conn:
            cursor = await conn.execute(
                "SELECT status, parent_id FROM tickets WHERE id = ANY(%(ids)s) ORDER BY array_position(%(ids)s, id)",
                {"ids": self._ids},
            )
            return await cursor.fetchall()

    async def _hear(self, ticket_id: UUID) -> None:
        async with self._database.transaction() as conn:
            facts = await get_for_decision(conn, ticket_id)
            decision = decide(facts, make_routing())
            await apply_decision(conn, decision, facts=facts, record=DecisionRecord({}, {}, {}))

    async def _carry_out(self, ticket_id: UUID) -> None:
        async with self._database.transaction() as conn:
            cursor = await conn.execute(
                "SELECT id FROM cascades WHERE parent_id = %(id)s AND state = 'running' ORDER BY seq LIMIT 1",
                {"id": ticket_id},
            )
            row = await cursor.fetchone()
        if row is not None:
            while not (await self._store.cascades.run_cascade_page(row["id"])).finished:
                pass

    async def _undo(self, ticket_id: UUID) -> None:
        async with self._database.transaction() as conn:
            cursor = await conn.execute(
                "SELECT id FROM cascades WHERE parent_id = %(id)s ORDER BY seq DESC LIMIT 1", {"id": ticket_id}
            )
            row = await cursor.fetchone()
        if row is None:
            raise InvalidTransition("There is nothing to take back.")
        await self._store.cascades.undo_cascade(row["id"], _request())

    def _allowed(self, act: Coroutine[Any, Any, object]) -> bool:
        try:
            self._run(act)
        except InvalidTransition:
            return False
        return True

    def _run(self, act: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(act)


def _request() -> Request:
    return Request(ADMIN, "Story", "", b"")


@pytest.fixture
async def url(database_url: DatabaseUrl) -> str:
    return await database_url("tickets")


@pytest.mark.timeout(1_800 if FULL else 300)
def test_the_store_does_what_the_simple_model_says(url: str) -> None:
    with asyncio.Runner() as runner:
        database = Database(url, schema="tickets", max_size=2)
        runner.run(database.open())
        try:
            for seed in range(STORIES):
                tell(StoreDesk(runner, database), Random(seed), steps=20)
        finally:
            runner.run(database.close())
