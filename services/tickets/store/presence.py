"""Who is at which ticket: rows that are forgotten 50 s after the last heartbeat, so that the gateway keeps nothing."""

from collections.abc import Sequence
from uuid import UUID

from services.common.database import Database
from services.domain.desk import Presence, PresenceState, TicketPresence, check_tab, gather
from services.domain.principal import Principal
from services.tickets.convert import Row
from services.tickets.store.events import Connection
from services.tickets.store.scope import Scope
from services.tickets.store.statements import QUERIES
from services.tickets.store.tickets import read_ticket


class PresenceStore:
    """Notes and tells who is there."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def touch_presence(
        self, ticket_id: UUID, state: PresenceState, who: Principal, *, tab: str, scope: Scope
    ) -> None:
        """Somebody is there for the next 50 s, or has left."""
        check_tab(tab)
        parameters = {"ticket_id": ticket_id, "user_id": who.subject, "tab": tab, "name": who.name, "state": state}
        statement = "leave_presence" if state is PresenceState.LEFT else "touch_presence"
        async with self._database.transaction() as conn:
            await read_ticket(conn, ticket_id, scope=scope)
            await conn.execute(QUERIES[statement], parameters)

    async def list_presence(self, ticket_id: UUID, *, scope: Scope) -> TicketPresence:
        """Who is there."""
        async with self._database.transaction() as conn:
            await read_ticket(conn, ticket_id, scope=scope)
            rows = await read_presence(conn, [ticket_id])
        return TicketPresence(ticket_id, people_of(rows))


async def read_presence(conn: Connection, ticket_ids: Sequence[UUID]) -> list[Row]:
    """A row for each tab at these tickets."""
    rows: list[Row] = [
        *await (await conn.execute(QUERIES["read_presence"], {"ticket_ids": list(ticket_ids)})).fetchall()
    ]
    return rows


def people_of(rows: Sequence[Row]) -> tuple[Presence, ...]:
    """The people of the rows of one ticket."""
    return gather(Presence(row["user_id"], row["name"], PresenceState(row["state"])) for row in rows)
