"""What people do to what happens next; each act is an event of the ticket."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from services.common.database import Database
from services.domain.due_changes import move_reason, moved_to
from services.domain.errors import NotFound
from services.domain.ticket import Due, EventKind
from services.tickets.convert import due_of
from services.tickets.store.events import Connection, LockedTicket, append_event, enqueue, lock_ticket
from services.tickets.store.requests import Request, first_resource
from services.tickets.store.statements import QUERIES


class DueStore:
    """Moves and skips dues; `on_commit` is called when an outbox row was committed."""

    def __init__(self, database: Database, on_commit: Callable[[], None]) -> None:
        self._database = database
        self._on_commit = on_commit

    async def move_due(self, ticket_id: UUID, key: str, due_at: datetime | None, request: Request) -> None:
        """Put a due to another instant, or to now; NotFound, Invalid."""
        async with self._database.transaction() as conn:
            locked = await lock_ticket(conn, ticket_id, scope=request.scope)
            if await first_resource(conn, request, ticket_id) is not None:
                return
            due, now = await _planned(conn, ticket_id, key)
            new = moved_to(due_at, now=now)
            parameters = {"ticket_id": ticket_id, "key": key, "due_at": new, "moved_by": request.actor}
            await conn.execute(QUERIES["move_due"], parameters)
            reason = move_reason(due, new, at_once=due_at is None)
            await _tell(conn, locked, EventKind.DUE_MOVED, request, due=due, reason=reason)
        self._on_commit()

    async def skip_due(self, ticket_id: UUID, key: str, request: Request) -> None:
        """Let a due never come; NotFound."""
        async with self._database.transaction() as conn:
            locked = await lock_ticket(conn, ticket_id, scope=request.scope)
            if await first_resource(conn, request, ticket_id) is not None:
                return
            due, _ = await _planned(conn, ticket_id, key)
            await conn.execute(QUERIES["skip_due"], {"ticket_id": ticket_id, "key": key, "due_at": due.due_at})
            await _tell(conn, locked, EventKind.DUE_SKIPPED, request, due=due, reason=f"skipped: {due.reason}")
        self._on_commit()


async def _planned(conn: Connection, ticket_id: UUID, key: str) -> tuple[Due, datetime]:
    row = await (await conn.execute(QUERIES["get_due"], {"ticket_id": ticket_id, "key": key})).fetchone()
    if row is None:
        raise NotFound("This due does not exist: it has come already, or nothing will happen by that name.")
    return due_of(row), row["now"]


async def _tell(
    conn: Connection, locked: LockedTicket, kind: EventKind, request: Request, *, due: Due, reason: str
) -> None:
    locked = await append_event(
        conn, locked, kind, actor=request.actor, changes={}, cause=f"due {due.key}", reason=reason
    )
    await enqueue(conn, locked.ticket)
