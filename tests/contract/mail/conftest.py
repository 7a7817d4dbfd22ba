"""The mail door over SMTP, before the real tickets service on a database of the test's own."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiosmtplib
import pytest

from tests.conftest import DatabaseUrl
from tests.contract.tickets.desk import Desk, running_desk
from tests.doors import object_store, running_mail_door


@dataclass
class MailRoom:
    """The door's port and the desk behind it."""

    port: int
    desk: Desk

    async def send(self, raw: bytes, *recipients: str, sender: str = "cleo@c.example") -> int:
        """The door's answer to this mail."""
        to = recipients or ("support@localhost",)
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=self.port, local_hostname="c.example") as smtp:
            await smtp.mail(sender)
            for recipient in to:
                await smtp.rcpt(recipient)
            try:
                return (await smtp.data(raw)).code
            except aiosmtplib.SMTPDataError as error:
                return error.code

    async def subjects(self) -> list[str]:
        return [row["subject"] for row in await self.desk.rows("SELECT subject FROM tickets ORDER BY number")]

    async def counts(self) -> tuple[int, int, int]:
        """How many tickets, messages and quarantined items there are."""
        row = await self.desk.row(
            "SELECT (SELECT count(*) FROM tickets) AS tickets, (SELECT count(*) FROM messages) AS messages,"
            " (SELECT count(*) FROM quarantine) AS items"
        )
        return row["tickets"], row["messages"], row["items"]

    async def codes(self) -> list[str]:
        return [row["code"] for row in await self.desk.rows("SELECT code FROM quarantine ORDER BY created_at")]


@pytest.fixture
async def mail_room(database_url: DatabaseUrl) -> AsyncIterator[MailRoom]:
    async with (
        running_desk(await database_url("tickets")) as desk,
        object_store() as objects,
        running_mail_door(desk.address, objects, authserv_id="mx.desk.example") as port,
    ):
        yield MailRoom(port, desk)
