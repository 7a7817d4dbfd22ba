"""What a customer says by a link in a mail, done in their name."""

from collections.abc import Callable
from uuid import UUID

from services.common.database import Database
from services.common.ids import ordered_id
from services.domain import changes
from services.domain.changes import Change
from services.domain.errors import NotFound
from services.domain.family.model import Settling
from services.domain.links import Consequence, CustomerAnswer, judge_answer
from services.domain.message import NewMessage, Visibility
from services.domain.principal import Via
from services.domain.ticket import EventKind, Ticket, TicketStatus
from services.tickets.store.events import Connection, LockedTicket, append_event, enqueue, lock_ticket
from services.tickets.store.messages import add_customer_word
from services.tickets.store.requests import Request, first_resource
from services.tickets.store.scope import EVERYTHING
from services.tickets.store.statements import QUERIES

_NOT_SOLVED = "The customer says, by the link in our mail, that it is not solved."
_REASON = "the customer said so by the link in a mail"


class AnswerStore:
    """Takes answers; `on_commit` is called when an outbox row was committed."""

    def __init__(self, database: Database, on_commit: Callable[[], None]) -> None:
        self._database = database
        self._on_commit = on_commit

    async def answer_ticket(
        self, ticket_id: UUID, answer: CustomerAnswer, request: Request, *, status_epoch: int, validate_only: bool
    ) -> Ticket:
        """The ticket after the answer, or the follow-up; InvalidTransition (STALE). The same answer twice is one.

        `validate_only` changes nothing and raises what the answer itself would raise.
        """
        async with self._database.transaction() as conn:
            locked = await _lock(conn, ticket_id, request)
            if validate_only:
                if not await _is_known(conn, request):
                    await _judge(conn, locked, answer, status_epoch)
                return locked.ticket
            if await first_resource(conn, request, ticket_id) is not None:
                return locked.ticket
            consequence = await _judge(conn, locked, answer, status_epoch)
            await conn.execute(QUERIES["prove_sender"], {"ticket_id": ticket_id})
            ticket = await _carry_out(conn, locked, consequence, request)
        self._on_commit()
        return ticket


async def _lock(conn: Connection, ticket_id: UUID, request: Request) -> LockedTicket:
    """The requester's ticket. Whoever has a link got our mail: they see it even if nobody proved who opened it."""
    principal = request.principal
    scope = EVERYTHING if principal.via is Via.LINK else request.scope
    locked = await lock_ticket(conn, ticket_id, scope=scope)
    if locked.ticket.requester.id != principal.contact_id:
        raise NotFound("This ticket does not exist.")
    return locked


async def _is_known(conn: Connection, request: Request) -> bool:
    key = {"caller": request.principal.subject, "method": request.method, "request_id": request.request_id}
    return await (await conn.execute(QUERIES["get_request"], key)).fetchone() is not None


async def _judge(conn: Connection, locked: LockedTicket, answer: CustomerAnswer, status_epoch: int) -> Consequence:
    ticket = locked.ticket
    parameters = {"ticket_id": ticket.id, "brand_id": ticket.brand_id, "status_epoch": status_epoch}
    row = await (await conn.execute(QUERIES["get_answer"], parameters)).fetchone()
    assert row is not None
    return judge_answer(answer, ticket.status, status_since=ticket.status_since, **row)


async def _carry_out(conn: Connection, locked: LockedTicket, consequence: Consequence, request: Request) -> Ticket:
    match consequence:
        case Consequence.NOTHING:
            return locked.ticket
        case Consequence.FOLLOW_UP:
            new = NewMessage(Visibility.PUBLIC, _NOT_SOLVED)
            _, ticket = await add_customer_word(
                conn, locked, new, contact=locked.ticket.requester, message_id=ordered_id()
            )
            return ticket
        case Consequence.RESOLVE:
            values = {"status": TicketStatus.RESOLVED, "snoozed_until": None}
            change = Change(EventKind.TICKET_RESOLVED, values)
        case Consequence.OPEN:
            values = {"status": TicketStatus.OPEN}
            if not locked.ticket.keep_on_reply:
                values["snoozed_until"] = None
            change = Change(EventKind.TICKET_REOPENED, values)
        case Consequence.REOPEN:
            change = changes.reopen(locked.ticket, request.principal)
    locked = await append_event(
        conn,
        locked,
        change.kind,
        actor=request.actor,
        changes=change.values,
        reason=_REASON,
        settling=Settling(request.principal.role),
    )
    await enqueue(conn, locked.ticket)
    return locked.ticket
