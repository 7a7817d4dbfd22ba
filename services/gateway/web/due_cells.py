"""How urgent a ticket is, as lists show it: the words, the colour and the sign of its clocks. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.domain.clocks.model import ClockKind, ClockOutcome
from services.domain.ticket import Ticket
from services.domain.upcoming import ClockTime, TicketTimes
from services.gateway.web.shapes import SOON


class Urgency(StrEnum):
    """What a cell says: three steps of a clock that runs, or why none does."""

    LATE = "late"
    SOON = "soon"
    CALM = "calm"
    PAUSED = "paused"
    ASLEEP = "asleep"
    MET = "met"
    MISSED = "missed"
    PLANNED = "planned"


@dataclass(frozen=True, slots=True)
class Cell:
    """`what` names the clock, or the due that is planned; `at` is when, and `left` working time while it is paused."""

    urgency: Urgency
    what: str
    at: datetime | None = None
    left: timedelta | None = None


def due_cell(ticket: Ticket, times: TicketTimes | None, now: datetime) -> Cell | None:
    """The clock that runs out, or has run out, before the others; without any what happens next by itself."""
    if ticket.snoozed_until is not None:
        return Cell(Urgency.ASLEEP, "", at=ticket.snoozed_until)
    live = [clock for clock in times.clocks if clock.outcome is None] if times else []
    known = [clock for clock in live if clock.due_at is not None]
    if known:
        return _running(min(known, key=lambda clock: clock.due_at or now), now)
    paused = [clock for clock in live if clock.left is not None]
    if paused:
        return _paused(min(paused, key=lambda clock: clock.left or timedelta()))
    due = times.next_due if times else None
    return Cell(Urgency.PLANNED, due.kind.value, at=due.due_at) if due else None


def clock_cell(kind: ClockKind, times: TicketTimes | None, now: datetime) -> Cell | None:
    """How the ticket's clock of this kind stands; None when it has none."""
    clock = next((clock for clock in times.clocks if clock.kind is kind), None) if times else None
    if clock is None:
        return None
    if clock.outcome is not None:
        return Cell(Urgency.MET if clock.outcome is ClockOutcome.MET else Urgency.MISSED, kind.value)
    return _running(clock, now) if clock.due_at is not None else _paused(clock)


def _running(clock: ClockTime, now: datetime) -> Cell:
    assert clock.due_at is not None, "only such are asked for"
    if clock.due_at <= now:
        return Cell(Urgency.LATE, clock.kind.value, at=clock.due_at)
    urgency = Urgency.SOON if clock.due_at - now < SOON else Urgency.CALM
    return Cell(urgency, clock.kind.value, at=clock.due_at)


def _paused(clock: ClockTime) -> Cell:
    return Cell(Urgency.PAUSED, clock.kind.value, left=clock.left)
