"""Putting tickets away for a while, and getting them back by hand."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from services.common.database import Database
from services.domain.changes import Change
from services.domain.snooze import Snooze, snooze, wake
from services.domain.ticket import Ticket
from services.tickets.store.events import append_event, enqueue, lock_ticket
from services.tickets.store.requests import Request, first_resource
from services.tickets.store.statements import QUERIES


class SnoozeStore:
    """Snoozes and wakes; `on_commit` is called when an outbox row was committed."""

    def __init__(self, database: Database, on_commit: Callable[[], None]) -> None:
        self._database = database
        self._on_commit = on_commit

    async def snooze_ticket(self, ticket_id: UUID, wanted: Snooze, request: Request) -> Ticket:
        """Out of the queue until an instant or the customer's word; Invalid, InvalidTransition (settled)."""
        return await self._change(
            ticket_id, request, lambda ticket, now: snooze(ticket, wanted, by=request.actor, now=now)
        )

    async def wake_ticket(self, ticket_id: UUID, request: Request) -> Ticket:
        """Back into the queue with the status it had; a ticket that is there stays as it is."""
        return await self._change(ticket_id, request, lambda ticket, _: wake(ticket))

    async def _change(
        self, ticket_id: UUID, request: Request, decide: Callable[[Ticket, datetime], Change | None]
    ) -> Ticket:
        async with self._database.transaction() as conn:
            locked = await lock_ticket(conn, ticket_id, scope=request.scope)
            if await first_resource(conn, request, ticket_id) is not None:
                return locked.ticket
            row = await (await conn.execute(QUERIES["read_instant"])).fetchone()
            assert row is not None
            change = decide(locked.ticket, row["now"])
            if change is None:
                return locked.ticket
            locked = await append_event(conn, locked, change.kind, actor=request.actor, changes=change.values)
            await enqueue(conn, locked.ticket)
        self._on_commit()
        return locked.ticket
