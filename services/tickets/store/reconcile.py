"""Finding tickets that should have been looked at, and all that should be: what makes every loss in Temporal heal."""

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from services.domain.errors import Invalid
from services.tickets.store.events import PACED_RANK, Connection
from services.tickets.store.statements import QUERIES

# Of one call; the callers come again.
MOST = 1000

# Instants of PostgreSQL before and after all others: tickets without a due come last.
_FIRST_PAGE = ("-infinity", str(UUID(int=0)))
_NO_DUE = "infinity"


async def nudge_overdue(conn: Connection, *, older_than: timedelta) -> int:
    """Nudge tickets that wait longer than `older_than` for a due or a decision, the soonest first; how many."""
    return (await conn.execute(QUERIES["nudge_overdue"], {"older_than": older_than, "most": MOST})).rowcount


async def nudge_tickets(conn: Connection, ticket_ids: Sequence[UUID]) -> int:
    """Nudge those of the tickets that exist and have something left to do; how many those are."""
    if len(ticket_ids) > MOST:
        raise Invalid(
            f"At most {MOST} tickets can be nudged at once.", violations={"ticket_ids": f"must be at most {MOST}"}
        )
    parameters = {"ticket_ids": list(ticket_ids), "rank": PACED_RANK}
    return (await conn.execute(QUERIES["nudge_tickets"], parameters)).rowcount


async def list_live_tickets(conn: Connection, *, page_size: int, page_token: str) -> tuple[tuple[UUID, ...], str]:
    """Ids of tickets whose workflow should run, soonest due first, and the token of the next page ("": none)."""
    most = min(page_size, MOST) if page_size > 0 else MOST
    due, last = _read_token(page_token) if page_token else _FIRST_PAGE
    parameters = {"after_due": due, "after_id": last, "most": most + 1}
    rows = await (await conn.execute(QUERIES["list_live_tickets"], parameters)).fetchall()
    page = rows[:most]
    token = _write_token(page[-1]["next_due_at"], page[-1]["id"]) if len(rows) > most else ""
    return tuple(row["id"] for row in page), token


def _write_token(due: datetime | None, ticket_id: UUID) -> str:
    return base64.urlsafe_b64encode(f"{due.isoformat() if due else ''}/{ticket_id}".encode()).decode()


def _read_token(token: str) -> tuple[str, str]:
    try:
        due, _, last = base64.urlsafe_b64decode(token).decode().partition("/")
        return datetime.fromisoformat(due).isoformat() if due else _NO_DUE, str(UUID(last))
    except (binascii.Error, ValueError):
        raise Invalid("The page token is not one of ours: leave it out to begin anew.") from None
