"""Definitions of custom fields; the values are on the tickets, and stay there whatever becomes of a definition."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any
from uuid import UUID, uuid4

from services.common.database import Database
from services.domain.changes import Change
from services.domain.errors import Conflict, Invalid, NotFound
from services.domain.intake import clean_line
from services.domain.principal import STAFF, Principal
from services.domain.ticket import NewTicket, Ticket
from services.domain.ticket_fields import (
    MOST_FIELDS,
    FieldKind,
    TicketField,
    TicketFieldFields,
    check_field,
    check_resolvable,
)
from services.tickets.convert import Row
from services.tickets.store.events import Connection
from services.tickets.store.requests import Request, first_resource
from services.tickets.store.statements import QUERIES


class TicketFieldStore:
    """Makes, reads and changes definitions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_ticket_fields(self) -> tuple[TicketField, ...]:
        """All fields in their order, also what is archived."""
        async with self._database.transaction() as conn:
            return await _read_all(conn)

    async def create_ticket_field(self, said: TicketFieldFields, request: Request) -> TicketField:
        """A new field; Invalid, AlreadyExists when the key is taken."""
        if said.kind is None:
            raise Invalid("A field needs a kind.", violations={"kind": f"must be one of {', '.join(FieldKind)}"})
        field = _cleaned(TicketField(**{**asdict(said), "kind": said.kind, "archived": False}, id=uuid4(), version=1))
        check_field(field)
        async with self._database.transaction() as conn:
            first = await first_resource(conn, request, field.id)
            known = await _read_all(conn)
            if first is not None:
                return next(one for one in known if one.id == first)
            if len(known) >= MOST_FIELDS:
                raise Invalid(f"There are at most {MOST_FIELDS} fields, archived ones too.")
            await conn.execute(QUERIES["insert_ticket_field"], _parameters(field))
        return field

    async def update_ticket_field(
        self, field_id: UUID, values: Mapping[str, Any], *, expected_version: int
    ) -> TicketField:
        """The field with these values; Invalid for another key or kind."""
        async with self._database.transaction() as conn:
            row = await (await conn.execute(QUERIES["lock_ticket_field"], {"field_id": field_id})).fetchone()
            if row is None:
                raise NotFound("This field does not exist.")
            old = _field_of(row)
            if expected_version not in (0, old.version):
                raise Conflict(
                    f"The field is at version {old.version}, not {expected_version}: read it again.",
                    metadata={"version": str(old.version)},
                )
            new = _cleaned(replace(old, **values))
            check_field(new)
            _check_fixed(old, new)
            if new == old:
                return old
            await conn.execute(QUERIES["update_ticket_field"], _parameters(new))
        return replace(new, version=old.version + 1)


def _check_fixed(old: TicketField, new: TicketField) -> None:
    """Tickets have values of this kind under this key."""
    changed = [name for name in ("key", "kind") if getattr(new, name) != getattr(old, name)]
    if changed:
        fixed = dict.fromkeys(changed, "cannot change: make another field")
        raise Invalid(f"The {' and '.join(changed)} of a field cannot change.", violations=fixed)


async def read_fields(conn: Connection, brand_id: UUID) -> tuple[TicketField, ...]:
    """The fields of a brand's tickets."""
    return _fields_of(await (await conn.execute(QUERIES["list_fields_of_brand"], {"brand_id": brand_id})).fetchall())


async def read_fields_of_new(conn: Connection, new: NewTicket) -> tuple[TicketField, ...]:
    """The fields of a ticket that is about to be made."""
    parameters = {"brand": new.brand, "mailbox": new.mailbox}
    return _fields_of(await (await conn.execute(QUERIES["list_fields_of_new"], parameters)).fetchall())


async def check_settling(conn: Connection, ticket: Ticket, change: Change | None, principal: Principal) -> None:
    """InvalidTransition when somebody of the staff settles a ticket that lacks what a resolved one must have."""
    status = change.values.get("status", ticket.status) if change else ticket.status
    if change is None or ticket.status.is_settled or not status.is_settled or principal.role not in STAFF:
        return
    fields = await read_fields(conn, ticket.brand_id)
    check_resolvable(fields, change.values.get("custom_fields", ticket.custom_fields))


async def _read_all(conn: Connection) -> tuple[TicketField, ...]:
    return _fields_of(await (await conn.execute(QUERIES["list_ticket_fields"])).fetchall())


def _fields_of(rows: Iterable[Row]) -> tuple[TicketField, ...]:
    return tuple(_field_of(row) for row in rows)


def _field_of(row: Row) -> TicketField:
    read = {"kind": FieldKind(row["kind"]), "choices": tuple(row["choices"]), "brand_ids": tuple(row["brand_ids"])}
    return TicketField(**{**row, **read})


def _cleaned(field: TicketField) -> TicketField:
    return replace(field, label=clean_line(field.label), choices=tuple(clean_line(choice) for choice in field.choices))


def _parameters(field: TicketField) -> dict[str, Any]:
    return asdict(field) | {"choices": list(field.choices), "brand_ids": list(field.brand_ids)}
