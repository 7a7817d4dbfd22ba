"""What people of the staff want to be reminded of."""

from collections.abc import Callable
from uuid import UUID, uuid4

from services.common.database import Database
from services.domain.facts import ReminderFacts
from services.domain.plan import due_key
from services.domain.reminders import Reminder, check_reminder
from services.domain.ticket import DueKind, EventKind
from services.tickets.store.events import Connection, append_event, enqueue, lock_ticket
from services.tickets.store.requests import Request, first_resource
from services.tickets.store.statements import QUERIES


class ReminderStore:
    """Sets reminders; `on_commit` is called when an outbox row was committed."""

    def __init__(self, database: Database, on_commit: Callable[[], None]) -> None:
        self._database = database
        self._on_commit = on_commit

    async def remind_me(self, ticket_id: UUID, wanted: Reminder, request: Request, *, user_id: UUID) -> str:
        """The key of the due; NotFound, Invalid."""
        reminder_id = uuid4()
        async with self._database.transaction() as conn:
            locked = await lock_ticket(conn, ticket_id, scope=request.scope)
            first = await first_resource(conn, request, reminder_id)
            if first is not None:
                return await _key_of(conn, first)
            row = await (await conn.execute(QUERIES["count_reminders"], {"ticket_id": ticket_id})).fetchone()
            assert row is not None
            wanted = check_reminder(wanted, **row)
            # Its words are for nobody else: the activity tells only that there is one.
            reason = f"for {wanted.at:%Y-%m-%d %H:%M:%S} UTC"
            told = await append_event(
                conn, locked, EventKind.REMINDER_SET, actor=request.actor, changes={}, reason=reason
            )
            parameters = {"ticket_id": ticket_id, "seq": told.ticket.version, "user_id": user_id, "id": reminder_id}
            parameters |= {"remind_at": wanted.at, "text": wanted.text}
            await conn.execute(QUERIES["insert_reminder"], parameters)
            await enqueue(conn, told.ticket)
        self._on_commit()
        return due_key(DueKind.REMINDER, told.ticket.version)


async def read_reminders(conn: Connection, ticket_id: UUID) -> tuple[ReminderFacts, ...]:
    """The reminders of the ticket that have not come."""
    rows = await (await conn.execute(QUERIES["list_reminders"], {"ticket_id": ticket_id})).fetchall()
    return tuple(ReminderFacts(**row) for row in rows)


async def _key_of(conn: Connection, reminder_id: UUID) -> str:
    row = await (await conn.execute(QUERIES["get_reminder"], {"id": reminder_id})).fetchone()
    assert row is not None
    return due_key(DueKind.REMINDER, row["seq"])
