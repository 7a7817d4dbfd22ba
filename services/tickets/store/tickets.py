"""Tickets themselves: made, read and changed. Every write is one transaction with its event and its outbox row."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from services.common.database import Database
from services.common.ids import ordered_id
from services.common.tracing import current_traceparent
from services.domain import changes
from services.domain.categories import brought_by
from services.domain.changes import Change
from services.domain.errors import Conflict, NotFound
from services.domain.family.model import Settling
from services.domain.lifecycle import Act
from services.domain.principal import Role
from services.domain.ticket import EventKind, NewTicket, Priority, Ticket, TicketStatus
from services.domain.ticket_fields import check_values
from services.tickets.convert import json_of, ticket_of
from services.tickets.store.attachments import insert_content
from services.tickets.store.brands import addresses_of, own_address
from services.tickets.store.categories import find_line, read_line
from services.tickets.store.cc_proposals import insert_cc_proposals
from services.tickets.store.events import RANKS, Connection, append_event, enqueue, lock_in_order, lock_ticket
from services.tickets.store.parents import link
from services.tickets.store.requests import Request, first_resource, known_resource
from services.tickets.store.scope import Scope
from services.tickets.store.statements import QUERIES
from services.tickets.store.ticket_fields import check_settling, read_fields, read_fields_of_new
from services.tickets.words import PUBLIC, requester_vector, subject_vector, text_vector

_FIRST_FIELDS = ("channel", "subject", "type", "tags", "custom_fields")
_NO_REQUEST = {"caller": "", "method": "", "request_id": "", "digest": b"", "resource_id": None}

Decide = Callable[[Connection, Ticket], Awaitable[Change | None]]


@dataclass(frozen=True, slots=True)
class Making:
    """What a new ticket is made with besides its content; without `actor` its requester made it."""

    ticket_id: UUID
    message_id: UUID
    actor: str | None
    follow_up_of: UUID | None = None
    request: Request | None = None


class TicketStore:
    """Makes, reads and changes tickets; `on_commit` is called when an outbox row was committed."""

    def __init__(self, database: Database, on_commit: Callable[[], None]) -> None:
        self._database = database
        self._on_commit = on_commit

    async def create_ticket(self, new: NewTicket, request: Request) -> Ticket:
        """The ticket, durable; NotFound for an unknown brand, AlreadyExists for a request id with other content.

        Invalid when the requester's address is a brand's own.
        """
        # A door that brings a customer's item acts in their name, and has nobody to ask for more.
        by_door = request.principal.role is Role.SERVICE
        making = Making(ordered_id(), ordered_id(), None if by_door else request.actor, request=request)
        # One statement writes a ticket; a transaction is for what others write beside it.
        opened = self._database.transaction if _has_more(new) else self._database.connection
        async with opened() as conn:
            ticket = None
            if new.parent_id is None and not new.category:
                # Mostly there is nothing to look at first, as the statement itself finds out: one trip instead of two.
                ticket = await _write_ticket(conn, new, making, is_checked=False)
            if ticket is None:
                ticket = await self._create_checked(conn, new, making, request, creating=not by_door)
        self._on_commit()
        return ticket

    async def _create_checked(
        self, conn: Connection, new: NewTicket, making: Making, request: Request, *, creating: bool
    ) -> Ticket:
        parameters = {**request.key, **addresses_of(new.requester_email)}
        begun = await (await conn.execute(QUERIES["begin_intake"], parameters)).fetchone()
        assert begun is not None
        if begun["is_own"]:
            raise own_address("requester.email")
        if begun["is_known"] and (first := await _first_ticket(conn, request)) is not None:
            return first
        fields = await read_fields_of_new(conn, new) if begun["has_fields"] else ()
        values = check_values(fields, new.custom_fields, old={}, creating=creating)
        if new.parent_id is not None:
            await lock_in_order(conn, [new.parent_id])
            parent = await lock_ticket(conn, new.parent_id, scope=request.scope)
        ticket = await insert_ticket(conn, replace(new, custom_fields=values), making)
        if new.parent_id is not None and ticket.id == making.ticket_id:
            child = await lock_ticket(conn, ticket.id)
            linked, _ = await link(conn, child, parent, actor=request.actor)
            ticket = linked.ticket
        return ticket

    async def get_ticket(self, key: UUID | int, *, scope: Scope) -> Ticket:
        """The ticket with this id or number; NotFound also outside the scope."""
        async with self._database.connection() as conn:
            return await read_ticket(conn, key, scope=scope)

    async def update_ticket(
        self, ticket_id: UUID, wanted: Mapping[str, Any], request: Request, *, expected_version: int
    ) -> Ticket:
        """Set fields; Conflict unless `expected_version` is 0 or the present one."""

        async def decide(conn: Connection, ticket: Ticket) -> Change | None:
            if expected_version not in (0, ticket.version):
                raise Conflict(
                    f"The ticket is at version {ticket.version}, not {expected_version}: read it again.",
                    metadata={"version": str(ticket.version)},
                )
            values = await with_custom_fields(conn, ticket, wanted)
            line = await read_line(conn, values.get("category_id"))
            brought = brought_by(line, named=values)
            change = changes.update(ticket, values, request.principal, brought=brought)
            await check_settling(conn, ticket, change, request.principal)
            return change

        return await self._change(ticket_id, request, decide)

    async def assign_ticket(
        self,
        ticket_id: UUID,
        request: Request,
        *,
        assignee_id: UUID | None,
        keep_assignee: bool,
        team_id: UUID | None,
        keep_team: bool,
    ) -> Ticket:
        """Give to an agent, a team, or back to nobody."""

        async def decide(_conn: Connection, ticket: Ticket) -> Change | None:
            return changes.assign(
                ticket,
                ticket.assignee_id if keep_assignee else assignee_id,
                team_id=ticket.team_id if keep_team else team_id,
            )

        return await self._change(ticket_id, request, decide)

    async def resolve_ticket(
        self, ticket_id: UUID, request: Request, *, resolution: str = "", silent: bool = False
    ) -> Ticket:
        """Answered; a resolved ticket stays as it is. `silent`: no customer of its children is told."""
        return await self._settle(ticket_id, request, Act.RESOLVE, resolution=resolution, silent=silent)

    async def close_ticket(
        self, ticket_id: UUID, request: Request, *, resolution: str = "", silent: bool = False
    ) -> Ticket:
        """Over; a closed ticket stays as it is. `silent`: no customer of its children is told."""
        return await self._settle(ticket_id, request, Act.CLOSE, resolution=resolution, silent=silent)

    async def reopen_ticket(self, ticket_id: UUID, request: Request) -> Ticket:
        """Open a settled ticket again."""

        async def decide(_conn: Connection, ticket: Ticket) -> Change | None:
            return changes.reopen(ticket, request.principal)

        return await self._change(ticket_id, request, decide)

    async def _settle(self, ticket_id: UUID, request: Request, act: Act, *, resolution: str, silent: bool) -> Ticket:
        async def decide(conn: Connection, ticket: Ticket) -> Change | None:
            change = changes.settle(ticket, act, resolution=resolution)
            await check_settling(conn, ticket, change, request.principal)
            return change

        return await self._change(ticket_id, request, decide, silent=silent)

    async def _change(self, ticket_id: UUID, request: Request, decide: Decide, *, silent: bool = False) -> Ticket:
        """Decide under the row's lock; no event and no nudge when nothing changes."""
        async with self._database.transaction() as conn:
            locked = await lock_ticket(conn, ticket_id, scope=request.scope)
            if await first_resource(conn, request, ticket_id) is not None:
                return locked.ticket
            change = await decide(conn, locked.ticket)
            if change is None:
                return locked.ticket
            locked = await append_event(
                conn,
                locked,
                change.kind,
                actor=request.actor,
                changes=change.values,
                reason=change.reason,
                settling=Settling(request.principal.role, silent=silent),
            )
            await enqueue(conn, locked.ticket)
        self._on_commit()
        return locked.ticket


async def with_custom_fields(conn: Connection, ticket: Ticket, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What is wanted, with custom fields as they are kept; `some_custom_fields` leave the others as they are."""
    values = dict(wanted)
    some = values.pop("some_custom_fields", None)
    if some is not None:
        values["custom_fields"] = ticket.custom_fields | some
    if "custom_fields" in values:
        fields = await read_fields(conn, ticket.brand_id)
        values["custom_fields"] = check_values(fields, values["custom_fields"], old=ticket.custom_fields)
    return values


async def read_ticket(conn: Connection, key: UUID | int, *, scope: Scope) -> Ticket:
    """The ticket with this id or number; NotFound also outside the scope."""
    by_number = isinstance(key, int)
    parameters = {"ticket_id": None if by_number else key, "number": key if by_number else None, **scope.parameters()}
    row = await (await conn.execute(QUERIES["get_ticket"], parameters)).fetchone()
    if row is None:
        raise NotFound("This ticket does not exist.")
    return ticket_of(row)


async def insert_ticket(conn: Connection, new: NewTicket, making: Making) -> Ticket:
    """A new ticket with its description, event 1 and outbox row, or the one that its request made when it came before.

    NotFound for an unknown brand.
    """
    ticket = await _write_ticket(conn, new, making, is_checked=True)
    if ticket is None and making.request is not None:
        ticket = await _first_ticket(conn, making.request)
    if ticket is None:
        raise NotFound(f"The brand {new.brand!r} does not exist.", metadata={"field": "brand"})
    return ticket


async def _write_ticket(conn: Connection, new: NewTicket, making: Making, *, is_checked: bool) -> Ticket | None:
    """The new ticket; None, and nothing written, for what `insert_ticket` says of no row."""
    first = {field: getattr(new, field) for field in _FIRST_FIELDS}
    first |= {"status": TicketStatus.NEW, "follow_up_of": making.follow_up_of}
    line = await find_line(conn, new.category)
    brought = brought_by(line, named=("priority",) if new.priority else ())
    first |= {"priority": new.priority or Priority.NORMAL, **brought.values}
    first |= {"category_id": line[-1].id} if line else {}
    parameters = {
        "category_id": None,
        "team_id": None,
        **first,
        "reason": brought.reason,
        "is_checked": is_checked,
        **addresses_of(new.requester_email),
        "ticket_id": making.ticket_id,
        "message_id": making.message_id,
        "tags": list(new.tags),
        "custom_fields": Jsonb(new.custom_fields),
        "brand": new.brand,
        "mailbox": new.mailbox,
        "requester_name": new.requester_name,
        "body": new.body,
        "body_hash": body_hash(new.body),
        "rfc_message_id": new.rfc_message_id,
        "raw_source": new.raw_source,
        "sender_unproven": new.sender_unproven,
        "automatic": new.automatic,
        "subject_words": subject_vector(new.subject, tags=new.tags, type_=new.type, custom_fields=new.custom_fields),
        "requester_words": requester_vector(new.requester_name, new.requester_email),
        "name_words": requester_vector(new.requester_name, ""),
        "body_words": text_vector((PUBLIC, new.body)),
        "kind": EventKind.TICKET_CREATED,
        "actor": making.actor,
        "changes": Jsonb([{"field": field, "old": None, "new": json_of(value)} for field, value in first.items()]),
        "rank": RANKS[first["priority"]],
        "traceparent": current_traceparent(),
        **(making.request.parameters(making.ticket_id) if making.request else _NO_REQUEST),
    }
    row = await (await conn.execute(QUERIES["insert_ticket"], parameters)).fetchone()
    if row is None:
        return None
    await insert_content(conn, making.message_id, new)
    await insert_cc_proposals(conn, making.ticket_id, making.message_id, new)
    return ticket_of(row)


async def _first_ticket(conn: Connection, request: Request) -> Ticket | None:
    """What the request made, if it came before; AlreadyExists when its id was used with other content."""
    first = await known_resource(conn, request)
    return None if first is None else await read_ticket(conn, first, scope=request.scope)


def _has_more(new: NewTicket) -> bool:
    """Whether more is written of the ticket than its own rows."""
    return bool(new.parent_id or new.quoted or new.html or new.attachments or new.cc)


def body_hash(body: str) -> str:
    """A message's text as decisions name it: its SHA-256 in hex."""
    return sha256(body.encode()).hexdigest()
