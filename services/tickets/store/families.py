"""Families: who is whose child, and what people see of that. Locks: the tickets concerned by id, before they are read.

What a statement counts that waited for a lock may be old; so the locks come first and the reading after.
"""

from collections.abc import Callable, Sequence
from uuid import UUID

from services.common.database import Database
from services.common.ids import ordered_id
from services.domain.errors import NotFound
from services.domain.family.links import check_group
from services.domain.family.model import Family
from services.domain.family.policy import NO_CHILDREN, FamilyPolicy
from services.domain.ticket import EventKind, NewTicket, Ticket
from services.tickets.convert import ticket_of
from services.tickets.store.cascades import newest_cascade
from services.tickets.store.events import Connection, append_event, enqueue, lock_in_order, lock_ticket
from services.tickets.store.kinship import read_kinship
from services.tickets.store.pages import Page, next_token
from services.tickets.store.parents import link, unlink
from services.tickets.store.requests import Request, first_resource
from services.tickets.store.scope import EVERYTHING, Scope
from services.tickets.store.statements import QUERIES
from services.tickets.store.tickets import Making, insert_ticket, read_ticket

_GROUPED = "Made to hold together what belongs together."


class FamilyStore:
    """Links tickets and reads families; `on_commit` is called when an outbox row was committed."""

    def __init__(self, database: Database, on_commit: Callable[[], None]) -> None:
        self._database = database
        self._on_commit = on_commit

    async def set_parent(self, ticket_id: UUID, parent_id: UUID, request: Request) -> Ticket:
        """The child; InvalidTransition says why it cannot be one."""
        async with self._database.transaction() as conn:
            await lock_in_order(conn, (ticket_id, parent_id))
            child = await lock_ticket(conn, ticket_id, scope=request.scope)
            if await first_resource(conn, request, ticket_id) is None:
                parent = await lock_ticket(conn, parent_id, scope=request.scope)
                child, _ = await link(conn, child, parent, actor=request.actor)
        self._on_commit()
        return child.ticket

    async def remove_parent(self, ticket_id: UUID, request: Request) -> Ticket:
        """The ticket without a parent."""
        async with self._database.transaction() as conn:
            parent_id = (await read_ticket(conn, ticket_id, scope=request.scope)).parent_id
            await lock_in_order(conn, (ticket_id, *((parent_id,) if parent_id else ())))
            child = await lock_ticket(conn, ticket_id, scope=request.scope)
            if await first_resource(conn, request, ticket_id) is None:
                child = await unlink(conn, child, actor=request.actor)
        self._on_commit()
        return child.ticket

    async def group_tickets(self, ticket_ids: Sequence[UUID], subject: str, request: Request) -> Ticket:
        """A new ticket, the parent of these."""
        wanted, made = list(dict.fromkeys(ticket_ids)), ordered_id()
        check_group(len(wanted))
        async with self._database.transaction() as conn:
            first = await first_resource(conn, request, made)
            if first is not None:
                return await read_ticket(conn, first, scope=request.scope)
            await lock_in_order(conn, wanted)
            children = [await lock_ticket(conn, ticket_id, scope=request.scope) for ticket_id in wanted]
            await _insert_parent(conn, children[0].ticket, subject, ticket_id=made, request=request)
            parent = await lock_ticket(conn, made)
            for child in children:
                _, parent = await link(conn, child, parent, actor=request.actor)
            ticket = await read_ticket(conn, made, scope=EVERYTHING)
        self._on_commit()
        return ticket

    async def set_family_policy(self, ticket_id: UUID, policy: FamilyPolicy, request: Request) -> Family:
        """The family under its new policy."""
        async with self._database.transaction() as conn:
            locked = await lock_ticket(conn, ticket_id, scope=request.scope)
            if (await read_kinship(conn, ticket_id)).own != policy:
                parameters = {"ticket_id": ticket_id, "down": policy.down, "up": policy.up}
                await conn.execute(QUERIES["set_family_policy"], parameters)
                reason = f"down: {policy.down or 'as the brand'}, up: {policy.up or 'as the brand'}"
                kind = EventKind.FAMILY_POLICY_SET
                locked = await append_event(conn, locked, kind, actor=request.actor, changes={}, reason=reason)
                await enqueue(conn, locked.ticket)
            family = await _read_family(conn, locked.ticket, scope=request.scope)
        self._on_commit()
        return family

    async def get_family(self, ticket_id: UUID, *, scope: Scope) -> Family:
        """The family of the ticket, which may be the parent or a child."""
        async with self._database.transaction() as conn:
            ticket = await read_ticket(conn, ticket_id, scope=scope)
            if ticket.parent_id is not None:
                try:
                    ticket = await read_ticket(conn, ticket.parent_id, scope=scope)
                except NotFound:
                    return _NO_FAMILY
            return await _read_family(conn, ticket, scope=scope)

    async def list_children(self, parent_id: UUID, page: Page, *, scope: Scope) -> tuple[tuple[Ticket, ...], str]:
        """A page of the children in the scope, by number."""
        listing = f"children {parent_id}"
        parameters = {
            "parent_id": parent_id,
            "after": page.after_seq(listing),
            "most": page.most,
            **scope.parameters(),
        }
        async with self._database.transaction() as conn:
            await read_ticket(conn, parent_id, scope=scope)
            found = await (await conn.execute(QUERIES["list_children"], parameters)).fetchall()
            shown = found[: page.most]
            tickets = await _read_tickets(conn, [row["id"] for row in shown])
        token = next_token(listing, shown[-1], ("number",)) if len(found) > len(shown) else ""
        return tickets, token

    async def list_relatives(self, ticket_id: UUID, *, scope: Scope) -> tuple[Ticket, ...]:
        """Open tickets in no family that may belong with this one, newest first."""
        async with self._database.transaction() as conn:
            await read_ticket(conn, ticket_id, scope=scope)
            parameters = {"ticket_id": ticket_id, **scope.parameters()}
            rows = await (await conn.execute(QUERIES["list_relatives"], parameters)).fetchall()
            return await _read_tickets(conn, [row["id"] for row in rows])


_NO_FAMILY = Family(None, None, None, FamilyPolicy(), NO_CHILDREN, 0, 0, None)


async def _insert_parent(conn: Connection, first: Ticket, subject: str, *, ticket_id: UUID, request: Request) -> None:
    # No customer is told of it: their words are on the children.
    new = NewTicket(
        subject=subject or first.subject,
        body=_GROUPED,
        requester_email=first.requester.email,
        requester_name=first.requester.name,
        brand=str(first.brand_id),
        channel=first.channel,
        automatic=True,
    )
    await insert_ticket(conn, new, Making(ticket_id, ordered_id(), request.actor))


async def _read_family(conn: Connection, parent: Ticket, *, scope: Scope) -> Family:
    kinship = await read_kinship(conn, parent.id)
    parameters = {"parent_id": parent.id, **scope.parameters()}
    row = await (await conn.execute(QUERIES["count_children"], parameters)).fetchone()
    assert row is not None
    return Family(
        parent=parent if kinship.children.total else None,
        down=kinship.down,
        up=kinship.up,
        own=kinship.own,
        children=kinship.children,
        hidden=kinship.children.total - row["seen"],
        reopened=kinship.children.open if parent.status.is_settled else 0,
        cascade=await newest_cascade(conn, parent.id, scope=scope),
    )


async def _read_tickets(conn: Connection, ticket_ids: Sequence[UUID]) -> tuple[Ticket, ...]:
    rows = await (await conn.execute(QUERIES["list_tickets"], {"ids": list(ticket_ids)})).fetchall()
    return tuple(ticket_of(row) for row in rows)
