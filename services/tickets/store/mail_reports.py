"""What machines tell about our mails: kept beside the ticket, told in its activity, and never more than that.

A report needs no proof of who sent it: only the recipient and the servers on the way know the Message-ID, and all
that a report can do is to be read by the staff.
"""

from collections.abc import Callable
from dataclasses import asdict
from uuid import UUID

from services.common.database import Database
from services.domain.errors import NotFound
from services.domain.mail_reports import MailReport, MailReportKind, NewMailReport
from services.domain.ticket import EventKind
from services.tickets.convert import mail_report_of
from services.tickets.store.decisions import ACTOR
from services.tickets.store.events import append_event, enqueue, lock_ticket
from services.tickets.store.scope import Scope
from services.tickets.store.statements import QUERIES
from services.tickets.store.tickets import read_ticket

MOST = 100

# The event and its words; addresses stand in the report itself.
_TOLD = {
    MailReportKind.BOUNCE: (EventKind.DELIVERY_FAILED, "the mail came back: a recipient does not get it"),
    MailReportKind.DELAY: (EventKind.AUTOMATIC_MAIL_RECEIVED, "the mail waits on its way to a recipient"),
    MailReportKind.NOTICE: (EventKind.AUTOMATIC_MAIL_RECEIVED, "a machine answered the mail"),
}


class MailReportStore:
    """Keeps and lists reports; `on_commit` is called when an outbox row was committed."""

    def __init__(self, database: Database, on_commit: Callable[[], None]) -> None:
        self._database = database
        self._on_commit = on_commit

    async def record_mail_report(self, new: NewMailReport) -> UUID:
        """The id of the ticket that it concerns; NotFound when it names no mail of ours. The same counts once."""
        async with self._database.transaction() as conn:
            parameters = {"rfc_message_ids": list(new.rfc_message_ids)}
            row = await (await conn.execute(QUERIES["find_reported"], parameters)).fetchone()
            if row is None:
                raise NotFound("This concerns no mail of ours.")
            ticket_id: UUID = row["ticket_id"]
            locked = await lock_ticket(conn, ticket_id)
            report = {**asdict(new), **row, "failed": list(new.failed), "delayed": list(new.delayed)}
            kept = await (await conn.execute(QUERIES["insert_mail_report"], report)).fetchone()
            if kept is None:
                return ticket_id
            kind, reason = _TOLD[new.kind]
            told = await append_event(
                conn,
                locked,
                kind,
                actor=ACTOR,
                changes={},
                message_id=row["message_id"],
                decision_id=row["decision_id"],
                cause=f"mail report {kept['id']}",
                reason=reason,
            )
            await enqueue(conn, told.ticket)
        self._on_commit()
        return ticket_id

    async def list_mail_reports(self, ticket_id: UUID, *, scope: Scope) -> tuple[MailReport, ...]:
        """The ticket's reports, oldest first, at most 100; NotFound also outside the scope."""
        async with self._database.transaction() as conn:
            await read_ticket(conn, ticket_id, scope=scope)
            parameters = {"ticket_id": ticket_id, "most": MOST}
            rows = await (await conn.execute(QUERIES["list_mail_reports"], parameters)).fetchall()
        return tuple(mail_report_of(row) for row in rows)
