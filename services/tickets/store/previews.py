"""What settling a ticket would do to its children, without doing it."""

from uuid import UUID

from services.common.database import Database
from services.domain.family.model import CascadeAct, SettlePreview
from services.domain.family.preview import ChildNow, preview_settle
from services.domain.ticket import TicketStatus
from services.tickets.convert import Row
from services.tickets.store.kinship import read_kinship
from services.tickets.store.scope import Scope
from services.tickets.store.statements import QUERIES
from services.tickets.store.tickets import read_ticket


class PreviewStore:
    """Reads; changes nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def preview_settle(self, ticket_id: UUID, act: CascadeAct, *, scope: Scope) -> SettlePreview:
        """What would follow; NotFound."""
        async with self._database.transaction() as conn:
            parent = await read_ticket(conn, ticket_id, scope=scope)
            kinship = await read_kinship(conn, ticket_id)
            parameters = {"parent_id": ticket_id, **scope.parameters()}
            rows = await (await conn.execute(QUERIES["preview_children"], parameters)).fetchall()
        return preview_settle(parent, act, kinship.down, [_child_of(row) for row in rows])


def _child_of(row: Row) -> ChildNow:
    return ChildNow(
        id=row["id"],
        number=row["number"],
        status=TicketStatus(row["status"]),
        requester_id=row["requester_id"],
        reachable=row["reachable"] and row["resolved_notice"],
        seen=row["seen"],
    )
