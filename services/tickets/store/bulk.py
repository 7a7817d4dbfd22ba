"""The same change on many tickets: a job, its tickets one by one, and pages of a hundred in a transaction each.

What became of a ticket is written in the transaction that changes it: so a page that was cut off, or runs twice,
changes each ticket once. Locks: the tickets of the page, for a family's acts with their parents, by id as everybody
locks several; then the job.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from services.common.database import Database
from services.domain.bulk import (
    FAMILY_ACTS,
    MOST_TICKETS,
    PAGE,
    UNDO_WINDOW,
    BrandSnooze,
    BulkAct,
    BulkJob,
    BulkOutcome,
    BulkProblem,
    BulkProgress,
    BulkState,
    TicketChange,
    change_ticket,
    check_change,
    check_undo,
    undo_change,
)
from services.domain.changes import Change
from services.domain.errors import DuradeskError, Forbidden, Invalid, NotFound
from services.domain.family.model import Settling
from services.domain.principal import Principal, Role
from services.domain.ticket import FieldChange, Priority
from services.tickets.convert import Row, field_changes_of, json_of, new_values
from services.tickets.store.broadcasts import tell_child
from services.tickets.store.events import (
    PACED_RANK,
    Connection,
    LockedTicket,
    append_event,
    enqueue,
    lock_in_order,
    lock_ticket,
)
from services.tickets.store.macros import MacroRun, read_macro, run_on
from services.tickets.store.parents import link, unlink
from services.tickets.store.requests import Request, first_resource
from services.tickets.store.scope import scope_of
from services.tickets.store.statements import QUERIES
from services.tickets.store.ticket_fields import check_settling

_NOTHING_TO_CHANGE = "it is so already"
_CHANGED_SINCE = "somebody has changed it since"


@dataclass(frozen=True, slots=True)
class _Became:
    """What became of one ticket; `seq` is that of the event that changed it."""

    position: int
    outcome: BulkOutcome
    reason: str = ""
    seq: int | None = None


class BulkStore:
    """Makes bulks and carries them out; `on_commit` is called when there is something new for the relay."""

    def __init__(self, database: Database, on_commit: Callable[[], None]) -> None:
        self._database = database
        self._on_commit = on_commit

    async def change_tickets(self, ticket_ids: Sequence[UUID], change: TicketChange, request: Request) -> BulkJob:
        """A bulk that begins soon; Invalid for no ticket or too many."""
        return await self._begin(list(dict.fromkeys(ticket_ids)), change, request, undo_of=None)

    async def undo_bulk_job(self, job_id: UUID, request: Request) -> BulkJob:
        """A bulk that takes this one back; InvalidTransition (TOO_LATE, NOT_FINISHED, NOT_UNDOABLE), Invalid."""
        async with self._database.transaction() as conn:
            job, now = await _read_job(conn, job_id, request.principal)
            check_undo(job, now=now)
            rows = await (await conn.execute(QUERIES["list_bulk_done"], {"job_id": job_id})).fetchall()
        return await self._begin([row["ticket_id"] for row in rows], job.change, request, undo_of=job_id)

    async def get_bulk_job(self, job_id: UUID, principal: Principal) -> BulkJob:
        """How far it is; NotFound also for somebody else's."""
        async with self._database.transaction() as conn:
            job, _ = await _read_job(conn, job_id, principal)
        return job

    async def cancel_bulk_job(self, job_id: UUID, principal: Principal) -> BulkJob:
        """No further page; what is over stays as it is."""
        async with self._database.transaction() as conn:
            await _read_job(conn, job_id, principal)
            await conn.execute(QUERIES["cancel_bulk_job"], {"job_id": job_id})
            job, _ = await _read_job(conn, job_id, principal)
        return job

    async def claim_bulk_jobs(self) -> tuple[UUID, ...]:
        """Those whose workflow is to be started now."""
        async with self._database.connection() as conn:
            rows = await (await conn.execute(QUERIES["claim_bulk_jobs"])).fetchall()
        return tuple(row["id"] for row in rows)

    async def get_bulk_maker(self, job_id: UUID) -> UUID:
        """Who makes the change; NotFound."""
        async with self._database.transaction() as conn:
            row = await (await conn.execute(QUERIES["get_bulk_maker"], {"job_id": job_id})).fetchone()
        if row is None:
            raise NotFound("This bulk does not exist.")
        return UUID(row["user_id"])

    async def run_bulk_page(self, job_id: UUID, *, role: Role | None) -> BulkProgress:
        """Change the next tickets with the role that its maker has now; None is none any more. NotFound."""
        async with self._database.transaction() as conn:
            progress = await _run_page(conn, job_id, role=role)
        self._on_commit()
        return progress

    async def _begin(
        self, ticket_ids: Sequence[UUID], change: TicketChange, request: Request, *, undo_of: UUID | None
    ) -> BulkJob:
        if not 1 <= len(ticket_ids) <= MOST_TICKETS:
            problem = f"must be 1 to {MOST_TICKETS}, not {len(ticket_ids)}"
            raise Invalid(f"The tickets of a bulk {problem}.", violations={"ticket_ids": problem})
        principal, job_id = request.principal, uuid4()
        parameters = {
            "job_id": job_id,
            "user_id": principal.subject,
            "user_name": principal.name,
            "role": principal.role,
            "change": Jsonb(json_of(asdict(change))),
            "undo_of": undo_of,
            "ticket_ids": list(ticket_ids),
        }
        async with self._database.transaction() as conn:
            first = await first_resource(conn, request, job_id)
            if change.macro_id is not None:
                await read_macro(conn, change.macro_id, principal)
            if first is None:
                await conn.execute(QUERIES["insert_bulk_job"], parameters)
            job, _ = await _read_job(conn, first or job_id, principal)
        self._on_commit()
        return job


async def _run_page(conn: Connection, job_id: UUID, *, role: Role | None) -> BulkProgress:
    positions = await _lock_page(conn, job_id)
    job = await (await conn.execute(QUERIES["lock_bulk_job"], {"job_id": job_id})).fetchone()
    if job is None:
        raise NotFound("This bulk does not exist.")
    if job["state"] != BulkState.RUNNING:
        return BulkProgress(True, job["total"], job["total"])
    # Read anew: another worker may have been at the same page.
    locked = {"job_id": job_id, "undo_of": job["undo_of"], "positions": positions}
    items = await (await conn.execute(QUERIES["open_bulk_items"], locked)).fetchall()
    try:
        principal = _maker(job, role)
        parents: dict[UUID, LockedTicket] = {}
        became = [await _handle(conn, job, item, principal, parents) for item in items]
    except Forbidden as error:
        became = [_Became(item["position"], BulkOutcome.FAILED, error.message) for item in items]
    await conn.execute(
        QUERIES["finish_bulk_items"],
        {
            "job_id": job_id,
            "positions": [item.position for item in became],
            "outcomes": [item.outcome.value for item in became],
            "reasons": [item.reason for item in became],
            "seqs": [item.seq for item in became],
        },
    )
    row = await (await conn.execute(QUERIES["finish_bulk_page"], {"job_id": job_id})).fetchone()
    assert row is not None
    return BulkProgress(row["last"], row["handled"], row["total"])


async def _lock_page(conn: Connection, job_id: UUID) -> list[int]:
    """Lock the tickets of the next page; the places that they have in the bulk."""
    rows = await (await conn.execute(QUERIES["next_bulk_items"], {"job_id": job_id, "most": PAGE})).fetchall()
    tickets = {row["ticket_id"] for row in rows}
    if rows and BulkAct(rows[0]["change"]["act"]) in FAMILY_ACTS:
        parents = await (await conn.execute(QUERIES["find_parents"], {"ticket_ids": list(tickets)})).fetchall()
        parent_id = _change_of(rows[0]["change"]).parent_id
        tickets |= {row["parent_id"] for row in parents} | ({parent_id} if parent_id else set())
    await lock_in_order(conn, tickets)
    return [row["position"] for row in rows]


def _maker(job: Row, role: Role | None) -> Principal:
    """Whoever makes the change, as long as they may still make it; Forbidden."""
    if role is None:
        raise Forbidden("Whoever began this works here no more.")
    principal = Principal(job["user_id"], role, name=job["user_name"])
    check_change(_change_of(job["change"]), principal)
    return principal


async def _handle(
    conn: Connection, job: Row, item: Row, principal: Principal, parents: dict[UUID, LockedTicket]
) -> _Became:
    """One ticket; what the domain refuses is known before anything is written, so the others go on.

    `parents` are those of the page that were read already, as they are by now.
    """
    if job["undo_of"] is None and job["change"]["act"] == BulkAct.MACRO:
        return await _run_macro(conn, job, item, principal)
    try:
        locked = await lock_ticket(conn, item["ticket_id"], scope=scope_of(principal))
        if BulkAct(job["change"]["act"]) is BulkAct.BROADCAST:
            told, reason = await tell_child(conn, locked, job_id=job["id"], actor=principal.subject)
            outcome = BulkOutcome.SKIPPED if reason else BulkOutcome.DONE
            return _Became(item["position"], outcome, reason, None if reason else told.ticket.version)
        if BulkAct(job["change"]["act"]) in FAMILY_ACTS:
            changed = await _relate(conn, locked, job, item, principal, parents)
        else:
            changed = await _change(conn, locked, job, item, principal)
    except DuradeskError as error:
        return _Became(item["position"], BulkOutcome.FAILED, error.message)
    if changed.ticket.version == locked.ticket.version:
        reason = _NOTHING_TO_CHANGE if job["undo_of"] is None else _CHANGED_SINCE
        return _Became(item["position"], BulkOutcome.SKIPPED, reason)
    return _Became(item["position"], BulkOutcome.DONE, seq=changed.ticket.version)


async def _change(conn: Connection, locked: LockedTicket, job: Row, item: Row, principal: Principal) -> LockedTicket:
    change = _decide(locked, job, item, principal)
    if job["undo_of"] is None:
        await check_settling(conn, locked.ticket, change, principal)
    if change is None:
        return locked
    what = "changed together" if job["undo_of"] is None else "taken back together"
    locked = await append_event(
        conn,
        locked,
        change.kind,
        actor=principal.subject,
        changes=change.values,
        cause=_cause(job),
        reason=f"{what} with others, {job['total']} in all",
        settling=Settling(principal.role),
    )
    await enqueue(conn, locked.ticket, rank=PACED_RANK)
    return locked


def _cause(job: Row) -> str:
    """What the event says it comes from; the rule that is to look comes first."""
    bulk = f"bulk {job['id']}"
    return f"rule {job['change']['rule_id']} {bulk}" if job["change"]["act"] == BulkAct.APPLY_RULE else bulk


async def _relate(
    conn: Connection,
    locked: LockedTicket,
    job: Row,
    item: Row,
    principal: Principal,
    parents: dict[UUID, LockedTicket],
) -> LockedTicket:
    """Into a family or out of it; to take that back, unless the ticket has another parent by now."""
    if job["undo_of"] is None:
        parent_id = _change_of(job["change"]).parent_id
    else:
        (made,) = (change for change in item["changes"] if change["field"] == "parent_id")
        if made["new"] != (str(locked.ticket.parent_id) if locked.ticket.parent_id else None):
            return locked
        parent_id = UUID(made["old"]) if made["old"] else None
    if parent_id is None:
        return await unlink(conn, locked, actor=principal.subject)
    if parent_id not in parents:
        parents[parent_id] = await lock_ticket(conn, parent_id, scope=scope_of(principal))
    linked, parents[parent_id] = await link(conn, locked, parents[parent_id], actor=principal.subject)
    return linked


async def _run_macro(conn: Connection, job: Row, item: Row, principal: Principal) -> _Became:
    """A macro says and does several things: what is refused half-way takes back the rest of this ticket's."""
    try:
        async with conn.transaction():
            locked = await lock_ticket(conn, item["ticket_id"], scope=scope_of(principal))
            macro = await read_macro(conn, UUID(job["change"]["macro_id"]), principal)
            before = locked.ticket.version
            locked, _ = await run_on(conn, locked, macro, MacroRun(), principal)
            await enqueue(conn, locked.ticket, rank=PACED_RANK)
    except DuradeskError as error:
        return _Became(item["position"], BulkOutcome.FAILED, error.message)
    if locked.ticket.version == before:
        return _Became(item["position"], BulkOutcome.SKIPPED, _NOTHING_TO_CHANGE)
    return _Became(item["position"], BulkOutcome.DONE, seq=locked.ticket.version)


def _decide(locked: LockedTicket, job: Row, item: Row, principal: Principal) -> Change | None:
    if job["undo_of"] is None:
        return change_ticket(locked.ticket, _change_of(job["change"]), principal, now=job["now"])
    made = field_changes_of(item["changes"])
    return undo_change(
        locked.ticket,
        made=new_values(made),
        old=new_values(FieldChange(change.field, change.new, change.old) for change in made),
        seq=item["seq"],
        status_epoch=locked.status_epoch,
    )


async def _read_job(conn: Connection, job_id: UUID, principal: Principal) -> tuple[BulkJob, datetime]:
    """The job and what time it is; NotFound also for somebody else's."""
    parameters = {"job_id": job_id, **scope_of(principal).parameters()}
    row = await (await conn.execute(QUERIES["get_bulk_job"], parameters)).fetchone()
    if row is None or row["user_id"] != principal.subject:
        raise NotFound("This bulk does not exist.")
    return _job_of(row), row["now"]


def _job_of(row: Row) -> BulkJob:
    finished_at: datetime | None = row["finished_at"]
    undoable = finished_at is not None and row["undo_of"] is None and row["change"]["act"] != BulkAct.APPLY_RULE
    return BulkJob(
        id=row["id"],
        change=_change_of(row["change"]),
        undo_of=row["undo_of"],
        state=BulkState(row["state"]),
        total=row["total"],
        done=row["done"],
        skipped=row["skipped"],
        failed=row["failed"],
        problems=tuple(_problem_of(problem) for problem in row["problems"]),
        created_at=row["created_at"],
        finished_at=finished_at,
        undo_until=finished_at + UNDO_WINDOW if undoable and finished_at else None,
    )


def _problem_of(problem: Mapping[str, Any]) -> BulkProblem:
    return BulkProblem(
        UUID(problem["ticket_id"]), problem["number"], BulkOutcome(problem["outcome"]), problem["reason"]
    )


def _change_of(change: Mapping[str, Any]) -> TicketChange:
    return TicketChange(
        act=BulkAct(change["act"]),
        assignee_id=UUID(change["assignee_id"]) if change["assignee_id"] else None,
        keep_assignee=change["keep_assignee"],
        team_id=UUID(change["team_id"]) if change["team_id"] else None,
        keep_team=change["keep_team"],
        priority=Priority(change["priority"]) if change["priority"] else None,
        add_tags=tuple(change["add_tags"]),
        remove_tags=tuple(change["remove_tags"]),
        snooze_until=datetime.fromisoformat(change["snooze_until"]) if change["snooze_until"] else None,
        snooze_reason=change["snooze_reason"],
        keep_on_reply=change["keep_on_reply"],
        macro_id=UUID(change["macro_id"]) if change.get("macro_id") else None,
        parent_id=UUID(change["parent_id"]) if change.get("parent_id") else None,
        rule_id=UUID(change["rule_id"]) if change.get("rule_id") else None,
        brand_snoozes=tuple(
            BrandSnooze(UUID(one["brand_id"]), datetime.fromisoformat(one["until"]))
            for one in change.get("brand_snoozes", ())
        ),
    )
