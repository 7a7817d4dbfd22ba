"""Lists: tickets by a filter, and what belongs to one ticket (activity, dues, decisions)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.sql import SQL, Composable, Composed, Placeholder

from services.common.database import Database
from services.domain.errors import NotFound
from services.domain.filters import Term
from services.domain.ticket import CcProposal, Due, Event, StoredDecision, Ticket
from services.tickets.convert import Row, due_of, event_of, ticket_of
from services.tickets.store.pages import Page, next_token
from services.tickets.store.scope import Scope
from services.tickets.store.statements import QUERIES
from services.tickets.store.tickets import read_ticket

# A condition on any of a list of values; the one on none, where a filter may ask for it.
_ANY = {
    "status": SQL("t.status = ANY({values}::text[])"),
    "priority": SQL("t.priority = ANY({values}::text[])"),
    "channel": SQL("t.channel = ANY({values}::text[])"),
    "assignee": SQL("t.assignee_id = ANY({values}::uuid[])"),
    "team": SQL("t.team_id = ANY({values}::uuid[])"),
    "brand": SQL("t.brand_id = ANY({values}::uuid[])"),
    "requester": SQL("c.email = ANY({values}::text[])"),
    "tag": SQL("t.tags && {values}::text[]"),
    "number": SQL("t.number = ANY({values}::bigint[])"),
}
_NONE = {"assignee": SQL("t.assignee_id IS NULL"), "team": SQL("t.team_id IS NULL")}

_INSTANTS = {"created_at": SQL("t.created_at"), "updated_at": SQL("t.updated_at")}


@dataclass(frozen=True, slots=True)
class _Direction:
    """An order of the index on (instant DESC, id): read backwards, both turn."""

    order: SQL
    after: SQL


_DIRECTIONS = {
    True: _Direction(
        SQL("{at} DESC, t.id"), SQL("{at} <= %(after_at)s AND ({at} < %(after_at)s OR t.id > %(after_id)s)")
    ),
    False: _Direction(
        SQL("{at}, t.id DESC"), SQL("{at} >= %(after_at)s AND ({at} > %(after_at)s OR t.id < %(after_id)s)")
    ),
}


class SearchStore:
    """Reads; changes nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_tickets(
        self, terms: Sequence[Term], order: tuple[str, bool], page: Page, *, scope: Scope
    ) -> tuple[tuple[Ticket, ...], str]:
        """A page of the tickets in the scope that meet all terms; `order` is a column and whether it descends."""
        listing = f"tickets {terms} {order}"
        after_at, after_id = page.after_instant(listing)
        conditions, values = _conditions(terms)
        parameters = {
            **values,
            **scope.parameters(),
            "after_at": after_at,
            "after_id": after_id,
            "most": page.most,
        }
        statement = _statement([*_scoped(scope), *conditions], order, begins=after_at is None)
        async with self._database.transaction() as conn:
            rows = await (await conn.execute(statement, parameters)).fetchall()
        shown, token = _cut(listing, rows, page, (order[0], "id"))
        return tuple(ticket_of(row) for row in shown), token

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


def _statement(conditions: Sequence[Composable], order: tuple[str, bool], *, begins: bool) -> Composed:
    column, descends = order
    at, direction = _INSTANTS[column], _DIRECTIONS[descends]
    if not begins:
        conditions = [*conditions, direction.after.format(at=at)]
    where = SQL("WHERE {}").format(SQL(" AND ").join(conditions)) if conditions else SQL("")
    order_by = direction.order.format(at=at)
    return SQL("{} {} ORDER BY {} LIMIT %(most)s + 1").format(SQL(QUERIES["list_tickets"]), where, order_by)


def _conditions(terms: Sequence[Term]) -> tuple[list[Composable], dict[str, Any]]:
    """One condition for each term, its values bound under a name of their own."""
    conditions: list[Composable] = []
    parameters: dict[str, Any] = {}
    for index, term in enumerate(terms):
        name = f"term_{index}"
        parameters[name] = [value for value in term.values if value is not None]
        condition: Composable = _ANY[term.field].format(values=Placeholder(name))
        if None in term.values:
            condition = SQL("({} OR {})").format(condition, _NONE[term.field])
        conditions.append(condition)
    return conditions, parameters


def _scoped(scope: Scope) -> list[Composable]:
    conditions: list[Composable] = []
    if scope.requester_id is not None:
        conditions.append(SQL("t.requester_id = %(only_requester_id)s AND t.sender_proven"))
    if scope.assignee_id is not None:
        conditions.append(SQL("t.assignee_id = %(only_assignee_id)s"))
    return conditions


def _cut(listing: str, rows: Sequence[Row], page: Page, columns: Sequence[str]) -> tuple[Sequence[Row], str]:
    """The rows of the page, one more having been asked for, and the token of the next page."""
    if len(rows) <= page.most:
        return rows, ""
    rows = rows[: page.most]
    return rows, next_token(listing, rows[-1], columns)
