"""Which status may follow which, and what a reply does: a table, not branches. docs/life-of-a-ticket.md draws it.

These apply at once, in the transaction that commits what a person did, also while Temporal is down.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from services.domain.errors import InvalidTransition
from services.domain.ticket import TicketStatus as S


class Act(StrEnum):
    """What somebody does to a ticket that may change its status."""

    AGENT_REPLY = "reply"
    CUSTOMER_REPLY = "write to"
    RESOLVE = "resolve"
    CLOSE = "close"
    REOPEN = "reopen"


_AFTER: dict[Act, dict[S, S]] = {
    Act.AGENT_REPLY: {
        S.NEW: S.PENDING,
        S.OPEN: S.PENDING,
        S.PENDING: S.PENDING,
        S.ON_HOLD: S.PENDING,
        S.RESOLVED: S.RESOLVED,
    },
    Act.CUSTOMER_REPLY: {
        S.NEW: S.NEW,
        S.OPEN: S.OPEN,
        S.PENDING: S.OPEN,
        S.ON_HOLD: S.OPEN,
        S.RESOLVED: S.OPEN,
    },
    Act.RESOLVE: dict.fromkeys((S.NEW, S.OPEN, S.PENDING, S.ON_HOLD, S.RESOLVED), S.RESOLVED),
    Act.CLOSE: dict.fromkeys(S, S.CLOSED),
    Act.REOPEN: {S.RESOLVED: S.OPEN, S.CLOSED: S.OPEN},
}

# What an agent may set by hand; settling and reopening have their own acts, and "new" is only where a ticket begins.
_BY_HAND: dict[S, tuple[S, ...]] = {
    S.NEW: (S.OPEN, S.PENDING, S.ON_HOLD, S.RESOLVED, S.CLOSED),
    S.OPEN: (S.PENDING, S.ON_HOLD, S.RESOLVED, S.CLOSED),
    S.PENDING: (S.OPEN, S.ON_HOLD, S.RESOLVED, S.CLOSED),
    S.ON_HOLD: (S.OPEN, S.PENDING, S.RESOLVED, S.CLOSED),
    S.RESOLVED: (S.OPEN, S.CLOSED),
    S.CLOSED: (S.OPEN,),
}


def status_after(act: Act, status: S) -> S:
    """The status that `act` leads to from `status`; InvalidTransition names the statuses from which it is allowed."""
    try:
        return _AFTER[act][status]
    except KeyError:
        allowed = ", ".join(_AFTER[act])
        raise InvalidTransition(
            f"A ticket that is {status} cannot be {_PAST[act]}: it must be one of {allowed}.",
            metadata={"status": status, "allowed": allowed},
        ) from None


_PAST = {
    Act.AGENT_REPLY: "replied to",
    Act.CUSTOMER_REPLY: "written to",
    Act.RESOLVE: "resolved",
    Act.CLOSE: "closed",
    Act.REOPEN: "reopened",
}


def check_by_hand(old: S, new: S) -> None:
    """InvalidTransition, naming the allowed ones, unless a person may change `old` into `new`."""
    if new != old and new not in _BY_HAND[old]:
        allowed = ", ".join(_BY_HAND[old])
        raise InvalidTransition(
            f"A ticket that is {old} cannot become {new}; it can become {allowed}.",
            metadata={"status": old, "allowed": allowed},
        )


def reply_opens_follow_up(
    status: S, *, status_since: datetime, auto_close_after: timedelta | None, now: datetime
) -> bool:
    """Whether a customer's word opens a linked follow-up instead of reopening: closed, or resolved past its grace.

    The grace is judged by the instant, so that it ends on time even if the automatic close is late.
    """
    if status is S.CLOSED:
        return True
    return status is S.RESOLVED and auto_close_after is not None and now >= status_since + auto_close_after


def renews_wait(act: Act, old: S, new: S) -> bool:
    """Whether `status_since` starts anew: at every change, and when we write again to a customer we wait for."""
    return old != new or (act is Act.AGENT_REPLY and new is S.PENDING)
