"""What belongs to one ticket: its activity, its dues, its decisions, its proposed followers."""

from collections.abc import Sequence
from uuid import UUID

from services.common.database import Database
from services.domain.decision import StoredDecision
from services.domain.errors import NotFound
from services.domain.message import CcProposal
from services.domain.ticket import Due, Event
from services.tickets.convert import Row, due_of, event_of
from services.tickets.store.pages import Page, next_token
from services.tickets.store.scope import Scope
from services.tickets.store.statements import QUERIES
from services.tickets.store.tickets import read_ticket


class SearchStore:
    """Reads; changes nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_events(self, ticket_id: UUID, page: Page, *, scope: Scope) -> tuple[tuple[Event, ...], str]:
        """A page of the ticket's activity, oldest first."""
        listing = f"events {ticket_id}"
        parameters = {"ticket_id": ticket_id, "after_seq": page.after_seq(listing), "most": page.most}
        async with self._database.transaction() as conn:
            await read_ticket(conn, ticket_id, scope=scope)
            rows = await (await conn.execute(QUERIES["list_events"], parameters)).fetchall()
        shown, token = _cut(listing, rows, page, ("seq",))
        return tuple(event_of(row) for row in shown), token

    async def list_dues(self, ticket_id: UUID, *, scope: Scope) -> tuple[Due, ...]:
        """What happens to the ticket by itself, soonest first."""
        async with self._database.transaction() as conn:
            await read_ticket(conn, ticket_id, scope=scope)
            rows = await (await conn.execute(QUERIES["list_dues"], {"ticket_id": ticket_id})).fetchall()
        return tuple(due_of(row) for row in rows)

    async def list_cc_proposals(self, ticket_id: UUID, *, scope: Scope) -> tuple[CcProposal, ...]:
        """To whom else the ticket's customers sent their mails, oldest first, at most 100."""
        async with self._database.transaction() as conn:
            await read_ticket(conn, ticket_id, scope=scope)
            rows = await (await conn.execute(QUERIES["list_cc_proposals"], {"ticket_id": ticket_id})).fetchall()
        return tuple(CcProposal(**row) for row in rows)

    async def get_decision(self, ticket_id: UUID, decision_id: UUID, *, scope: Scope) -> StoredDecision:
        """A decision on the ticket, as it was stored."""
        parameters = {"ticket_id": ticket_id, "decision_id": decision_id}
        async with self._database.transaction() as conn:
            await read_ticket(conn, ticket_id, scope=scope)
            row = await (await conn.execute(QUERIES["get_decision"], parameters)).fetchone()
        if row is None:
            raise NotFound("This decision does not exist.")
        return StoredDecision(**row)


def _cut(listing: str, rows: Sequence[Row], page: Page, columns: Sequence[str]) -> tuple[Sequence[Row], str]:
    """The rows of the page, one more having been asked for, and the token of the next page."""
    if len(rows) <= page.most:
        return rows, ""
    rows = rows[: page.most]
    return rows, next_token(listing, rows[-1], columns)
