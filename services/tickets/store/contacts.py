"""Customers as the tickets know them: one contact for each address."""

from uuid import UUID

from services.common.database import Database
from services.domain.errors import NotFound
from services.domain.ticket import Contact
from services.tickets.store.events import Connection
from services.tickets.store.statements import QUERIES
from services.tickets.store.words import name_requester
from services.tickets.words import requester_vector


class ContactStore:
    """Reads and makes contacts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get_contact(self, contact_id: UUID) -> Contact:
        """The contact; NotFound when there is none."""
        async with self._database.transaction() as conn:
            row = await (await conn.execute(QUERIES["get_contact"], {"contact_id": contact_id})).fetchone()
        if row is None:
            raise NotFound("This contact does not exist.")
        return Contact(**row)

    async def create_contact(self, email: str, name: str) -> Contact:
        """The contact with this address, made if there is none; its name is only filled in."""
        async with self._database.transaction() as conn:
            return await upsert_contact(conn, email, name)


async def upsert_contact(conn: Connection, email: str, name: str) -> Contact:
    """The contact with this address, made if there is none; its name is only filled in."""
    parameters = {"email": email, "name": name, "words": requester_vector(name, email)}
    row = await (await conn.execute(QUERIES["upsert_contact"], parameters)).fetchone()
    assert row is not None
    contact = Contact(row["id"], row["email"], row["name"], row["organisation_id"])
    if row["named"]:
        await name_requester(conn, contact)
    return contact
