"""What decisions saw, and what one would see now: for trying and explaining rules. Reads; changes nothing."""

from collections.abc import Sequence
from uuid import UUID

from services.common.database import Database
from services.domain.errors import NotFound
from services.domain.facts import FactNeed, Facts
from services.tickets.convert import Row
from services.tickets.store.decisions import get_for_decision
from services.tickets.store.rules import as_then
from services.tickets.store.scope import Scope
from services.tickets.store.statements import QUERIES
from services.tickets.store.tickets import read_ticket


class SeenStore:
    """Facts with all that rules may need of them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get_decision(self, ticket_id: UUID, decision_id: UUID, *, scope: Scope) -> Row:
        """A stored decision on the ticket; NotFound."""
        parameters = {"ticket_id": ticket_id, "decision_id": decision_id}
        async with self._database.transaction() as conn:
            await read_ticket(conn, ticket_id, scope=scope)
            row = await (await conn.execute(QUERIES["get_decision"], parameters)).fetchone()
        if row is None:
            raise NotFound("This decision does not exist.")
        return row

    async def list_latest_decisions(self, most: int, *, scope: Scope) -> Sequence[Row]:
        """The latest decisions in which something had happened, on tickets inside the scope."""
        parameters = {"most": most, **scope.parameters()}
        async with self._database.transaction() as conn:
            return await (await conn.execute(QUERIES["list_latest_decisions"], parameters)).fetchall()

    async def as_then(self, facts: Facts) -> Facts:
        """The facts with what is not kept beside a decision."""
        async with self._database.transaction() as conn:
            return await as_then(conn, facts)

    async def read_present(self, ticket_ids: Sequence[UUID], *, scope: Scope) -> list[Facts]:
        """What a decision would see of these tickets now; those outside the scope are left out."""
        found = []
        async with self._database.transaction() as conn:
            for ticket_id in ticket_ids:
                try:
                    await read_ticket(conn, ticket_id, scope=scope)
                except NotFound:
                    continue
                found.append(await get_for_decision(conn, ticket_id, needs=tuple(FactNeed)))
        return found
