"""What the clocks of an open ticket come to under service levels as they are now, without any event on the ticket."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.domain.clocks.fold import policy_of
from services.domain.clocks.ladder import plan_clocks
from services.domain.clocks.model import Clock
from services.domain.clocks.policy import Policy, ServiceLevels
from services.domain.clocks.running import Moment, Word, run_clocks
from services.domain.facts import TicketFacts
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
    return _reckon(clocks, ticket, policy_of(ticket, brand_id, levels, at=at), levels, at=at)


def _reckon(
    clocks: tuple[Clock, ...], ticket: TicketFacts, policy: Policy | None, levels: ServiceLevels, *, at: datetime
) -> tuple[Clock, ...]:
    moment = Moment(at, ticket.version, "service levels", Word.OTHER, None, ticket.status, ticket.priority, policy)
    return run_clocks(clocks, moment, levels)


@dataclass(frozen=True, slots=True)
class Outlook:
    """A ticket's clocks under some service levels, and what they bring that has not fired."""

    clocks: tuple[Clock, ...]
    dues: tuple[Due, ...]


def look_ahead(measured: MeasuredTicket, levels: ServiceLevels, *, at: datetime) -> Outlook:
    """What these levels mean to the ticket; nothing is due on one that is settled or snoozed."""
    ticket = measured.ticket
    policy = policy_of(ticket, measured.brand_id, levels, at=at)
    clocks = _reckon(measured.clocks, ticket, policy, levels, at=at)
    if ticket.status.is_settled or ticket.snoozed_until is not None:
        return Outlook(clocks, ())
    return Outlook(clocks, tuple(due for due in plan_clocks(clocks, policy, levels) if due.key not in measured.fired))


@dataclass(frozen=True, slots=True)
class Replanned:
    """What came of a ticket, as it was at `version`: whether its plan moves, and the first due of its clocks then."""

    ticket_id: UUID
    version: int
    moves: bool
    due_at: datetime | None = None


def replan(measured: MeasuredTicket, levels: ServiceLevels, *, now: datetime) -> Replanned:
    """Whether these levels move what is planned for the ticket's clocks."""
    planned = look_ahead(measured, levels, at=now).dues
    moves = {(due.key, due.due_at) for due in planned} != {(due.key, due.due_at) for due in measured.planned}
    first = min((due.due_at for due in planned), default=None)
    return Replanned(measured.ticket.id, measured.ticket.version, moves, first)
