"""The one way to change a ticket: lock its row, append an event that says what changed, nudge its workflow.

The event's seq is given under the row's lock, so order is commit order, without gaps; replaying the changes of all
events from `ticket_created` on gives the row. A change that names "status" begins that status (or the wait in it) anew:
`status_since` is the event's `effective_at` and `status_epoch` its seq.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from services.common.tracing import current_traceparent
from services.domain.errors import Conflict, NotFound
from services.domain.family.model import BY_ITSELF, Settling
from services.domain.snooze import with_snooze
from services.domain.ticket import EventKind, Priority, Ticket
from services.tickets.convert import json_of, ticket_of
from services.tickets.store.kinship import check_settles, tell_family
from services.tickets.store.scope import EVERYTHING, Scope
from services.tickets.store.statements import QUERIES
from services.tickets.words import head_vector

Connection = AsyncConnection[DictRow]

RANKS = {Priority.URGENT: 0, Priority.HIGH: 1, Priority.NORMAL: 2, Priority.LOW: 3}
PACED_RANK = 4
# What a ticket is found by besides its messages.
_SEARCHED = {"subject", "tags", "type", "custom_fields"}
# What may leave its assignee with a ticket less.
_MAY_FREE = {"assignee_id", "status", "snoozed_until"}


@dataclass(frozen=True, slots=True)
class LockedTicket:
    """A ticket whose row this transaction holds; `status_epoch` is the seq that began its status."""

    ticket: Ticket
    status_epoch: int
    decided_seq: int


async def lock_ticket(conn: Connection, ticket_id: UUID, *, scope: Scope = EVERYTHING) -> LockedTicket:
    """The ticket, locked until the transaction ends; NotFound also for one outside the scope."""
    row = await (await conn.execute(QUERIES["lock_ticket"], {"ticket_id": ticket_id, **scope.parameters()})).fetchone()
    if row is None:
        raise NotFound("This ticket does not exist.")
    return LockedTicket(ticket_of(row), row["status_epoch"], row["decided_seq"])


async def append_event(
    conn: Connection,
    locked: LockedTicket,
    kind: EventKind,
    *,
    actor: str,
    changes: Mapping[str, Any],
    message_id: UUID | None = None,
    decision_id: UUID | None = None,
    cause: str = "",
    reason: str = "",
    effective_at: datetime | None = None,
    settling: Settling = BY_ITSELF,
) -> LockedTicket:
    """Change the row and append the event that says so; the answer is the ticket after it, its version the event's seq.

    `changes` are new values by the names of `Ticket`; those that are no change are left out, but for "status".
    `effective_at` is now unless given. InvalidTransition (OPEN_CHILDREN), before anything is written, for a parent
    whose children keep it from being settled; else its family follows in the same transaction.
    """
    old, changes = locked.ticket, with_snooze(changes)
    await check_settles(conn, old, changes)
    real = {field: new for field, new in changes.items() if field == "status" or getattr(old, field) != new}
    new = replace(old, **real)
    parameters = {
        "ticket_id": old.id,
        "expected_version": old.version,
        "subject": new.subject,
        "status": new.status,
        "priority": new.priority,
        "type": new.type,
        "tags": list(new.tags),
        "custom_fields": Jsonb(new.custom_fields),
        "team_id": new.team_id,
        "assignee_id": new.assignee_id,
        "snoozed_until": new.snoozed_until,
        "snooze_reason": new.snooze_reason,
        "snoozed_by": new.snoozed_by,
        "keep_on_reply": new.keep_on_reply,
        "category_id": new.category_id,
        "parent_id": new.parent_id,
        "resolution": new.resolution,
        "merged_into": new.merged_into,
        "duplicate_of": new.duplicate_of,
        "spam": new.spam,
        "begins_status": "status" in real,
        "kind": kind,
        "actor": actor,
        "changes": Jsonb([_change(field, getattr(old, field), value) for field, value in real.items()]),
        "message_id": message_id,
        "decision_id": decision_id,
        "cause": cause,
        "reason": reason,
        "effective_at": effective_at,
    }
    row = await (await conn.execute(QUERIES["append_event"], parameters)).fetchone()
    if row is None:
        raise Conflict("The ticket changed meanwhile: read it again and decide again.")
    if real.keys() & _SEARCHED:
        await conn.execute(QUERIES["change_head"], {"ticket_id": old.id, "head": head_vector(new)})
    if "priority" in real:
        await conn.execute(QUERIES["rank_waiting"], {"ticket_id": old.id, "rank": RANKS[new.priority]})
    if old.assignee_id is not None and real.keys() & _MAY_FREE:
        await conn.execute(QUERIES["free_place"], {"user_id": old.assignee_id})
    ticket = replace(new, version=row["version"], updated_at=row["updated_at"], status_since=row["status_since"])
    await tell_family(conn, old, ticket, actor=actor, settling=settling, epoch=row["version"])
    return LockedTicket(ticket, row["status_epoch"], locked.decided_seq)


async def lock_in_order(conn: Connection, ticket_ids: Iterable[UUID]) -> None:
    """Lock several tickets without reading them; whoever locks them in this order waits, and never for each other."""
    await conn.execute(QUERIES["lock_in_order"], {"ticket_ids": list(ticket_ids)})


async def enqueue(conn: Connection, ticket: Ticket, *, rank: int | None = None) -> None:
    """Ask the relay, when this commits, to nudge the ticket's workflow, by its priority unless a rank is given."""
    parameters = {
        "ticket_id": ticket.id,
        "seq": ticket.version,
        "rank": RANKS[ticket.priority] if rank is None else rank,
        "due_at": ticket.next_due_at,
        "traceparent": current_traceparent(),
    }
    await conn.execute(QUERIES["enqueue"], parameters)


def _change(field: str, old: Any, new: Any) -> dict[str, Any]:
    return {"field": field, "old": json_of(old), "new": json_of(new)}
