"""Which tickets the relay is to signal now, never more at once than are decided in time."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import structlog

from services.domain.decision import Nudge
from services.domain.ticket import Channel, Priority, TicketStatus
from services.tickets.store.events import Connection
from services.tickets.store.statements import QUERIES

# From this attempt on a row is said to be parked; it is still sent again every ten minutes.
PARKED_ATTEMPTS = 8

log = structlog.get_logger()


async def is_outbox_due(conn: Connection) -> bool:
    """Whether a claim may find anything: on a quiet desk one statement instead of five."""
    row = await (await conn.execute(QUERIES["is_outbox_due"])).fetchone()
    return bool(row and row["is_due"])


async def lock_claims(conn: Connection) -> None:
    """One claimer at a time, until the transaction ends: two that count the busy places would both fill the last."""
    await conn.execute(QUERIES["lock_outbox_claims"])


async def claim_outbox(conn: Connection, *, window: int, urgent_places: int) -> tuple[Nudge, ...]:
    """Take what may be signalled now, urgent and soonest due first.

    A row that was signalled in the last 10 s and not answered holds a place of the window; later it is sent again. One
    that was claimed and of which nobody says within 6 s that it was signalled goes to the next who asks. The caller
    holds the lock of the claims.
    """
    parameters = {"window": window, "urgent_places": urgent_places}
    rows = await (await conn.execute(QUERIES["claim_outbox"], parameters)).fetchall()
    for row in rows:
        if row["attempts"] == PARKED_ATTEMPTS:
            log.warning("outbox.parked", ticket_id=str(row["ticket_id"]), attempts=PARKED_ATTEMPTS)
    return tuple(_nudge_of(row) for row in rows)


async def confirm_outbox(conn: Connection, ticket_ids: Sequence[UUID]) -> None:
    """Note that the signals of claimed rows went out."""
    await conn.execute(QUERIES["confirm_outbox"], {"ticket_ids": list(ticket_ids)})


async def release_outbox(conn: Connection, ticket_ids: Sequence[UUID]) -> None:
    """Give claimed rows back as if they had not been claimed."""
    await conn.execute(QUERIES["release_outbox"], {"ticket_ids": list(ticket_ids)})


async def free_outbox(conn: Connection, ticket_id: UUID) -> None:
    """A ticket's row asks for more than was decided: it is signalled anew."""
    await conn.execute(QUERIES["free_outbox"], {"ticket_id": ticket_id})


def _nudge_of(row: Mapping[str, Any]) -> Nudge:
    return Nudge(
        ticket_id=row["ticket_id"],
        number=row["number"],
        channel=Channel(row["channel"]),
        brand_name=row["brand_name"],
        status=TicketStatus(row["status"]),
        priority=Priority(row["priority"]),
        next_due_at=row["next_due_at"],
        traceparent=row["traceparent"],
    )
