"""Cascades: what settling a parent does to its children, a hundred in a transaction, and taking that back.

What became of a child is written in the transaction that changes it: so a page that was cut off, or runs twice,
changes each child once. One at which pages break off again and again is put aside as failed. Locks: the parent and the
children of the page by id, as everybody locks several, then the cascade; so reopening the parent, linking and unlinking
wait for the page and the next page sees them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import structlog

from services.common.database import Database
from services.domain.changes import Change
from services.domain.errors import Conflict, DuradeskError, InvalidTransition, NotFound, Unavailable
from services.domain.family.cascade import (
    FAILED_AGAIN,
    MOST_TRIES,
    NO_ACCESS,
    Cause,
    Skipped,
    check_retry,
    check_undo,
    ended_words,
    reopen_child,
    settle_child,
    tells,
)
from services.domain.family.model import (
    PAGE,
    UNDO_WINDOW,
    Cascade,
    CascadeAct,
    CascadeProgress,
    CascadeState,
    ChildOutcome,
    ChildProblem,
    Settling,
)
from services.domain.principal import Principal, Role
from services.domain.ticket import EventKind, FieldChange
from services.tickets.convert import Row, field_changes_of, new_values
from services.tickets.store.events import (
    PACED_RANK,
    Connection,
    LockedTicket,
    append_event,
    enqueue,
    lock_in_order,
    lock_ticket,
)
from services.tickets.store.requests import Request
from services.tickets.store.scope import EVERYTHING, Scope, scope_of
from services.tickets.store.statements import QUERIES

_IN_CASCADE = Settling(in_cascade=True)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Became:
    """What became of one child; `seq` is of the event that changed it, `told` the customer whom its thread tells."""

    child_id: UUID
    outcome: ChildOutcome
    reason: str = ""
    seq: int | None = None
    told: UUID | None = None


class CascadeStore:
    """Reads cascades, carries them out and takes them back; `on_commit` is called when there is something to relay."""

    def __init__(self, database: Database, on_commit: Callable[[], None]) -> None:
        self._database = database
        self._on_commit = on_commit

    async def get_cascade(self, cascade_id: UUID, *, scope: Scope) -> Cascade:
        """How far it is; NotFound also when the parent is outside the scope."""
        async with self._database.transaction() as conn:
            await _find_parent(conn, cascade_id, scope=scope)
            cascade, _ = await _read_cascade(conn, cascade_id, scope=scope)
        return cascade

    async def undo_cascade(self, cascade_id: UUID, request: Request) -> Cascade:
        """A cascade that takes it back; InvalidTransition (TOO_LATE, NOT_FINISHED, NOT_UNDOABLE, ALREADY_UNDONE)."""
        async with self._database.transaction() as conn:
            parent = await _lock_parent(conn, cascade_id, scope=request.scope)
            cascade, row = await _read_cascade(conn, cascade_id, scope=request.scope)
            check_undo(cascade, parent=parent.ticket, undone=row["undone"], now=row["now"])
            parent = await _take_back_parent(conn, parent, row, request)
            if cascade.state is CascadeState.RUNNING and parent.ticket.status.is_settled:
                raise InvalidTransition("This still runs: take it back when it has ended.", reason="NOT_FINISHED")
            undo_id = uuid4()
            parameters = {
                "cascade_id": undo_id,
                "parent_id": parent.ticket.id,
                "seq": parent.ticket.version,
                "actor": request.actor,
                "role": request.principal.role,
                "undo_of": cascade_id,
            }
            await conn.execute(QUERIES["begin_undo"], parameters)
            await enqueue(conn, parent.ticket)
            undo, _ = await _read_cascade(conn, undo_id, scope=request.scope)
        self._on_commit()
        return undo

    async def retry_cascade(self, cascade_id: UUID, request: Request) -> Cascade:
        """The cascade, in which failed children have their turn again; InvalidTransition (NOTHING_FAILED, …)."""
        async with self._database.transaction() as conn:
            parent = await _lock_parent(conn, cascade_id, scope=request.scope)
            await conn.execute(QUERIES["lock_cascade"], {"cascade_id": cascade_id})
            cascade, row = await _read_cascade(conn, cascade_id, scope=request.scope)
            check_retry(cascade, parent=parent.ticket, undone=row["undone"])
            await conn.execute(QUERIES["retry_children"], {"cascade_id": cascade_id})
            await enqueue(conn, parent.ticket)
            cascade, _ = await _read_cascade(conn, cascade_id, scope=request.scope)
        self._on_commit()
        return cascade

    async def run_cascade_page(self, cascade_id: UUID) -> CascadeProgress:
        """Change the next children; NotFound. What keeps a page from ending is raised, until its child is put aside."""
        turns: list[UUID] = []
        try:
            async with self._database.transaction() as conn:
                progress = await _run_page(conn, cascade_id, turns)
        except (Conflict, Unavailable):
            raise
        except Exception:
            if not turns or not await self._put_aside(cascade_id, turns[-1]):
                raise
            log.exception("cascade.child_failed", cascade_id=str(cascade_id), ticket_id=str(turns[-1]))
            return await self._read_progress(cascade_id)
        self._on_commit()
        return progress

    async def _put_aside(self, cascade_id: UUID, child_id: UUID) -> bool:
        """Whether it was tried often enough by now."""
        tried = {"cascade_id": cascade_id, "child_id": child_id, "most": MOST_TRIES, "reason": FAILED_AGAIN}
        async with self._database.transaction() as conn:
            row = await (await conn.execute(QUERIES["count_try"], tried)).fetchone()
        return row is not None and bool(row["put_aside"])

    async def _read_progress(self, cascade_id: UUID) -> CascadeProgress:
        """How far it is; the next page says whether that was all."""
        async with self._database.transaction() as conn:
            cascade, _ = await _read_cascade(conn, cascade_id, scope=EVERYTHING)
        return CascadeProgress(False, cascade.act, cascade.done + cascade.skipped + cascade.failed, cascade.total)


async def newest_cascade(conn: Connection, parent_id: UUID, *, scope: Scope) -> Cascade | None:
    """The last one that began on a parent."""
    row = await (await conn.execute(QUERIES["newest_cascade"], {"parent_id": parent_id})).fetchone()
    return (await _read_cascade(conn, row["id"], scope=scope))[0] if row else None


async def _find_parent(conn: Connection, cascade_id: UUID, *, scope: Scope) -> UUID:
    parameters = {"cascade_id": cascade_id, **scope.parameters()}
    row = await (await conn.execute(QUERIES["find_cascade"], parameters)).fetchone()
    if row is None:
        raise NotFound("This cascade does not exist.")
    parent_id: UUID = row["parent_id"]
    return parent_id


async def _lock_parent(conn: Connection, cascade_id: UUID, *, scope: Scope = EVERYTHING) -> LockedTicket:
    return await lock_ticket(conn, await _find_parent(conn, cascade_id, scope=scope))


async def _take_back_parent(conn: Connection, parent: LockedTicket, row: Row, request: Request) -> LockedTicket:
    """Reopen the parent too, if nobody changed its status since: that ends a cascade which still runs."""
    if parent.status_epoch != row["seq"] or not parent.ticket.status.is_settled:
        return parent
    made = await (
        await conn.execute(QUERIES["get_changes"], {"ticket_id": parent.ticket.id, "seq": row["seq"]})
    ).fetchone()
    assert made is not None
    old = _before(made["changes"])
    # The words stay: they may be wanted again.
    values = {"status": old["status"]}
    return await append_event(
        conn,
        parent,
        EventKind.TICKET_UPDATED if old["status"].is_settled else EventKind.TICKET_REOPENED,
        actor=request.actor,
        changes=values,
        cause=f"cascade {row['id']}",
        reason="taken back with its children",
    )


async def _run_page(conn: Connection, cascade_id: UUID, turns: list[UUID]) -> CascadeProgress:
    """Change the next children; `turns` are those whose turn came, the last one is at hand when this breaks off."""
    page = {"cascade_id": cascade_id, "most": PAGE}
    members = await (await conn.execute(QUERIES["next_members"], page)).fetchall()
    await lock_in_order(conn, (row["id"] for row in members))
    parent = await _lock_parent(conn, cascade_id)
    job = await (await conn.execute(QUERIES["lock_cascade"], {"cascade_id": cascade_id})).fetchone()
    assert job is not None
    act = CascadeAct(job["act"])
    if job["state"] != CascadeState.RUNNING:
        cascade, _ = await _read_cascade(conn, cascade_id, scope=EVERYTHING)
        return CascadeProgress(True, act, cascade.total, cascade.total)
    # Read anew: another worker may have been at the same page.
    locked = {"child_ids": [row["id"] for row in members], "cascade_id": cascade_id, "undo_of": job["undo_of"]}
    items = await (await conn.execute(QUERIES["open_children"], locked)).fetchall()
    became = await _handle_all(conn, job, items, parent=parent, turns=turns)
    turns.clear()
    await conn.execute(QUERIES["finish_children"], {"cascade_id": cascade_id, **_columns(became)})
    row = await (await conn.execute(QUERIES["finish_page"], {"cascade_id": cascade_id})).fetchone()
    assert row is not None
    if row["last"]:
        await _tell_end(conn, parent, cascade_id)
    return CascadeProgress(row["last"], act, row["handled"], row["total"])


async def _handle_all(
    conn: Connection, job: Row, items: Sequence[Row], *, parent: LockedTicket, turns: list[UUID]
) -> Sequence[_Became]:
    known = {"cascade_id": job["id"], "child_ids": [item["child_id"] for item in items]}
    rows = await (await conn.execute(QUERIES["told_already"], known)).fetchall()
    told = {row["told"] for row in rows}
    cause = Cause(parent.ticket, CascadeAct(job["act"]), job["was_settled"], job["silent"])
    became = []
    for item in items:
        turns.append(item["child_id"])
        one = await _handle(conn, job, item, cause=cause, told=told)
        became.append(one)
        told |= {one.told} if one.told else set()
    return became


async def _handle(conn: Connection, job: Row, item: Row, *, cause: Cause, told: set[UUID]) -> _Became:
    """One child; what the domain refuses is known before anything is written, so the others go on."""
    child_id = item["child_id"]
    try:
        locked = await lock_ticket(conn, child_id, scope=_scope(job))
        change = _decide(locked, item, cause)
    except NotFound:
        return _Became(child_id, ChildOutcome.SKIPPED, NO_ACCESS)
    except DuradeskError as error:
        return _Became(child_id, ChildOutcome.FAILED, error.message)
    if isinstance(change, Skipped):
        return _Became(child_id, ChildOutcome.SKIPPED, change.reason)
    wanted = cause.act is not CascadeAct.REOPEN and tells(locked.ticket, cause, told=told)
    changed = await append_event(
        conn,
        locked,
        change.kind,
        actor=job["actor"],
        changes=change.values,
        cause=f"cascade {job['id']}",
        reason=f"with its parent #{cause.parent.number}",
        settling=_IN_CASCADE,
    )
    await enqueue(conn, changed.ticket, rank=PACED_RANK)
    requester_id = locked.ticket.requester.id
    return _Became(child_id, ChildOutcome.DONE, seq=changed.ticket.version, told=requester_id if wanted else None)


def _decide(locked: LockedTicket, item: Row, cause: Cause) -> Change | Skipped:
    if cause.act is not CascadeAct.REOPEN:
        return settle_child(locked.ticket, cause, wanted=item["wanted"])
    return reopen_child(
        locked.ticket,
        made=new_values(field_changes_of(item["changes"])),
        old=_before(item["changes"]),
        seq=item["seq"],
        status_epoch=locked.status_epoch,
    )


async def _tell_end(conn: Connection, parent: LockedTicket, cascade_id: UUID) -> None:
    cascade, _ = await _read_cascade(conn, cascade_id, scope=EVERYTHING)
    told = await append_event(
        conn,
        parent,
        EventKind.CASCADE_ENDED,
        actor=cascade.actor,
        changes={},
        cause=f"cascade {cascade_id}",
        reason=ended_words(cascade),
    )
    await enqueue(conn, told.ticket)


def _scope(job: Row) -> Scope:
    """What the actor may see: a customer acts under their contact's id, one of our own processes sees everything."""
    role = Role(job["role"])
    if role is Role.CUSTOMER:
        return Scope(requester_id=UUID(job["actor"]))
    return scope_of(Principal(job["actor"], role))


def _before(changes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    made = field_changes_of(changes)
    return new_values(FieldChange(change.field, change.new, change.old) for change in made)


def _columns(became: Sequence[_Became]) -> dict[str, list[Any]]:
    return {
        "child_ids": [one.child_id for one in became],
        "outcomes": [one.outcome.value for one in became],
        "reasons": [one.reason for one in became],
        "seqs": [one.seq for one in became],
        "told": [one.told for one in became],
    }


async def _read_cascade(conn: Connection, cascade_id: UUID, *, scope: Scope) -> tuple[Cascade, Row]:
    parameters = {"cascade_id": cascade_id, **scope.parameters()}
    row = await (await conn.execute(QUERIES["get_cascade"], parameters)).fetchone()
    assert row is not None
    return _cascade_of(row), row


def _cascade_of(row: Row) -> Cascade:
    finished_at, act = row["finished_at"], CascadeAct(row["act"])
    undoable = finished_at is not None and act is not CascadeAct.REOPEN
    return Cascade(
        id=row["id"],
        parent_id=row["parent_id"],
        act=act,
        state=CascadeState(row["state"]),
        actor=row["actor"],
        undo_of=row["undo_of"],
        total=row["total"],
        done=row["done"],
        skipped=row["skipped"],
        failed=row["failed"],
        problems=tuple(_problem_of(problem) for problem in row["problems"]),
        hidden=row["hidden"],
        created_at=row["created_at"],
        finished_at=finished_at,
        undo_until=finished_at + UNDO_WINDOW if undoable else None,
    )


def _problem_of(problem: Mapping[str, Any]) -> ChildProblem:
    outcome = ChildOutcome(problem["outcome"])
    return ChildProblem(UUID(problem["ticket_id"]), problem["number"], outcome, problem["reason"])
