"""What a cascade does to one child, whom it tells, and what taking it back does. docs/families.md has the table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.domain.changes import Change, settle_like
from services.domain.errors import InvalidTransition
from services.domain.family.links import name_some
from services.domain.family.model import UNDO_WINDOW, Cascade, CascadeAct, CascadeState, ChildNews, Settling
from services.domain.family.policy import Children, DownPolicy
from services.domain.lifecycle import Act
from services.domain.ticket import EventKind, Ticket, TicketStatus

LEFT = "it has left the family"
SO_ALREADY = "it is so already"
OPEN_AGAIN = "it is open although the parent was settled before: whoever reopened it needs it"
WANTED = "somebody opened it again, or its customer wrote, since the parent was settled"
NO_ACCESS = "whoever settled the parent may not see it"
CHANGED_SINCE = "somebody has changed it since"
PARENT_REOPENED = "the parent was reopened meanwhile"
# As often a page is tried again that breaks off at the same child.
MOST_TRIES = 3
FAILED_AGAIN = f"it failed {MOST_TRIES} times, and the log of tickets says why: try it again"

_ACTS = {CascadeAct.RESOLVE: Act.RESOLVE, CascadeAct.CLOSE: Act.CLOSE}
_SETTLED = {CascadeAct.RESOLVE: "resolved", CascadeAct.CLOSE: "closed", CascadeAct.REOPEN: "reopened"}
_SETTLING = {CascadeAct.RESOLVE: "resolving", CascadeAct.CLOSE: "closing", CascadeAct.REOPEN: "reopening"}
_STATUS = {CascadeAct.RESOLVE: TicketStatus.RESOLVED, CascadeAct.CLOSE: TicketStatus.CLOSED}
_BY_STATUS = {status: act for act, status in _STATUS.items()}


@dataclass(frozen=True, slots=True)
class Skipped:
    """Nothing is done to the child, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Cause:
    """A cascade as one child meets it; `was_settled` says that the parent was settled before it began."""

    parent: Ticket
    act: CascadeAct
    was_settled: bool
    silent: bool


def cascade_of(old: Ticket, new: Ticket) -> CascadeAct | None:
    """What follows for the children from the change of their parent: nothing unless it goes further than before.

    Whoever takes a ticket for spam says nothing of those that were linked to it.
    """
    goes_further = new.status is not old.status and old.status is not TicketStatus.CLOSED
    return None if new.parent_id or new.spam or not goes_further else _BY_STATUS.get(new.status)


def check_block(number: int, down: DownPolicy, children: Children, open_numbers: Sequence[int]) -> None:
    """InvalidTransition (OPEN_CHILDREN) while the policy is `block` and children are open; the first are named."""
    if down is not DownPolicy.BLOCK or not children.open:
        return
    named = name_some(open_numbers, total=children.open)
    raise InvalidTransition(
        f"#{number} cannot be settled while children of it are open: settle {named} first.",
        reason="OPEN_CHILDREN",
        metadata={"open": str(children.open)},
    )


def settle_child(child: Ticket, cause: Cause, *, wanted: bool = False) -> Change | Skipped:
    """The child goes at least as far as its parent; a resolution is copied where there is none.

    One that is `wanted` since the parent was settled is what it would be if its turn had come before that: open.
    """
    if child.parent_id != cause.parent.id:
        return Skipped(LEFT)
    if reason := what_keeps(child.status, cause.act, was_settled=cause.was_settled):
        return Skipped(reason)
    if wanted and not child.status.is_settled:
        return Skipped(WANTED)
    change = settle_like(child, _ACTS[cause.act], cause.parent)
    assert change is not None, "the status differs"
    return change


def what_keeps(status: TicketStatus, act: CascadeAct, *, was_settled: bool) -> str:
    """Why a child of this status stays as it is when its parent is settled; "" when nothing keeps it."""
    if status is TicketStatus.CLOSED or status is _STATUS[act]:
        return SO_ALREADY
    # The parent was settled before, so whoever opened this child since meant it.
    return OPEN_AGAIN if was_settled and not status.is_settled else ""


def tells(child: Ticket, cause: Cause, *, told: set[UUID]) -> bool:
    """Whether the child's thread tells its requester: once to each, and not whom the parent's own notice tells."""
    if cause.silent or child.status.is_settled or child.requester.id in told:
        return False
    return child.requester.id != told_by_parent(cause.parent, cause.act)


def told_by_parent(parent: Ticket, act: CascadeAct) -> UUID | None:
    """Whom the parent's own notice tells: its requester, when it is resolved."""
    return parent.requester.id if act is CascadeAct.RESOLVE else None


def reopen_child(
    child: Ticket, *, made: Mapping[str, Any], old: Mapping[str, Any], seq: int, status_epoch: int
) -> Change | Skipped:
    """The child as it was before the cascade's event `seq`, unless its status or its resolution changed since."""
    changed = status_epoch != seq or any(getattr(child, field) != value for field, value in made.items())
    if changed:
        return Skipped(CHANGED_SINCE)
    reopens = child.status.is_settled and not TicketStatus(old["status"]).is_settled
    return Change(EventKind.TICKET_REOPENED if reopens else EventKind.TICKET_UPDATED, dict(old))


def check_undo(cascade: Cascade, *, parent: Ticket, undone: bool, now: datetime) -> None:
    """InvalidTransition unless the cascade may be taken back now."""
    if cascade.act is CascadeAct.REOPEN:
        raise InvalidTransition("This took something back itself: settle the parent again.", reason="NOT_UNDOABLE")
    if undone:
        raise InvalidTransition("This was taken back already.", reason="ALREADY_UNDONE")
    if parent.status.is_settled and cascade.undo_until is not None and now > cascade.undo_until:
        raise InvalidTransition(
            f"This could be taken back for {UNDO_WINDOW.seconds // 3600} hour: reopen the parent first.",
            reason="TOO_LATE",
        )


def check_retry(cascade: Cascade, *, parent: Ticket, undone: bool) -> None:
    """InvalidTransition unless the children that failed may be tried again now."""
    if undone:
        raise InvalidTransition("This was taken back already: settle the parent again.", reason="ALREADY_UNDONE")
    if cascade.act is not CascadeAct.REOPEN and not parent.status.is_settled:
        raise InvalidTransition(
            "The parent is open: settle it again, and its children follow.", reason="PARENT_IS_OPEN"
        )
    if cascade.state is CascadeState.CANCELLED or not cascade.failed:
        raise InvalidTransition("No child failed that could be tried again.", reason="NOTHING_FAILED")


def news_of(old: Ticket, new: Ticket, settling: Settling) -> ChildNews | None:
    """What the change of a child is to its parent; nothing when it came from there."""
    if old.parent_id is None or settling.in_cascade or old.status.is_settled == new.status.is_settled:
        return None
    return ChildNews.SETTLED if new.status.is_settled else ChildNews.REOPENED


def progress_words(act: CascadeAct, *, handled: int, total: int) -> str:
    """How far it is, for operators: "closing children 300/1,000"."""
    return f"{_SETTLING[act]} children {handled:,}/{total:,}"


def ended_words(cascade: Cascade) -> str:
    """What became of it, for the parent's activity."""
    words = f"{_SETTLED[cascade.act]} {cascade.done:,} of {cascade.total:,} children"
    left = [f"{count:,} {what}" for count, what in ((cascade.skipped, "skipped"), (cascade.failed, "failed")) if count]
    return f"{words}; {' and '.join(left)}" if left else words
