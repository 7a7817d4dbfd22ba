"""Making one ticket the child of another, and taking it out again: whoever asks, by hand, in a bulk or by a rule."""

from collections.abc import Sequence
from uuid import UUID

from services.domain.decision import Decision, Step
from services.domain.errors import InvalidTransition, NotFound
from services.domain.family.links import check_link, name_some
from services.domain.ticket import EventKind
from services.tickets.store.events import (
    PACED_RANK,
    Connection,
    LockedTicket,
    append_event,
    enqueue,
    lock_in_order,
    lock_ticket,
)
from services.tickets.store.statements import QUERIES


async def link(
    conn: Connection,
    child: LockedTicket,
    parent: LockedTicket,
    *,
    actor: str,
    cause: str = "",
    decision_id: UUID | None = None,
    back: bool = False,
) -> tuple[LockedTicket, LockedTicket]:
    """Make `child` a child of `parent`, both locked and read after that; InvalidTransition says why it cannot be.

    The answer is the two as they are after it: to read a parent anew would count all its children. Both have an event,
    neither is settled or reopened by it; a cascade under way takes the child along, and it gets the last reply to all
    children. `back` puts it where it was before a merge, also when that parent is closed.
    """
    if not check_link(child.ticket, parent.ticket, back=back):
        return child, parent
    changes, said = {"parent_id": parent.ticket.id}, cause or f"ticket {parent.ticket.id}"
    reason = f"a child of #{parent.ticket.number}"
    linked = await append_event(
        conn, child, EventKind.PARENT_SET, actor=actor, changes=changes, cause=said, reason=reason,
        decision_id=decision_id,
    )  # fmt: skip
    await enqueue(conn, linked.ticket)
    told = f"#{child.ticket.number}"
    parent = await _tell(conn, parent, EventKind.CHILD_ADDED, child.ticket.id, reason=told, actor=actor)
    await _catch_up(conn, parent.ticket.id, [child.ticket.id])
    return linked, parent


async def move_children(
    conn: Connection, child_ids: Sequence[UUID], parent_id: UUID, *, left_id: UUID, is_over: bool, actor: str
) -> None:
    """Make locked children of one ticket those of another that may have them.

    Each tells it, and both parents once for all; not the one that they leave where that `is_over` by a merge.
    """
    if not child_ids:
        return
    left, parent = await lock_ticket(conn, left_id), await lock_ticket(conn, parent_id)
    numbers = []
    for child_id in child_ids:
        moved = await append_event(
            conn,
            await lock_ticket(conn, child_id),
            EventKind.PARENT_SET,
            actor=actor,
            changes={"parent_id": parent_id},
            cause=f"ticket {parent_id}",
            reason=f"a child of #{parent.ticket.number}",
        )
        await enqueue(conn, moved.ticket, rank=PACED_RANK)
        numbers.append(moved.ticket.number)
    words = name_some(numbers)
    came, went = f"{words} from #{left.ticket.number}", f"{words} to #{parent.ticket.number}"
    await _tell(conn, parent, EventKind.CHILD_ADDED, left_id, reason=came, actor=actor)
    if not is_over:
        await _tell(conn, left, EventKind.CHILD_REMOVED, parent_id, reason=went, actor=actor)
    await conn.execute(QUERIES["forget_news"], {"child_ids": list(child_ids)})
    await _catch_up(conn, parent_id, child_ids)


async def _catch_up(conn: Connection, parent_id: UUID, child_ids: Sequence[UUID]) -> None:
    """New children follow in the cascades that run, and get the last reply to all."""
    parameters = {"parent_id": parent_id, "child_ids": list(child_ids)}
    await conn.execute(QUERIES["join_cascades"], parameters)
    await conn.execute(QUERIES["join_broadcast"], parameters)


async def lock_parents(conn: Connection, decision: Decision) -> None:
    """Lock the ticket and the parents to which its decision links it, in the order in which everybody locks several."""
    parents = {step.parent_id for step in decision.steps if step.parent_id is not None}
    if parents:
        await lock_in_order(conn, [decision.ticket_id, *parents])


async def link_by_rule(
    conn: Connection, child: LockedTicket, step: Step, *, actor: str, decision_id: UUID
) -> LockedTicket:
    """Link as a rule wants it, in one event, as every step: where that cannot be the event says why."""
    assert step.parent_id is not None
    try:
        parent = await lock_ticket(conn, step.parent_id)
        linked, _ = await link(conn, child, parent, actor=actor, cause=step.cause, decision_id=decision_id)
        if linked.ticket.version > child.ticket.version:
            return linked
        reason = f"{step.reason}: it is so already"
    except (InvalidTransition, NotFound) as refused:
        reason = f"{step.reason}: {refused.message}"
    return await append_event(
        conn,
        child,
        EventKind.TICKET_UPDATED,
        actor=actor,
        changes={},
        cause=step.cause,
        reason=reason,
        decision_id=decision_id,
    )


async def unlink(conn: Connection, child: LockedTicket, *, actor: str, reason: str = "") -> LockedTicket:
    """Take a locked ticket, whose parent is locked too, out of its family: that settles nobody, nor does old news."""
    parent_id = child.ticket.parent_id
    if parent_id is None:
        return child
    parent = await lock_ticket(conn, parent_id)
    reason = reason or f"no child of #{parent.ticket.number} any more"
    left = await append_event(
        conn, child, EventKind.PARENT_REMOVED, actor=actor, changes={"parent_id": None}, reason=reason,
        cause=f"ticket {parent_id}",
    )  # fmt: skip
    await enqueue(conn, left.ticket)
    await conn.execute(QUERIES["forget_news"], {"child_ids": [child.ticket.id]})
    await _tell(conn, parent, EventKind.CHILD_REMOVED, child.ticket.id, reason=f"#{child.ticket.number}", actor=actor)
    return left


async def _tell(
    conn: Connection, parent: LockedTicket, kind: EventKind, other_id: UUID, *, reason: str, actor: str
) -> LockedTicket:
    told = await append_event(conn, parent, kind, actor=actor, changes={}, cause=f"ticket {other_id}", reason=reason)
    await enqueue(conn, told.ticket)
    return told
