"""Splitting a message out into a ticket of its own."""

from collections.abc import Callable
from uuid import UUID

from services.common.database import Database
from services.common.ids import ordered_id
from services.common.tracing import current_traceparent
from services.domain.errors import NotFound
from services.domain.merging import check_split
from services.domain.ticket import EventKind, Ticket
from services.tickets.store.events import RANKS, append_event, enqueue, lock_ticket
from services.tickets.store.requests import Request, first_resource
from services.tickets.store.scope import EVERYTHING
from services.tickets.store.statements import QUERIES
from services.tickets.store.tickets import read_ticket
from services.tickets.store.words import read_words


class SplitStore:
    """Splits; `on_commit` is called when an outbox row was committed."""

    def __init__(self, database: Database, on_commit: Callable[[], None]) -> None:
        self._database = database
        self._on_commit = on_commit

    async def split_message(self, ticket_id: UUID, message_id: UUID, request: Request, *, subject: str) -> Ticket:
        """The new ticket, which has the message and its files; NotFound, InvalidTransition.

        Its requester is the customer who wrote it, or the old ticket's for a word of ours.
        """
        new_id = ordered_id()
        async with self._database.transaction() as conn:
            locked = await lock_ticket(conn, ticket_id, scope=request.scope)
            first = await first_resource(conn, request, new_id)
            if first is not None:
                return await read_ticket(conn, first, scope=EVERYTHING)
            ids = {"ticket_id": ticket_id, "message_id": message_id}
            facts = await (await conn.execute(QUERIES["get_split"], ids)).fetchone()
            if facts is None:
                raise NotFound("This message does not exist.")
            check_split(locked.ticket, facts)
            parameters = {
                **ids,
                "ticket_id": new_id,
                "source_id": ticket_id,
                "subject": subject or locked.ticket.subject,
                "requester_id": facts["author_id"] or locked.ticket.requester.id,
                "actor": request.actor,
                "cause": f"ticket {ticket_id}",
                "reason": f"split out of #{locked.ticket.number}",
                "rank": RANKS[locked.ticket.priority],
                "traceparent": current_traceparent(),
            }
            await conn.execute(QUERIES["insert_split"], parameters)
            moved = {"message_id": message_id, "target_id": new_id}
            await conn.execute(QUERIES["move_message"], moved)
            await conn.execute(QUERIES["move_cc_proposals"], moved)
            ticket = (await lock_ticket(conn, new_id)).ticket
            locked = await append_event(
                conn,
                locked,
                EventKind.MESSAGE_SPLIT,
                actor=request.actor,
                changes={},
                message_id=message_id,
                cause=f"ticket {new_id}",
                reason=f"split out as #{ticket.number}",
            )
            for changed in (ticket, locked.ticket):
                await read_words(conn, changed)
            await enqueue(conn, locked.ticket)
        self._on_commit()
        return ticket
