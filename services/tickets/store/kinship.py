"""What a change of a ticket's status is to its family, in the transaction that makes it and whoever makes it.

A parent that is settled begins a cascade and one that is reopened ends it; a child leaves news for its parent, whose
row it does not lock.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from psycopg import AsyncConnection
from psycopg.rows import DictRow

from services.domain.errors import InvalidTransition
from services.domain.family.cascade import PARENT_REOPENED, cascade_of, check_block, news_of
from services.domain.family.model import Settling
from services.domain.family.policy import Children, DownPolicy, FamilyPolicy, UpPolicy
from services.domain.ticket import Ticket
from services.tickets.store.statements import QUERIES

Connection = AsyncConnection[DictRow]


@dataclass(frozen=True, slots=True)
class Kinship:
    """What applies to a parent, what it has of its own, and what its children are at this moment."""

    down: DownPolicy
    up: UpPolicy
    own: FamilyPolicy
    children: Children
    open_numbers: tuple[int, ...]


async def read_kinship(conn: Connection, ticket_id: UUID) -> Kinship:
    """Of a ticket that exists, read anew: what a statement saw that waited for a lock may be old."""
    row = await (await conn.execute(QUERIES["read_family"], {"ticket_id": ticket_id})).fetchone()
    assert row is not None
    return _kinship_of(row)


async def check_settles(conn: Connection, ticket: Ticket, values: Mapping[str, Any]) -> None:
    """InvalidTransition (OPEN_CHILDREN) when the change would settle a parent whose policy blocks that."""
    status = values.get("status", ticket.status)
    if status.is_settled and not ticket.status.is_settled and not values.get("spam"):
        family = await read_kinship(conn, ticket.id)
        check_block(ticket.number, family.down, family.children, family.open_numbers)


async def why_blocked(conn: Connection, ticket: Ticket, values: Mapping[str, Any]) -> str:
    """Why the change would be refused, for whom an error does not help; "" when it would not."""
    try:
        await check_settles(conn, ticket, values)
    except InvalidTransition as refused:
        return refused.message
    return ""


async def tell_family(
    conn: Connection, old: Ticket, new: Ticket, *, actor: str, settling: Settling, epoch: int
) -> None:
    """What follows for parent and children from the change of `old` into `new`; `epoch` is its event's seq."""
    if old.status is new.status:
        return
    if news := news_of(old, new, settling):
        parameters = {"parent_id": old.parent_id, "child_id": old.id, "news": news.value}
        await conn.execute(QUERIES["insert_news"], parameters)
    if act := cascade_of(old, new):
        cause = {"seq": epoch, "actor": actor, "was_settled": old.status.is_settled, "act": act.value}
        await _begin_cascade(conn, new, settling, cause)
    elif not new.status.is_settled and old.status.is_settled:
        await conn.execute(QUERIES["cancel_cascades"], {"parent_id": new.id, "reason": PARENT_REOPENED})


async def _begin_cascade(conn: Connection, parent: Ticket, settling: Settling, cause: Mapping[str, Any]) -> None:
    family = await read_kinship(conn, parent.id)
    if family.down is not DownPolicy.CASCADE or not family.children.total:
        return
    rights = {"role": settling.role.value, "silent": settling.silent}
    await conn.execute(QUERIES["begin_cascade"], {**cause, **rights, "cascade_id": uuid4(), "parent_id": parent.id})


def _kinship_of(row: Mapping[str, Any]) -> Kinship:
    own = FamilyPolicy(
        down=DownPolicy(row["own_down"]) if row["own_down"] else None,
        up=UpPolicy(row["own_up"]) if row["own_up"] else None,
    )
    children = Children(row["total"], row["open"])
    return Kinship(DownPolicy(row["down"]), UpPolicy(row["up"]), own, children, tuple(row["open_numbers"]))
