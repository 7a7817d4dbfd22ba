"""Duplicates, which are settled with their original, and spam, which is settled with nothing."""

from collections.abc import Callable, Collection
from uuid import UUID

from services.common.database import Database
from services.domain import merging
from services.domain.changes import Change, settle_like
from services.domain.errors import Conflict
from services.domain.lifecycle import Act
from services.domain.ticket import EventKind, Ticket, TicketStatus
from services.tickets.store.events import Connection, LockedTicket, append_event, enqueue, lock_ticket
from services.tickets.store.kinship import why_blocked
from services.tickets.store.merged_families import lock_families
from services.tickets.store.merges import lock_tickets
from services.tickets.store.parents import unlink
from services.tickets.store.requests import Request, first_resource
from services.tickets.store.statements import QUERIES

_ACTS = {TicketStatus.RESOLVED: Act.RESOLVE, TicketStatus.CLOSED: Act.CLOSE}
_SETTLES = {EventKind.TICKET_RESOLVED, EventKind.TICKET_CLOSED}


class DuplicateStore:
    """Marks duplicates and spam; `on_commit` is called when an outbox row was committed."""

    def __init__(self, database: Database, on_commit: Callable[[], None]) -> None:
        self._database = database
        self._on_commit = on_commit

    async def mark_duplicate(self, ticket_id: UUID, original_id: UUID, request: Request) -> Ticket:
        """The ticket is settled with the original from now on; NotFound, InvalidTransition."""
        async with self._database.transaction() as conn:
            locked = await lock_tickets(conn, {ticket_id, original_id}, scope=request.scope)
            ticket, original = locked[ticket_id], locked[original_id].ticket
            if await first_resource(conn, request, ticket_id) is not None:
                return ticket.ticket
            rows = await (await conn.execute(QUERIES["list_originals"], {"ticket_id": original_id})).fetchall()
            change = merging.mark_duplicate(ticket.ticket, original, above=[row["id"] for row in rows])
            marked = await _change(
                conn, ticket, change, request, cause=f"ticket {original_id}", reason=f"duplicate of #{original.number}"
            )
        self._on_commit()
        return marked

    async def unmark_duplicate(self, ticket_id: UUID, request: Request) -> Ticket:
        """A ticket of its own again; NotFound."""
        async with self._database.transaction() as conn:
            locked = await lock_ticket(conn, ticket_id, scope=request.scope)
            if await first_resource(conn, request, ticket_id) is not None:
                return locked.ticket
            unmarked = await _change(conn, locked, merging.unmark_duplicate(locked.ticket), request)
        self._on_commit()
        return unmarked

    async def mark_spam(self, ticket_id: UUID, request: Request) -> Ticket:
        """Closed, and nobody is told; NotFound, InvalidTransition (merged)."""
        async with self._database.transaction() as conn:
            await lock_families(conn, [ticket_id])
            locked = await lock_ticket(conn, ticket_id, scope=request.scope)
            if await first_resource(conn, request, ticket_id) is not None:
                return locked.ticket
            if change := merging.mark_spam(locked.ticket):
                locked = await unlink(conn, locked, actor=request.actor, reason="marked as spam")
            marked = await _change(conn, locked, change, request)
        self._on_commit()
        return marked

    async def unmark_spam(self, ticket_id: UUID, request: Request) -> Ticket:
        """Back to the status that it had; NotFound."""
        async with self._database.transaction() as conn:
            locked = await lock_ticket(conn, ticket_id, scope=request.scope)
            if await first_resource(conn, request, ticket_id) is not None:
                return locked.ticket
            row = await (await conn.execute(QUERIES["read_spam_status"], {"ticket_id": ticket_id})).fetchone()
            status = TicketStatus(row["status"]) if row else locked.ticket.status
            unmarked = await _change(conn, locked, merging.unmark_spam(locked.ticket, status=status), request)
        self._on_commit()
        return unmarked


async def settle_duplicates(
    conn: Connection, locked: LockedTicket, happened: Collection[EventKind], *, actor: str
) -> None:
    """What settled a ticket settles its duplicates, each at least as far; Conflict while one of them is being changed.

    Each is decided on itself and settles its own. One that is settled is left alone, so that a circle ends.
    """
    original = locked.ticket
    if (
        not original.status.is_settled
        or not _SETTLES & set(happened)
        or original.spam
        or original.merged_into is not None
    ):
        return
    parameters = {"ticket_id": original.id, "status": original.status}
    rows = await (await conn.execute(QUERIES["list_duplicates"], parameters)).fetchall()
    for row in rows:
        taken = await (await conn.execute(QUERIES["try_lock_ticket"], {"ticket_id": row["id"]})).fetchone()
        if taken is None:
            raise Conflict("A duplicate of this ticket is being changed just now: decide again.")
        duplicate = await lock_ticket(conn, row["id"])
        change = settle_like(duplicate.ticket, _ACTS[original.status], original)
        # One that waits for children of its own is settled by hand.
        if change is None or await why_blocked(conn, duplicate.ticket, change.values):
            continue
        duplicate = await append_event(
            conn,
            duplicate,
            change.kind,
            actor=actor,
            changes=change.values,
            cause=f"ticket {original.id}",
            reason=f"{original.status} with #{original.number}, of which it is a duplicate",
        )
        await enqueue(conn, duplicate.ticket)


async def _change(
    conn: Connection,
    locked: LockedTicket,
    change: Change | None,
    request: Request,
    *,
    cause: str = "",
    reason: str = "",
) -> Ticket:
    if change is None:
        return locked.ticket
    locked = await append_event(
        conn, locked, change.kind, actor=request.actor, changes=change.values, cause=cause, reason=reason
    )
    await enqueue(conn, locked.ticket)
    return locked.ticket
