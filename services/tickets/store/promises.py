"""What the staff promised customers."""

from collections.abc import Callable
from uuid import UUID, uuid4

from services.common.database import Database
from services.domain.facts import PromiseFacts
from services.domain.plan import due_key
from services.domain.promises import Promise, check_promise
from services.domain.ticket import DueKind, EventKind
from services.tickets.store.events import Connection, LockedTicket, append_event, enqueue, lock_ticket
from services.tickets.store.requests import Request, first_resource
from services.tickets.store.statements import QUERIES


class PromiseStore:
    """Makes promises; `on_commit` is called when an outbox row was committed."""

    def __init__(self, database: Database, on_commit: Callable[[], None]) -> None:
        self._database = database
        self._on_commit = on_commit

    async def promise_update(self, ticket_id: UUID, wanted: Promise, request: Request) -> str:
        """The key of the due, in place of any earlier promise; NotFound, Invalid, InvalidTransition."""
        promise_id = uuid4()
        async with self._database.transaction() as conn:
            locked = await lock_ticket(conn, ticket_id, scope=request.scope)
            first = await first_resource(conn, request, promise_id)
            if first is not None:
                return await _key_of(conn, first)
            told = await make_promise(conn, locked, wanted, actor=request.actor, promise_id=promise_id)
        self._on_commit()
        return due_key(DueKind.PROMISED_UPDATE, told.ticket.version)


async def make_promise(
    conn: Connection, locked: LockedTicket, wanted: Promise, *, actor: str, promise_id: UUID
) -> LockedTicket:
    """The ticket with its promise, in place of any earlier one; Invalid, InvalidTransition."""
    row = await (await conn.execute(QUERIES["read_instant"])).fetchone()
    assert row is not None
    wanted = check_promise(wanted, status=locked.ticket.status, now=row["now"])
    reason = f"by {wanted.promised_at:%Y-%m-%d %H:%M:%S} UTC" + (f": {wanted.text}" if wanted.text else "")
    told = await append_event(conn, locked, EventKind.PROMISE_MADE, actor=actor, changes={}, reason=reason)
    parameters = {"ticket_id": locked.ticket.id, "seq": told.ticket.version, "id": promise_id}
    await conn.execute(QUERIES["insert_promise"], {**parameters, "promised_at": wanted.promised_at})
    await enqueue(conn, told.ticket)
    return told


async def read_promise(conn: Connection, ticket_id: UUID) -> PromiseFacts | None:
    """The promise that counts, kept or not; None when nobody made one."""
    row = await (await conn.execute(QUERIES["read_promise"], {"ticket_id": ticket_id})).fetchone()
    return None if row is None else PromiseFacts(**row)


async def _key_of(conn: Connection, promise_id: UUID) -> str:
    row = await (await conn.execute(QUERIES["get_promise"], {"id": promise_id})).fetchone()
    assert row is not None
    return due_key(DueKind.PROMISED_UPDATE, row["seq"])
