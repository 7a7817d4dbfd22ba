"""What somebody's act does to a ticket: the event it becomes and the new values, or nothing when it changes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from services.domain.categories import NOTHING_BROUGHT, Brought
from services.domain.errors import InvalidTransition
from services.domain.intake import check_fields, clean_line, clean_resolution
from services.domain.lifecycle import Act, check_by_hand, renews_wait, status_after
from services.domain.principal import STAFF, Principal
from services.domain.ticket import EventKind, Ticket, TicketStatus

_KINDS = {
    Act.RESOLVE: EventKind.TICKET_RESOLVED,
    Act.CLOSE: EventKind.TICKET_CLOSED,
    Act.REOPEN: EventKind.TICKET_REOPENED,
}
_PERMISSIONS = {Act.RESOLVE: "tickets.resolve", Act.CLOSE: "tickets.close", Act.REOPEN: "tickets.reopen"}


@dataclass(frozen=True, slots=True)
class Change:
    """An event's kind and the new values it brings, by the names of `Ticket`."""

    kind: EventKind
    values: Mapping[str, Any]
    reason: str = ""


def reply(ticket: Ticket, act: Act) -> Change:
    """What a public word of an agent or a customer does; InvalidTransition on a closed ticket."""
    status = status_after(act, ticket.status)
    values: dict[str, Any] = {"status": status} if renews_wait(act, ticket.status, status) else {}
    if act is Act.CUSTOMER_REPLY and not ticket.keep_on_reply:
        values["snoozed_until"] = None
    return Change(EventKind.MESSAGE_ADDED, values)


def take_back(status_epoch: int, *, seq: int, old_status: str | None) -> Change:
    """Withdraw the word that event `seq` added: the status goes back, unless it has changed once more since."""
    values = {"status": TicketStatus(old_status)} if old_status and status_epoch == seq else {}
    return Change(EventKind.MESSAGE_WITHDRAWN, values)


def settle(ticket: Ticket, act: Act, *, resolution: str = "") -> Change | None:
    """Resolve or close; None when it is so already, InvalidTransition when it cannot become so.

    `resolution` says what solved it; an empty one keeps what is there.
    """
    status = status_after(act, ticket.status)
    if status is ticket.status:
        return None
    values = {"status": status, "snoozed_until": None}
    return Change(_KINDS[act], values | ({"resolution": clean_resolution(resolution)} if resolution else {}))


def settle_like(ticket: Ticket, act: Act, other: Ticket) -> Change | None:
    """As far as another one, whose resolution is copied where there is none; None when it is so already."""
    return settle(ticket, act, resolution="" if ticket.resolution else other.resolution)


def reopen(ticket: Ticket, principal: Principal) -> Change:
    """Open a settled ticket again: it goes to the agent who reopens it, or stays with its last assignee."""
    check_not_set_aside(ticket)
    status = status_after(Act.REOPEN, ticket.status)
    if ticket.status is TicketStatus.CLOSED:
        principal.require("tickets.reopen_closed")
    values: dict[str, Any] = {"status": status}
    if principal.role in STAFF:
        values["assignee_id"] = UUID(principal.subject)
    return Change(EventKind.TICKET_REOPENED, values)


def check_not_set_aside(ticket: Ticket) -> None:
    """InvalidTransition when the ticket is merged or spam: nobody works on it any more."""
    if ticket.merged_into is not None:
        raise InvalidTransition(
            f"#{ticket.number} is merged: its conversation goes on in another ticket, and it does not reopen.",
            reason="MERGED",
            metadata={"merged_into": str(ticket.merged_into)},
        )
    if ticket.spam:
        raise InvalidTransition(f"#{ticket.number} is spam: say first that it is none.", reason="SPAM")


def assign(ticket: Ticket, assignee_id: UUID | None, *, team_id: UUID | None) -> Change | None:
    """Give to an agent, a team or nobody; InvalidTransition when it is closed."""
    if ticket.status is TicketStatus.CLOSED:
        raise InvalidTransition("A closed ticket cannot be assigned: reopen it first.")
    return _unless_same(ticket, EventKind.TICKET_ASSIGNED, {"assignee_id": assignee_id, "team_id": team_id})


def update(
    ticket: Ticket, wanted: Mapping[str, Any], principal: Principal, *, brought: Brought = NOTHING_BROUGHT
) -> Change | None:
    """Set fields by hand; a status that settles or reopens is the act of that name, with its event and permission.

    A new category has `brought` some values.
    """
    values, reason = _checked(wanted), ""
    if values.get("category_id", ticket.category_id) != ticket.category_id:
        values, reason = {**brought.values, **values}, brought.reason
    change = _update(ticket, values, principal)
    return change and replace(change, reason=reason)


def _update(ticket: Ticket, values: dict[str, Any], principal: Principal) -> Change | None:
    if (status := values.pop("status", ticket.status)) is ticket.status:
        return _unless_same(ticket, EventKind.TICKET_UPDATED, values)
    check_by_hand(ticket.status, status)
    act = _act(ticket.status, status)
    if act is None:
        return Change(EventKind.TICKET_UPDATED, {**values, "status": status})
    principal.require(_PERMISSIONS[act])
    change = reopen(ticket, principal) if act is Act.REOPEN else settle(ticket, act)
    assert change is not None, "the status differs"
    return Change(change.kind, {**values, **change.values})


def _act(old: TicketStatus, new: TicketStatus) -> Act | None:
    if new is TicketStatus.RESOLVED:
        return Act.RESOLVE
    if new is TicketStatus.CLOSED:
        return Act.CLOSE
    return Act.REOPEN if old.is_settled else None


def _checked(wanted: Mapping[str, Any]) -> dict[str, Any]:
    values = dict(wanted)
    if "subject" in values:
        values["subject"] = clean_line(values["subject"])
    if "resolution" in values:
        values["resolution"] = clean_resolution(values["resolution"])
    check_fields(
        subject=values.get("subject"),
        type_=values.get("type"),
        tags=values.get("tags", ()),
        custom_fields=values.get("custom_fields", {}),
    )
    return values


def _unless_same(ticket: Ticket, kind: EventKind, values: Mapping[str, Any]) -> Change | None:
    real = {field: value for field, value in values.items() if getattr(ticket, field) != value}
    return Change(kind, real) if real else None
