"""Internal notes that the desk itself leaves on a ticket."""

from uuid import UUID

from services.common.ids import ordered_id
from services.domain.message import AuthorKind, Visibility
from services.domain.ticket import Ticket
from services.tickets.store.events import Connection
from services.tickets.store.statements import QUERIES
from services.tickets.store.tickets import body_hash
from services.tickets.store.words import add_message_words

_NAME = "Duradesk"


async def add_note(conn: Connection, ticket: Ticket, body: str, *, author: str) -> UUID:
    """The note's id; the event that tells of it is the caller's."""
    message_id = ordered_id()
    parameters = {
        "message_id": message_id,
        "ticket_id": ticket.id,
        "visibility": Visibility.INTERNAL,
        "author_kind": AuthorKind.AGENT,
        "author_id": author,
        "author_name": _NAME,
        "body": body,
        "body_hash": body_hash(body),
        "rfc_message_id": "",
        "raw_source": b"",
        "automatic": True,
        "origin_id": None,
    }
    await conn.execute(QUERIES["insert_message"], parameters)
    await add_message_words(conn, ticket, body, Visibility.INTERNAL)
    return message_id
