"""What the clocks of an open ticket come to under service levels as they are now, without any event on the ticket."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.domain.clocks.fold import policy_of
from services.domain.clocks.ladder import plan_clocks
from services.domain.clocks.model import Clock
from services.domain.clocks.policy import ServiceLevels
from services.domain.clocks.running import Moment, Word, run_clocks
from services.domain.decision import TicketFacts
from services.domain.ticket import Due


@dataclass(frozen=True, slots=True)
class MeasuredTicket:
    """An open ticket with its clocks, the keys of what has fired on it, and what is planned for its clocks."""

    ticket: TicketFacts
    brand_id: UUID
    clocks: tuple[Clock, ...]
    fired: tuple[str, ...] = ()
    planned: tuple[Due, ...] = ()


@dataclass(frozen=True, slots=True)
class MeasuredTickets:
    """Some of them as they are `now`; after them come those from `next_page_token` on ("": none)."""

    tickets: tuple[MeasuredTicket, ...]
    now: datetime
    next_page_token: str = ""


def reckon_anew(
    clocks: tuple[Clock, ...], ticket: TicketFacts, levels: ServiceLevels, *, brand_id: UUID, at: datetime
) -> tuple[Clock, ...]:
    """The clocks under these levels. The same terms change nothing; new ones take what was measured before."""
    policy = policy_of(ticket, brand_id, levels, at=at)
    moment = Moment(at, ticket.version, "service levels", Word.OTHER, None, ticket.status, ticket.priority, policy)
    return run_clocks(clocks, moment, levels)


def plan_anew(measured: MeasuredTicket, levels: ServiceLevels, *, at: datetime) -> tuple[Due, ...]:
    """What the clocks bring under these levels and has not fired; nothing on a ticket that is settled or snoozed."""
    ticket = measured.ticket
    if ticket.status.is_settled or ticket.snoozed_until is not None:
        return ()
    clocks = reckon_anew(measured.clocks, ticket, levels, brand_id=measured.brand_id, at=at)
    policy = policy_of(ticket, measured.brand_id, levels, at=at)
    return tuple(due for due in plan_clocks(clocks, policy, levels) if due.key not in measured.fired)


@dataclass(frozen=True, slots=True)
class Replanned:
    """What came of a ticket, as it was at `version`: whether its plan moves, and the first due of its clocks then."""

    ticket_id: UUID
    version: int
    moves: bool
    due_at: datetime | None = None


def replan(measured: MeasuredTicket, levels: ServiceLevels, *, now: datetime) -> Replanned:
    """Whether these levels move what is planned for the ticket's clocks."""
    planned = plan_anew(measured, levels, at=now)
    moves = {(due.key, due.due_at) for due in planned} != {(due.key, due.due_at) for due in measured.planned}
    first = min((due.due_at for due in planned), default=None)
    return Replanned(measured.ticket.id, measured.ticket.version, moves, first)
