"""Holds a public reply of the staff when somebody else wrote after what its writer had seen."""

from services.domain.held import LaterMessage, check_held
from services.domain.message import AuthorKind
from services.tickets.store.events import Connection, LockedTicket
from services.tickets.store.statements import QUERIES


async def hold_reply(conn: Connection, locked: LockedTicket, *, seen_seq: int, author_id: str) -> None:
    """InvalidTransition (NEWER_MESSAGES) when there is something to read first.

    The ticket is locked: of two agents who answer at once the second one is told of the first one's answer.
    """
    parameters = {"ticket_id": locked.ticket.id, "seen_seq": seen_seq}
    rows = await (await conn.execute(QUERIES["list_later_messages"], parameters)).fetchall()
    later = [LaterMessage(**{**row, "author_kind": AuthorKind(row["author_kind"])}) for row in rows]
    check_held(later, author_id=author_id)
