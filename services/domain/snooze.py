"""Snooze: a ticket is out of the queue until an instant or the customer's word, and keeps its status meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.domain.changes import Change
from services.domain.errors import Invalid, InvalidTransition
from services.domain.intake import clean_line
from services.domain.ticket import EventKind, Ticket, TicketStatus

LONGEST_SNOOZE = timedelta(days=731)
REASON_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Snooze:
    """Until when and why; `keep_on_reply` keeps it despite a customer's word."""

    until: datetime
    reason: str = ""
    keep_on_reply: bool = False


def snooze(ticket: Ticket, wanted: Snooze, *, by: str, now: datetime) -> Change | None:
    """Put a live ticket away; None when it is so already, Invalid for an instant that is past or too far."""
    problems: dict[str, str] = {}
    if wanted.until <= now:
        problems["until"] = f"must be later than now, {now:%Y-%m-%d %H:%M:%S} UTC"
    elif wanted.until > now + LONGEST_SNOOZE:
        problems["until"] = f"must be at most {LONGEST_SNOOZE.days} days from now"
    reason = clean_line(wanted.reason)
    if len(reason) > REASON_LENGTH:
        problems["reason"] = f"must have at most {REASON_LENGTH} characters"
    if problems:
        told = "; ".join(f"{field} {message}" for field, message in problems.items())
        raise Invalid(f"The snooze is not valid: {told}.", violations=problems)
    if ticket.status.is_settled:
        raise InvalidTransition(f"A ticket that is {ticket.status} cannot be snoozed: reopen it first.")
    details = (wanted.until, reason, wanted.keep_on_reply)
    if details == (ticket.snoozed_until, ticket.snooze_reason, ticket.keep_on_reply):
        return None
    names = ("snoozed_until", "snooze_reason", "keep_on_reply")
    return Change(EventKind.TICKET_SNOOZED, dict(zip(names, details, strict=True)) | {"snoozed_by": by})


def wake(ticket: Ticket) -> Change | None:
    """Back into the queue; None when it is there. Who waits for the customer's answer waits anew from here."""
    if ticket.snoozed_until is None:
        return None
    values: dict[str, Any] = {"snoozed_until": None}
    if ticket.status is TicketStatus.PENDING:
        values["status"] = ticket.status
    return Change(EventKind.TICKET_WOKEN, values)


def with_snooze(changes: Mapping[str, Any]) -> Mapping[str, Any]:
    """The changes, with all that belongs to a snooze gone when its instant goes."""
    if changes.get("snoozed_until", ...) is not None:
        return changes
    return {**changes, "snooze_reason": "", "snoozed_by": "", "keep_on_reply": False}
