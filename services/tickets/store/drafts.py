"""What people have typed and not sent, a reply and a note for each of them and each ticket.

A draft is never deleted: one that was sent or discarded is empty, and its version goes on. So a tab that still shows an
older text cannot silently bring it back.
"""

from uuid import UUID

from services.common.database import Database
from services.domain.desk import Draft, check_draft, draft_changed
from services.domain.message import Visibility
from services.tickets.convert import Row
from services.tickets.store.events import Connection
from services.tickets.store.scope import Scope
from services.tickets.store.statements import QUERIES
from services.tickets.store.tickets import read_ticket


class DraftStore:
    """Keeps and reads drafts; each is its writer's alone."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save_draft(
        self, ticket_id: UUID, visibility: Visibility, body: str, *, user_id: str, expected_version: int, scope: Scope
    ) -> Draft:
        """The draft as it is kept; Conflict (DRAFT_CHANGED) unless `expected_version` is the present one."""
        parameters = {
            **_key(ticket_id, visibility, user_id),
            "body": check_draft(body),
            "expected_version": expected_version,
        }
        async with self._database.transaction() as conn:
            await read_ticket(conn, ticket_id, scope=scope)
            row = await (await conn.execute(QUERIES["save_draft"], parameters)).fetchone()
        if row is None:
            raise draft_changed()
        return _draft_of(row)

    async def get_draft(self, ticket_id: UUID, visibility: Visibility, *, user_id: str, scope: Scope) -> Draft:
        """The draft; an empty one when nothing was ever typed."""
        async with self._database.transaction() as conn:
            await read_ticket(conn, ticket_id, scope=scope)
            row = await (await conn.execute(QUERIES["get_draft"], _key(ticket_id, visibility, user_id))).fetchone()
        return Draft(ticket_id, visibility) if row is None else _draft_of(row)


async def clear_draft(conn: Connection, ticket_id: UUID, visibility: Visibility, *, user_id: str) -> None:
    """What was typed has become a message."""
    await conn.execute(QUERIES["clear_draft"], _key(ticket_id, visibility, user_id))


def _key(ticket_id: UUID, visibility: Visibility, user_id: str) -> dict[str, object]:
    return {"ticket_id": ticket_id, "visibility": visibility, "user_id": user_id}


def _draft_of(row: Row) -> Draft:
    return Draft(**{**row, "visibility": Visibility(row["visibility"])})
