"""The words of tickets, kept in the transaction that changes them, and read anew where they are missing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog

from services.common.database import Database
from services.domain.errors import DuradeskError
from services.domain.message import Visibility
from services.domain.ticket import Contact, Ticket
from services.tickets.store.events import Connection, lock_ticket
from services.tickets.store.statements import QUERIES
from services.tickets.words import INTERNAL, OF_MESSAGES, PUBLIC, head_vector, requester_vector, text_vector

# A part with so many different words is full: what a further message costs does not grow with the conversation.
MOST_IN_A_PART = 2000
_BATCH = 50
_LOOK_SECONDS = 30

_log = structlog.get_logger()


async def add_message_words(conn: Connection, ticket: Ticket, body: str, visibility: Visibility) -> None:
    """The words of a message that has just been added."""
    parameters = {
        "ticket_id": ticket.id,
        "words": text_vector((OF_MESSAGES[visibility], body)),
        "head": head_vector(ticket),
        "most": MOST_IN_A_PART,
    }
    if await (await conn.execute(QUERIES["add_words"], parameters)).fetchone() is None:
        await read_words(conn, ticket)


async def name_requester(conn: Connection, contact: Contact) -> None:
    """A contact got a name: their tickets are found by it."""
    parameters = {"contact_id": contact.id, "words": requester_vector(contact.name, "")}
    await conn.execute(QUERIES["name_requester"], parameters)


async def read_words(conn: Connection, ticket: Ticket) -> None:
    """All words of a locked ticket, anew."""
    await conn.execute(QUERIES["delete_words"], {"ticket_id": ticket.id})
    requester = ticket.requester
    words = requester_vector(requester.name, requester.email)
    await conn.execute(QUERIES["set_contact_words"], {"contact_id": requester.id, "words": words})
    head, number = head_vector(ticket), text_vector((PUBLIC, str(ticket.number)))
    await conn.execute(QUERIES["insert_words"], {"ticket_id": ticket.id, "head": head, "words": number})
    for row in await (await conn.execute(QUERIES["list_texts"], {"ticket_id": ticket.id})).fetchall():
        text = text_vector((PUBLIC if row["public"] else INTERNAL, row["body"]))
        parameters = {"ticket_id": ticket.id, "words": text, "head": head, "most": MOST_IN_A_PART}
        await conn.execute(QUERIES["add_words"], parameters)


async def read_unread(database: Database) -> int:
    """Read some of the tickets whose words are missing; how many."""
    async with database.transaction() as conn:
        rows = await (await conn.execute(QUERIES["take_unread"], {"most": _BATCH})).fetchall()
        for ticket_id in sorted(row["ticket_id"] for row in rows):
            await read_words(conn, (await lock_ticket(conn, ticket_id)).ticket)
    return len(rows)


@asynccontextmanager
async def reading_words(database: Database) -> AsyncIterator[None]:
    """Read what is missing meanwhile, at half speed, so that the desk is not slowed down by it."""
    task = asyncio.create_task(_read_all(database))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _read_all(database: Database) -> None:
    loop = asyncio.get_running_loop()
    while True:
        began = loop.time()
        try:
            count = await read_unread(database)
        except DuradeskError as error:
            _log.warning("words.not_read", error=error.reason)
            count = 0
        if count:
            _log.info("words.read", tickets=count)
        await asyncio.sleep(loop.time() - began if count else _LOOK_SECONDS)
