"""Who follows a ticket; each change is an event, and nothing from before it is sent to a new follower."""

from collections.abc import Callable
from uuid import UUID

from services.common.database import Database
from services.domain.errors import Invalid
from services.domain.followers import Follower, check_room
from services.domain.ticket import Contact, EventKind, FollowerKind
from services.tickets.convert import Row
from services.tickets.store.contacts import upsert_contact
from services.tickets.store.events import Connection, LockedTicket, append_event, enqueue, lock_ticket
from services.tickets.store.requests import Request
from services.tickets.store.scope import Scope
from services.tickets.store.statements import QUERIES
from services.tickets.store.tickets import read_ticket


class FollowerStore:
    """Adds, removes and lists followers; `on_commit` is called when an outbox row was committed."""

    def __init__(self, database: Database, on_commit: Callable[[], None]) -> None:
        self._database = database
        self._on_commit = on_commit

    async def add_colleague(self, ticket_id: UUID, user_id: UUID, request: Request) -> Follower:
        """A member of the staff follows; a second time it is no error. NotFound, Invalid (too many)."""
        async with self._database.transaction() as conn:
            locked = await lock_ticket(conn, ticket_id, scope=request.scope)
            follower = await _add(conn, locked, user_id, contact=None, request=request)
        self._on_commit()
        return follower

    async def add_customer(self, ticket_id: UUID, email: str, request: Request, *, name: str) -> Follower:
        """The customer with this address follows; NotFound, Invalid (the requester, too many)."""
        async with self._database.transaction() as conn:
            locked = await lock_ticket(conn, ticket_id, scope=request.scope)
            if email == locked.ticket.requester.email:
                problem = "is the requester's, who gets every public reply anyway"
                raise Invalid(f"The address {problem}.", violations={"email": problem})
            contact = await upsert_contact(conn, email, name)
            follower = await _add(conn, locked, contact.id, contact=contact, request=request)
        self._on_commit()
        return follower

    async def remove_follower(self, ticket_id: UUID, follower_id: UUID, request: Request) -> None:
        """From now on they get nothing, and their answers reach the ticket no more; NotFound (ticket)."""
        key = {"ticket_id": ticket_id, "follower_id": follower_id}
        async with self._database.transaction() as conn:
            locked = await lock_ticket(conn, ticket_id, scope=request.scope)
            row = await (await conn.execute(QUERIES["delete_follower"], key)).fetchone()
            if row is None:
                return
            kind = FollowerKind.CUSTOMER if row["contact_id"] else FollowerKind.STAFF
            await _tell(conn, locked, EventKind.FOLLOWER_REMOVED, follower_id, kind=kind, request=request)
        self._on_commit()

    async def list_followers(self, ticket_id: UUID, *, scope: Scope) -> tuple[Follower, ...]:
        """All followers, oldest first; NotFound also outside the scope."""
        async with self._database.transaction() as conn:
            await read_ticket(conn, ticket_id, scope=scope)
            return await _read(conn, ticket_id)


async def _add(
    conn: Connection, locked: LockedTicket, follower_id: UUID, *, contact: Contact | None, request: Request
) -> Follower:
    known = {follower.id: follower for follower in await _read(conn, locked.ticket.id)}
    if follower_id in known:
        return known[follower_id]
    check_room(len(known))
    kind = FollowerKind.CUSTOMER if contact else FollowerKind.STAFF
    told = await _tell(conn, locked, EventKind.FOLLOWER_ADDED, follower_id, kind=kind, request=request)
    parameters = {
        "ticket_id": locked.ticket.id,
        "follower_id": follower_id,
        "contact_id": contact.id if contact else None,
        "since_seq": told.ticket.version,
    }
    await conn.execute(QUERIES["insert_follower"], parameters)
    return Follower(follower_id, kind, contact, told.ticket.updated_at)


async def _tell(
    conn: Connection, locked: LockedTicket, event: EventKind, follower_id: UUID, *, kind: FollowerKind, request: Request
) -> LockedTicket:
    cause = f"{'contact' if kind is FollowerKind.CUSTOMER else 'user'} {follower_id}"
    told = await append_event(conn, locked, event, actor=request.actor, changes={}, cause=cause)
    await enqueue(conn, told.ticket)
    return told


async def _read(conn: Connection, ticket_id: UUID) -> tuple[Follower, ...]:
    rows = await (await conn.execute(QUERIES["list_followers"], {"ticket_id": ticket_id})).fetchall()
    return tuple(_follower_of(row) for row in rows)


def _follower_of(row: Row) -> Follower:
    if row["contact_id"] is None:
        return Follower(row["id"], FollowerKind.STAFF, None, row["created_at"])
    contact = Contact(row["contact_id"], row["email"], row["name"])
    return Follower(row["id"], FollowerKind.CUSTOMER, contact, row["created_at"])
