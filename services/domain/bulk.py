"""The same change on many tickets: what it needs, what it does to one of them, and what taking it back does."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from services.domain import changes
from services.domain.changes import Change
from services.domain.errors import Invalid, InvalidTransition
from services.domain.intake import check_fields
from services.domain.lifecycle import Act
from services.domain.principal import Principal
from services.domain.snooze import REASON_LENGTH, Snooze, snooze, wake
from services.domain.ticket import EventKind, Priority, Ticket

MOST_TICKETS = 10_000
PAGE = 100
UNDO_WINDOW = timedelta(hours=1)


class BulkAct(StrEnum):
    """What is done to each ticket."""

    ASSIGN = "assign"
    RESOLVE = "resolve"
    CLOSE = "close"
    REOPEN = "reopen"
    UPDATE = "update"
    SNOOZE = "snooze"
    WAKE = "wake"
    APPLY_RULE = "apply_rule"
    MACRO = "macro"
    SET_PARENT = "set_parent"
    REMOVE_PARENT = "remove_parent"
    BROADCAST = "broadcast"


class BulkState(StrEnum):
    """How far a bulk is."""

    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"


class BulkOutcome(StrEnum):
    """What became of one ticket of a bulk: skipped means that there was nothing to change."""

    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class BrandSnooze:
    """Until when the tickets of a brand are snoozed, whose mornings are others."""

    brand_id: UUID
    until: datetime


@dataclass(frozen=True, slots=True)
class TicketChange:
    """A change for any ticket: assignee and team for an assignment, priority and tags for an update; `snooze_until` is
    for the tickets of all brands that `brand_snoozes` does not name.
    """

    act: BulkAct
    assignee_id: UUID | None = None
    keep_assignee: bool = False
    team_id: UUID | None = None
    keep_team: bool = False
    priority: Priority | None = None
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    snooze_until: datetime | None = None
    snooze_reason: str = ""
    keep_on_reply: bool = False
    macro_id: UUID | None = None
    parent_id: UUID | None = None
    brand_snoozes: tuple[BrandSnooze, ...] = ()
    rule_id: UUID | None = None

    def snoozed_until(self, brand_id: UUID) -> datetime | None:
        """Until when a ticket of the brand is snoozed."""
        return next((one.until for one in self.brand_snoozes if one.brand_id == brand_id), self.snooze_until)


@dataclass(frozen=True, slots=True)
class BulkProblem:
    """A ticket that was not changed, and why."""

    ticket_id: UUID
    number: int
    outcome: BulkOutcome
    reason: str


@dataclass(frozen=True, slots=True)
class BulkJob:
    """A bulk and how far it is; `problems` are the first 100. An undo has `undo_of` and the change it takes back."""

    id: UUID
    change: TicketChange
    undo_of: UUID | None
    state: BulkState
    total: int
    done: int
    skipped: int
    failed: int
    problems: tuple[BulkProblem, ...]
    created_at: datetime
    finished_at: datetime | None
    undo_until: datetime | None


@dataclass(frozen=True, slots=True)
class BulkProgress:
    """Of how many tickets it is known what became of them."""

    finished: bool
    handled: int
    total: int


_PERMISSIONS = {
    BulkAct.ASSIGN: "tickets.assign",
    BulkAct.RESOLVE: "tickets.resolve",
    BulkAct.CLOSE: "tickets.close",
    BulkAct.REOPEN: "tickets.reopen",
    BulkAct.UPDATE: "tickets.update",
    BulkAct.SNOOZE: "tickets.snooze",
    BulkAct.WAKE: "tickets.snooze",
    BulkAct.APPLY_RULE: "rules.manage",
    BulkAct.MACRO: "tickets.work",
    BulkAct.SET_PARENT: "tickets.update",
    BulkAct.REMOVE_PARENT: "tickets.update",
    BulkAct.BROADCAST: "tickets.update",
}
# What changes the parent, too.
FAMILY_ACTS = frozenset({BulkAct.SET_PARENT, BulkAct.REMOVE_PARENT})
_SETTLING = {BulkAct.RESOLVE: Act.RESOLVE, BulkAct.CLOSE: Act.CLOSE}


def check_change(change: TicketChange, principal: Principal) -> None:
    """Forbidden without the permission of the single change; Invalid for a change that changes nothing."""
    principal.require(_PERMISSIONS[change.act])
    for tags in (change.add_tags, change.remove_tags):
        check_fields(subject=None, type_=None, tags=tags, custom_fields={})
    _check_details(change)
    empty = (change.act is BulkAct.UPDATE and not (change.priority or change.add_tags or change.remove_tags)) or (
        change.act is BulkAct.ASSIGN and change.keep_assignee and change.keep_team
    )
    if empty:
        raise Invalid("The change names nothing to change.", violations={"change": "must have something to change"})


def _check_details(change: TicketChange) -> None:
    problems: dict[str, str] = {}
    if change.act is BulkAct.SNOOZE and change.snooze_until is None:
        problems["change.snooze_until"] = "is required"
    if change.act is BulkAct.APPLY_RULE and change.rule_id is None:
        problems["change.rule_id"] = "is required"
    if change.act is BulkAct.MACRO and change.macro_id is None:
        problems["change.macro_id"] = "is required: which macro"
    if change.act is BulkAct.SET_PARENT and change.parent_id is None:
        problems["change.parent_id"] = "is required"
    if len(change.snooze_reason) > REASON_LENGTH:
        problems["change.snooze_reason"] = f"must have at most {REASON_LENGTH} characters"
    if problems:
        told = "; ".join(f"{field} {problem}" for field, problem in problems.items())
        raise Invalid(f"The change is not valid: {told}.", violations=problems)


def check_wanted(change: TicketChange) -> None:
    """Invalid for what is begun elsewhere."""
    if change.act is BulkAct.BROADCAST:
        raise Invalid("A reply to all children is begun on their parent.", violations={"change.act": "is none"})


def change_ticket(ticket: Ticket, change: TicketChange, principal: Principal, *, now: datetime) -> Change | None:
    """What the change does to this ticket, as if it were made alone; None when it does nothing."""
    match change.act:
        case BulkAct.ASSIGN:
            assignee_id = ticket.assignee_id if change.keep_assignee else change.assignee_id
            team_id = ticket.team_id if change.keep_team else change.team_id
            return changes.assign(ticket, assignee_id, team_id=team_id)
        case BulkAct.RESOLVE | BulkAct.CLOSE:
            return changes.settle(ticket, _SETTLING[change.act])
        case BulkAct.REOPEN:
            return changes.reopen(ticket, principal)
        case BulkAct.UPDATE:
            return changes.update(ticket, _fields(ticket, change), principal)
        case BulkAct.SNOOZE:
            until = change.snoozed_until(ticket.brand_id)
            assert until is not None, "the change was checked"
            wanted = Snooze(until, change.snooze_reason, change.keep_on_reply)
            return snooze(ticket, wanted, by=principal.subject, now=now)
        case BulkAct.WAKE:
            return wake(ticket)
        case BulkAct.APPLY_RULE:
            return Change(EventKind.RULE_REQUESTED, {})
        case BulkAct.MACRO | BulkAct.SET_PARENT | BulkAct.REMOVE_PARENT | BulkAct.BROADCAST:
            raise TypeError("More than one ticket or message is changed by this, which is not told by one change.")


def check_undo(job: BulkJob, *, now: datetime) -> None:
    """InvalidTransition unless the bulk can be taken back now."""
    if job.change.act is BulkAct.APPLY_RULE:
        raise InvalidTransition("What rules did is not taken back together.", reason="NOT_UNDOABLE")
    if job.undo_of is not None:
        raise InvalidTransition("This bulk takes another one back: make the change again.", reason="NOT_UNDOABLE")
    if job.change.act is BulkAct.BROADCAST:
        raise InvalidTransition("What was written to customers stays written.", reason="NOT_UNDOABLE")
    if job.state is BulkState.RUNNING:
        raise InvalidTransition("The bulk still runs: cancel it first.", reason="NOT_FINISHED")
    if job.undo_until is None or now > job.undo_until:
        raise InvalidTransition("It is too late to take this bulk back.", reason="TOO_LATE")


def undo_change(
    ticket: Ticket, *, made: Mapping[str, Any], old: Mapping[str, Any], seq: int, status_epoch: int
) -> Change | None:
    """What takes back the event `seq`, which `made` these values of the `old` ones.

    None if somebody has changed one of them since; a status also if it was renewed.
    """
    renewed = "status" in made and status_epoch != seq
    if renewed or any(getattr(ticket, field) != value for field, value in made.items()):
        return None
    reopens = ticket.status.is_settled and not old.get("status", ticket.status).is_settled
    return Change(EventKind.TICKET_REOPENED if reopens else EventKind.TICKET_UPDATED, dict(old))


def _fields(ticket: Ticket, change: TicketChange) -> dict[str, Any]:
    kept = tuple(tag for tag in ticket.tags if tag not in change.remove_tags)
    fields: dict[str, Any] = {"tags": kept + tuple(tag for tag in change.add_tags if tag not in kept)}
    return fields | ({"priority": change.priority} if change.priority else {})
