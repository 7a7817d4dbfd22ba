"""Macros: kept, filled in, and run on a ticket in one transaction."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from services.common.database import Database
from services.domain import changes
from services.domain.actions import Action, ActionKind
from services.domain.categories import brought_by
from services.domain.changes import Change
from services.domain.errors import Conflict, Invalid, NotFound
from services.domain.family.model import Settling
from services.domain.macros import (
    MOST_MACROS,
    Macro,
    MacroFields,
    check_macro,
    check_owner,
    fill_reply,
    may_use,
    notes_of,
    snooze_until,
    wanted_of,
)
from services.domain.message import Message, NewAttachment, NewMessage, Visibility
from services.domain.principal import Principal
from services.domain.snooze import Snooze, snooze
from services.domain.ticket import Brand, Priority, Ticket, TicketStatus
from services.domain.ticket_fields import TicketField
from services.tickets.convert import Row, json_of
from services.tickets.store.categories import read_line
from services.tickets.store.events import Connection, LockedTicket, append_event, enqueue, lock_ticket
from services.tickets.store.messages import add_by_agent, read_message
from services.tickets.store.requests import Request, first_resource
from services.tickets.store.statements import QUERIES
from services.tickets.store.ticket_fields import check_settling, read_fields
from services.tickets.store.tickets import read_ticket, with_custom_fields

_GIVEN = ("team_id", "assignee_id")


@dataclass(frozen=True, slots=True)
class MacroRun:
    """How a macro is run: `body` is the text as it is sent, None as the macro has it; `attachments` go with it."""

    body: str | None = None
    expected_version: int = 0
    seen_seq: int = 0
    send_anyway: bool = False
    attachments: tuple[NewAttachment, ...] = ()


class MacroStore:
    """Makes, reads, changes and runs macros; `on_commit` is called when an outbox row was committed."""

    def __init__(self, database: Database, on_commit: Callable[[], None]) -> None:
        self._database = database
        self._on_commit = on_commit

    async def list_macros(self, principal: Principal) -> tuple[Macro, ...]:
        """The caller's own, then those of teams, then everybody's."""
        async with self._database.transaction() as conn:
            rows = await (await conn.execute(QUERIES["list_macros"], {"user_id": principal.subject})).fetchall()
        return tuple(_macro_of(row) for row in rows)

    async def create_macro(self, said: MacroFields, request: Request) -> Macro:
        """A new macro; Invalid, Forbidden, AlreadyExists when the name is taken."""
        values = {**_of(said), "visibility": said.visibility or Visibility.PUBLIC}
        macro = check_macro(Macro(id=uuid4(), version=1, **values))
        check_owner(macro, request.principal)
        async with self._database.transaction() as conn:
            if first := await first_resource(conn, request, macro.id):
                return await _read(conn, first, request.principal)
            row = await (await conn.execute(QUERIES["count_macros"])).fetchone()
            if row is None or row["found"] >= MOST_MACROS:
                raise Invalid(f"There are at most {MOST_MACROS} macros: delete some first.")
            await conn.execute(QUERIES["insert_macro"], _parameters(macro))
        return macro

    async def update_macro(
        self, macro_id: UUID, values: Mapping[str, Any], principal: Principal, *, expected_version: int
    ) -> Macro:
        """The macro with these values, by whoever may change it before and after."""
        async with self._database.transaction() as conn:
            old = await _read(conn, macro_id, principal, query="lock_macro")
            _check_version(old, expected_version)
            new = check_macro(replace(old, **values))
            for macro in (old, new):
                check_owner(macro, principal)
            if new == old:
                return old
            await conn.execute(QUERIES["update_macro"], _parameters(new))
        return replace(new, version=old.version + 1)

    async def delete_macro(self, macro_id: UUID, principal: Principal) -> None:
        """Gone; what it did stays."""
        async with self._database.transaction() as conn:
            check_owner(await _read(conn, macro_id, principal, query="lock_macro"), principal)
            await conn.execute(QUERIES["delete_macro"], {"macro_id": macro_id})

    async def fill_macro(self, ticket_id: UUID, macro_id: UUID, request: Request) -> tuple[str, Macro]:
        """The reply for this ticket."""
        async with self._database.transaction() as conn:
            ticket = await read_ticket(conn, ticket_id, scope=request.scope)
            macro = await _read(conn, macro_id, request.principal)
            return await _filled(conn, macro, ticket, request.principal), macro

    async def run_macro(
        self, ticket_id: UUID, macro_id: UUID, run: MacroRun, request: Request
    ) -> tuple[Ticket, Message | None]:
        """The ticket after it, and what was said if anything was."""
        async with self._database.transaction() as conn:
            locked = await lock_ticket(conn, ticket_id, scope=request.scope)
            if await first_resource(conn, request, ticket_id) is not None:
                return locked.ticket, None
            macro = await _read(conn, macro_id, request.principal)
            _check_version(macro, run.expected_version)
            locked, message_id = await run_on(conn, locked, macro, run, request.principal)
            await enqueue(conn, locked.ticket)
            message = await read_message(conn, message_id) if message_id else None
        self._on_commit()
        return locked.ticket, message


async def read_macro(conn: Connection, macro_id: UUID, principal: Principal) -> Macro:
    """The macro, which the caller may use; NotFound."""
    return await _read(conn, macro_id, principal)


async def run_on(
    conn: Connection, locked: LockedTicket, macro: Macro, run: MacroRun, principal: Principal
) -> tuple[LockedTicket, UUID | None]:
    """Reply, notes and fields of a locked ticket; the fields are the last event but for a snooze.

    InvalidTransition, Invalid or Forbidden for what could not be done alone either.
    """
    body = await _filled(conn, macro, locked.ticket, principal) if run.body is None else run.body
    message_id = None
    if body.strip():
        principal.require("tickets.reply")
        if macro.visibility is Visibility.INTERNAL:
            principal.require("tickets.note")
        new = NewMessage(
            macro.visibility,
            body,
            seen_seq=run.seen_seq,
            send_anyway=run.send_anyway,
            attachments=run.attachments,
        )
        locked, message_id = await add_by_agent(conn, locked, new, principal, cause=macro.cause, reason=macro.reason)
    for note in notes_of(macro):
        principal.require("tickets.note")
        new = NewMessage(Visibility.INTERNAL, note)
        locked, _ = await add_by_agent(conn, locked, new, principal, cause=macro.cause, reason=macro.reason)
    locked = await _change(conn, locked, macro, principal)
    return await _snooze(conn, locked, macro, principal), message_id


async def _change(conn: Connection, locked: LockedTicket, macro: Macro, principal: Principal) -> LockedTicket:
    """The assignment, of which its new owner is told, and then all other fields at once."""
    wanted = wanted_of(macro, locked.ticket, await _fields_for(conn, macro, locked.ticket))
    given = {field: wanted.pop(field) for field in _GIVEN if field in wanted}
    if given:
        principal.require("tickets.assign")
        to = {field: getattr(locked.ticket, field) for field in _GIVEN} | given
        change = changes.assign(locked.ticket, to["assignee_id"], team_id=to["team_id"])
        locked = await _append(conn, locked, change, macro, principal)
    if not wanted:
        return locked
    if wanted.keys() != {"status"} or not wanted["status"].is_settled:
        # A status that settles needs what it needs alone, which `changes.update` asks for.
        principal.require("tickets.update")
    values = await with_custom_fields(conn, locked.ticket, wanted)
    brought = brought_by(await read_line(conn, values.get("category_id")), named={*values, *given})
    change = changes.update(locked.ticket, values, principal, brought=brought)
    await check_settling(conn, locked.ticket, change, principal)
    return await _append(conn, locked, change, macro, principal)


async def _snooze(conn: Connection, locked: LockedTicket, macro: Macro, principal: Principal) -> LockedTicket:
    row = await (await conn.execute(QUERIES["get_now"])).fetchone()
    assert row is not None
    until = snooze_until(macro, now=row["now"])
    if until is None:
        return locked
    principal.require("tickets.snooze")
    change = snooze(locked.ticket, Snooze(until, macro.name), by=principal.subject, now=row["now"])
    return await _append(conn, locked, change, macro, principal)


async def _append(
    conn: Connection, locked: LockedTicket, change: Change | None, macro: Macro, principal: Principal
) -> LockedTicket:
    if change is None:
        return locked
    return await append_event(
        conn,
        locked,
        change.kind,
        actor=principal.subject,
        changes=change.values,
        cause=macro.cause,
        reason="; ".join(part for part in (macro.reason, change.reason) if part),
        settling=Settling(principal.role),
    )


async def _fields_for(conn: Connection, macro: Macro, ticket: Ticket) -> tuple[TicketField, ...]:
    if any(action.kind is ActionKind.SET_CUSTOM_FIELD for action in macro.actions):
        return await read_fields(conn, ticket.brand_id)
    return ()


async def _filled(conn: Connection, macro: Macro, ticket: Ticket, principal: Principal) -> str:
    row = await (await conn.execute(QUERIES["get_brand"], {"brand_id": ticket.brand_id})).fetchone()
    assert row is not None
    return fill_reply(macro, ticket, Brand(**row), agent=principal.name)


async def _read(conn: Connection, macro_id: UUID, principal: Principal, *, query: str = "get_macro") -> Macro:
    row = await (await conn.execute(QUERIES[query], {"macro_id": macro_id})).fetchone()
    if row is None or not may_use(macro := _macro_of(row), principal):
        raise NotFound("This macro does not exist.")
    return macro


def _check_version(macro: Macro, expected_version: int) -> None:
    if expected_version not in (0, macro.version):
        raise Conflict(
            f"The macro is at version {macro.version}, not {expected_version}: read it again.",
            metadata={"version": str(macro.version)},
        )


def _of(said: MacroFields) -> dict[str, Any]:
    return {
        "name": said.name,
        "user_id": said.user_id,
        "team_id": said.team_id,
        "reply": said.reply,
        "actions": said.actions,
    }


def _macro_of(row: Row) -> Macro:
    read = {"visibility": Visibility(row["visibility"]), "actions": tuple(_action_of(one) for one in row["actions"])}
    return Macro(**{**row, **read})


def _parameters(macro: Macro) -> dict[str, Any]:
    documents = [_document_of(action) for action in macro.actions]
    return {
        "id": macro.id,
        "name": macro.name,
        "user_id": macro.user_id,
        "team_id": macro.team_id,
        "reply": macro.reply,
        "visibility": macro.visibility,
        "actions": Jsonb(documents),
    }


def _document_of(action: Action) -> dict[str, Any]:
    """An action as JSON, without what it does not say; a duration in seconds."""
    said = {name: value for name, value in asdict(action).items() if value not in ("", None)}
    if action.duration is not None:
        said["duration"] = action.duration.total_seconds()
    return {name: json_of(value) for name, value in said.items()}


_READ: Mapping[str, Callable[[Any], Any]] = {
    "kind": ActionKind,
    "priority": Priority,
    "status": TicketStatus,
    "duration": lambda seconds: timedelta(seconds=seconds),
    **dict.fromkeys(("team_id", "user_id", "category_id", "policy_id", "calendar_id", "parent_id"), UUID),
}


def _action_of(document: Mapping[str, Any]) -> Action:
    return Action(**{name: _READ[name](value) if name in _READ else value for name, value in document.items()})
