"""What a merge does to families, and taking it back: a merged ticket leaves its own, which settles nobody."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from services.domain.errors import Conflict, InvalidTransition
from services.domain.merging import MOST_MOVED_CHILDREN, Merge, check_families
from services.tickets.store.events import Connection, lock_in_order, lock_ticket
from services.tickets.store.parents import link, move_children, unlink
from services.tickets.store.statements import QUERIES


@dataclass(frozen=True, slots=True)
class MovedFamily:
    """The parent that the merged ticket had, whether the survivor took its place there, and its former children."""

    parent_id: UUID | None
    joined: bool
    children: tuple[UUID, ...]


async def lock_families(conn: Connection, ticket_ids: Sequence[UUID], *, children_of: UUID | None = None) -> None:
    """Lock these tickets with their parents, and the children of one, all by id; Conflict when one is linked meanwhile.

    Whoever has more children than a merge can move is refused, and of the others nobody touches the children.
    """
    relatives = await _relatives(conn, ticket_ids, children_of)
    await lock_in_order(conn, relatives)
    if await _relatives(conn, ticket_ids, children_of) != relatives:
        raise Conflict("Somebody links these tickets at the same moment: read them again and decide again.")


async def move_family(conn: Connection, source_id: UUID, target_id: UUID, *, actor: str) -> MovedFamily:
    """Children of the merged ticket become the survivor's; the survivor takes its place with the parent if it is free.

    All of them are locked. InvalidTransition where families would have three levels.
    """
    source, target = await lock_ticket(conn, source_id), await lock_ticket(conn, target_id)
    check_families(source.ticket, target.ticket)
    parent_id = source.ticket.parent_id
    if parent_id is not None:
        await unlink(conn, source, actor=actor, reason="merged")
    children = await _children(conn, source_id)
    # The survivor first: only outside any family can it have children.
    if target_id in children:
        await unlink(conn, target, actor=actor, reason="its parent was merged")
    moved = [child_id for child_id in children if child_id != target_id]
    await move_children(conn, moved, target_id, left_id=source_id, is_over=True, actor=actor)
    if parent_id is None or parent_id in (target_id, target.ticket.parent_id):
        return MovedFamily(parent_id, False, children)
    return MovedFamily(parent_id, await _link(conn, target_id, parent_id, actor=actor), children)


async def return_family(conn: Connection, merge: Merge, *, actor: str) -> bool:
    """Put parents and children back where nobody has changed them since; whether that went for all."""
    target = await lock_ticket(conn, merge.target_id)
    if merge.joined and target.ticket.parent_id == merge.parent_id:
        await unlink(conn, target, actor=actor, reason="un-merged")
    whole = merge.parent_id is None or await _link(conn, merge.source_id, merge.parent_id, actor=actor, back=True)
    moved = [child_id for child_id in merge.children if child_id != merge.target_id]
    still = set(await _children(conn, merge.target_id))
    back = [child_id for child_id in moved if child_id in still]
    await move_children(conn, back, merge.source_id, left_id=merge.target_id, is_over=False, actor=actor)
    # The survivor last: only without children is it a child again.
    if merge.target_id in merge.children and not (
        target.ticket.parent_id is None and await _link(conn, merge.target_id, merge.source_id, actor=actor, back=True)
    ):
        whole = False
    return whole and set(moved) <= still


async def _link(conn: Connection, child_id: UUID, parent_id: UUID, *, actor: str, back: bool = False) -> bool:
    """Whether the one could become a child of the other."""
    try:
        child, parent = await lock_ticket(conn, child_id), await lock_ticket(conn, parent_id)
        await link(conn, child, parent, actor=actor, back=back)
    except InvalidTransition:
        return False
    return True


async def _relatives(conn: Connection, ticket_ids: Sequence[UUID], children_of: UUID | None) -> list[UUID]:
    parameters = {"ticket_ids": list(ticket_ids), "children_of": children_of, "most": MOST_MOVED_CHILDREN + 1}
    rows = await (await conn.execute(QUERIES["list_family_members"], parameters)).fetchall()
    return [row["id"] for row in rows]


async def _children(conn: Connection, ticket_id: UUID) -> tuple[UUID, ...]:
    rows = await (await conn.execute(QUERIES["list_child_ids"], {"ticket_id": ticket_id})).fetchall()
    return tuple(row["id"] for row in rows)
