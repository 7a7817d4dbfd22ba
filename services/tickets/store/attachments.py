"""What messages carry besides their words: quoted text, HTML, and files whose contents are in the object store."""

from dataclasses import asdict
from uuid import UUID

from psycopg.types.json import Jsonb

from services.common.database import Database
from services.domain.errors import NotFound
from services.domain.message import AttachedFile, NewMessage
from services.domain.ticket import NewTicket
from services.tickets.convert import attachment_of
from services.tickets.store.events import Connection
from services.tickets.store.scope import Scope
from services.tickets.store.statements import QUERIES


class AttachmentStore:
    """Reads attachments; they are written with their message."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get_attachment(self, attachment_id: UUID, *, scope: Scope) -> AttachedFile:
        """The attachment and where its content is; NotFound also when its message is outside the scope."""
        parameters = {"attachment_id": attachment_id, "internal": scope.internal, **scope.parameters()}
        async with self._database.transaction() as conn:
            row = await (await conn.execute(QUERIES["get_attachment"], parameters)).fetchone()
        if row is None:
            raise NotFound("This attachment does not exist.")
        return AttachedFile(attachment_of(row), row["digest"])


async def insert_content(conn: Connection, message_id: UUID, new: NewTicket | NewMessage) -> None:
    """Keep what the message carries, in the transaction that makes the message."""
    if new.quoted or new.html or new.attachments:
        parameters = {
            "message_id": message_id,
            "quoted": new.quoted,
            "html": new.html,
            "attachments": Jsonb([asdict(file) for file in new.attachments]),
        }
        await conn.execute(QUERIES["insert_content"], parameters)
