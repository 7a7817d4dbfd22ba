"""One reply to all children of a ticket: a bulk whose pages write to each child in its own thread.

A child that is linked later gets the last one, by another row of the same bulk. That each customer is told once is a
constraint of the database.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from services.common.database import Database
from services.common.ids import ordered_id
from services.domain.bulk import BulkAct, BulkState, TicketChange
from services.domain.family.broadcast import TOLD_ELSEWHERE, Broadcast, check_parent, fill_in, why_untold
from services.domain.family.model import ChildOutcome, ChildProblem
from services.domain.message import AuthorKind, Visibility
from services.domain.promises import Promise
from services.domain.ticket import EventKind
from services.tickets.convert import Row, json_of
from services.tickets.store.events import PACED_RANK, Connection, LockedTicket, append_event, enqueue, lock_ticket
from services.tickets.store.promises import make_promise
from services.tickets.store.requests import Request, first_resource
from services.tickets.store.scope import Scope
from services.tickets.store.statements import QUERIES
from services.tickets.store.tickets import body_hash, read_ticket
from services.tickets.store.words import add_message_words


class BroadcastStore:
    """Begins and lists them; `on_commit` is called when there is something new for the relay."""

    def __init__(self, database: Database, on_commit: Callable[[], None]) -> None:
        self._database = database
        self._on_commit = on_commit

    async def start_broadcast(
        self,
        parent_id: UUID,
        body: str,
        request: Request,
        *,
        translations: Mapping[str, str],
        next_update_at: datetime | None = None,
    ) -> Broadcast:
        """Begins soon; NotFound, Invalid, InvalidTransition (NO_CHILDREN).

        It keeps what was promised on the parent, and promises the next update there if that is wanted.
        """
        principal, job_id = request.principal, uuid4()
        async with self._database.transaction() as conn:
            parent = await lock_ticket(conn, parent_id, scope=request.scope)
            first = await first_resource(conn, request, job_id)
            if first is None:
                check_parent(parent.ticket)
                change = TicketChange(BulkAct.BROADCAST, parent_id=parent_id)
                parameters = {
                    "job_id": job_id,
                    "user_id": principal.subject,
                    "role": principal.role,
                    "change": Jsonb(json_of(asdict(change))),
                    "parent_id": parent_id,
                    "body": body,
                    "translations": Jsonb(translations),
                    "author_name": principal.name,
                }
                await conn.execute(QUERIES["insert_broadcast"], parameters)
                parent = await _tell_parent(conn, parent, job_id, actor=request.actor)
                if next_update_at is not None:
                    promise = Promise(next_update_at)
                    await make_promise(conn, parent, promise, actor=request.actor, promise_id=uuid4())
            found = await _list(conn, parent_id, request.scope)
        self._on_commit()
        return next(broadcast for broadcast in found if broadcast.id == (first or job_id))

    async def list_broadcasts(self, parent_id: UUID, *, scope: Scope) -> tuple[Broadcast, ...]:
        """The newest 20; NotFound."""
        async with self._database.transaction() as conn:
            await read_ticket(conn, parent_id, scope=scope)
            return await _list(conn, parent_id, scope)


async def tell_child(conn: Connection, child: LockedTicket, *, job_id: UUID, actor: str) -> tuple[LockedTicket, str]:
    """Write to one child, or the reason why nothing is written."""
    asked = {"job_id": job_id, "brand_id": child.ticket.brand_id}
    row = await (await conn.execute(QUERIES["get_broadcast"], asked)).fetchone()
    assert row is not None
    if reason := why_untold(child.ticket, row["parent_id"]):
        return child, reason
    told = {"job_id": job_id, "contact_id": child.ticket.requester.id, "ticket_id": child.ticket.id}
    if await (await conn.execute(QUERIES["tell_once"], told)).fetchone() is None:
        return child, TOLD_ELSEWHERE
    message_id, body = ordered_id(), fill_in(row["body"], child.ticket)
    parameters: dict[str, Any] = {
        "message_id": message_id,
        "ticket_id": child.ticket.id,
        "visibility": Visibility.PUBLIC,
        "author_kind": AuthorKind.AGENT,
        "author_id": actor,
        "author_name": row["author_name"],
        "body": body,
        "body_hash": body_hash(body),
        "rfc_message_id": "",
        "raw_source": b"",
        "automatic": False,
        "origin_id": None,
    }
    await conn.execute(QUERIES["insert_message"], parameters)
    await add_message_words(conn, child.ticket, body, Visibility.PUBLIC)
    # News ask for no answer: the status stays what it is.
    child = await append_event(
        conn,
        child,
        EventKind.MESSAGE_ADDED,
        actor=actor,
        changes={},
        message_id=message_id,
        cause=f"bulk {job_id}",
        reason="a reply to all children of the parent",
    )
    await enqueue(conn, child.ticket, rank=PACED_RANK)
    return child, ""


async def _tell_parent(conn: Connection, parent: LockedTicket, job_id: UUID, *, actor: str) -> LockedTicket:
    told = await append_event(
        conn,
        parent,
        EventKind.CHILDREN_TOLD,
        actor=actor,
        changes={},
        cause=f"bulk {job_id}",
        reason=f"a reply to all children, {parent.ticket.children.total:,} by now",
    )
    await enqueue(conn, told.ticket)
    return told


async def _list(conn: Connection, parent_id: UUID, scope: Scope) -> tuple[Broadcast, ...]:
    parameters = {"parent_id": parent_id, **scope.parameters()}
    rows = await (await conn.execute(QUERIES["list_broadcasts"], parameters)).fetchall()
    return tuple(_broadcast_of(row) for row in rows)


def _broadcast_of(row: Row) -> Broadcast:
    problems = tuple(_problem_of(problem) for problem in row["problems"])
    return Broadcast(**{**row, "state": BulkState(row["state"]), "problems": problems})


def _problem_of(problem: Mapping[str, Any]) -> ChildProblem:
    return ChildProblem(
        UUID(problem["ticket_id"]), problem["number"], ChildOutcome(problem["outcome"]), problem["reason"]
    )
