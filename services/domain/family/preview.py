"""What settling a ticket would do to its children, told before it is done."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from services.domain.errors import Invalid
from services.domain.family.cascade import told_by_parent, what_keeps
from services.domain.family.model import CascadeAct, PreviewedChild, SettlePreview
from services.domain.family.policy import DownPolicy
from services.domain.ticket import Ticket, TicketStatus

MOST_SHOWN = 100
_INDEPENDENT = "children and parent are independent"
_BLOCKED = "the parent cannot be settled before it"


@dataclass(frozen=True, slots=True)
class ChildNow:
    """A child as it is now; `reachable` says that a notice to its requester would go out, `seen` by the asker."""

    id: UUID
    number: int
    status: TicketStatus
    requester_id: UUID
    reachable: bool
    seen: bool


def preview_settle(parent: Ticket, act: CascadeAct, down: DownPolicy, children: Sequence[ChildNow]) -> SettlePreview:
    """The same as a cascade would do, children in its order; Invalid for an act that settles nothing."""
    if act is CascadeAct.REOPEN:
        problem = "must be resolve or close"
        raise Invalid(f"The act {problem}.", violations={"act": problem})
    seen = [child for child in children if child.seen]
    told: set[UUID | None] = {told_by_parent(parent, act)}
    shown = []
    for child in seen:
        reason = _why_not(child, act, down, was_settled=parent.status.is_settled)
        tells = not (reason or child.status.is_settled or child.requester_id in told) and child.reachable
        told |= {child.requester_id} if tells else set()
        shown.append(PreviewedChild(child.id, child.number, not reason, tells, reason))
    settles = sum(child.settles for child in shown)
    return SettlePreview(
        down=down,
        act=act,
        blocked=down is DownPolicy.BLOCK and any(not child.status.is_settled for child in children),
        settles=settles,
        skips=len(shown) - settles,
        tells=sum(child.tells for child in shown),
        hidden=len(children) - len(seen),
        children=tuple(sorted(shown, key=lambda child: child.number)[:MOST_SHOWN]),
    )


def _why_not(child: ChildNow, act: CascadeAct, down: DownPolicy, *, was_settled: bool) -> str:
    match down:
        case DownPolicy.CASCADE:
            return what_keeps(child.status, act, was_settled=was_settled)
        case DownPolicy.BLOCK if not child.status.is_settled:
            return _BLOCKED
        case _:
            return _INDEPENDENT
