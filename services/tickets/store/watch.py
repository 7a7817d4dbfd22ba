"""What was committed between two positions, and for whose eyes it is.

A position is a snapshot of PostgreSQL: which transactions had ended. An event carries its transaction, so those between
two positions are exactly those whose transaction the later snapshot shows and the earlier one does not, however the
commits overlapped: docs/decisions/0013-position-of-the-stream.md.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from services.common.database import Database
from services.domain.desk import TicketChanged, TicketPresence, is_for_customers
from services.domain.errors import Invalid
from services.domain.message import Visibility
from services.tickets.convert import Row, event_kind_of
from services.tickets.store.presence import people_of, read_presence
from services.tickets.store.scope import Scope
from services.tickets.store.statements import QUERIES

_POSITION = re.compile(r"[0-9]{1,20}:[0-9]{1,20}:[0-9,]{0,10000}")


@dataclass(frozen=True, slots=True)
class Batch:
    """What one look found: events up to `position`, and the tabs at the tickets asked for.

    There may be more events than `is_complete` says; then they cannot be told.
    """

    position: str
    is_complete: bool
    events: tuple[Row, ...]
    present: tuple[Row, ...] = ()

    def changed_for(self, scope: Scope) -> tuple[TicketChanged, ...]:
        """The events that a caller with this scope may know of, each ticket's in their order."""
        return tuple(_changed_of(row, scope) for row in self.events if _is_event_in(scope, row))

    def presence_for(self, scope: Scope, ticket_id: UUID) -> TicketPresence:
        """Who is at the ticket; nobody where the caller may not see it, and for customers."""
        rows = [row for row in self.present if row["ticket_id"] == ticket_id and scope.internal and _is_in(scope, row)]
        return TicketPresence(ticket_id, people_of(rows))


class WatchStore:
    """Reads; changes nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read_position(self) -> str:
        """The present one."""
        async with self._database.connection() as conn:
            row = await (await conn.execute(QUERIES["read_position"])).fetchone()
        assert row is not None
        position: str = row["position"]
        return position

    async def is_known(self, position: str) -> bool:
        """Whether it is a position of this database's past."""
        if not _POSITION.fullmatch(position):
            return False
        try:
            async with self._database.transaction() as conn:
                row = await (await conn.execute(QUERIES["check_position"], {"position": position})).fetchone()
        except Invalid:
            return False
        return bool(row and row["is_known"])

    async def read_news(
        self, *, after: str, until: str | None = None, most: int, present_at: Iterable[UUID] = ()
    ) -> Batch:
        """The events between `after` and `until` or now, at most so many, and who is at these tickets now."""
        parameters = {"after": after, "until": until, "most": most + 1}
        async with self._database.transaction() as conn:
            rows = await (await conn.execute(QUERIES["read_news"], parameters)).fetchall()
            present = await read_presence(conn, list(present_at))
        events = [row for row in rows if row["ticket_id"] is not None]
        events.sort(key=lambda row: (row["occurred_at"], row["seq"]))
        return Batch(until or rows[0]["position"], len(events) <= most, tuple(events), tuple(present))


def _is_event_in(scope: Scope, row: Row) -> bool:
    if not _is_in(scope, row):
        return False
    visibility = Visibility(row["visibility"]) if row["visibility"] else None
    return scope.internal or is_for_customers(event_kind_of(row["kind"]), visibility)


def _is_in(scope: Scope, row: Row) -> bool:
    """What the statements on tickets ask in SQL, for a row that is read once for all callers."""
    if scope.requester_id is not None:
        return bool(row["requester_id"] == scope.requester_id and row["sender_proven"])
    return scope.assignee_id is None or bool(row["assignee_id"] == scope.assignee_id)


def _changed_of(row: Row, scope: Scope) -> TicketChanged:
    # Customers know who wrote to them; who of the staff does what else is none of their business.
    named = scope.internal or row["visibility"] is not None
    return TicketChanged(
        ticket_id=row["ticket_id"],
        number=row["number"],
        version=row["seq"],
        kind=event_kind_of(row["kind"]),
        actor=row["actor"] if named else "",
        actor_name=row["actor_name"] if named else "",
        parent_id=row["parent_id"] if scope.internal else None,
    )
