"""Lists and counts of tickets: what a condition finds in the caller's scope, in some order, page by page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.sql import SQL, Composable, Composed, Identifier, Literal, Placeholder

from services.common.database import Database
from services.domain.conditions.fields import STAFF_ONLY, Kind, find_field
from services.domain.conditions.tree import Condition, tests
from services.domain.errors import Invalid
from services.domain.orders import FOR_STAFF, Order, OrderKey
from services.domain.views import Count, TicketPage
from services.tickets.convert import ticket_of
from services.tickets.store.conditions import Compiler
from services.tickets.store.events import Connection
from services.tickets.store.finds import NEWEST, Stretch, Use, look_up, look_up_next, ranked
from services.tickets.store.pages import Page, next_token
from services.tickets.store.scope import Scope
from services.tickets.store.statements import QUERIES

COUNTED = 1000
_TIMES = frozenset({Kind.INSTANT, Kind.AGE})


class _Way(StrEnum):
    """On which side of its place a page lies."""

    AFTER = "after"
    BEFORE = "before"


def _instant(text: str) -> str:
    return datetime.fromisoformat(text).astimezone(UTC).isoformat()


def _instant_or_never(text: str) -> str:
    return text if text == "infinity" else _instant(text)


@dataclass(frozen=True, slots=True)
class _Column:
    """One of the keys of an order; `read` checks a value of a token."""

    sql: Composable
    type: SQL
    read: Callable[[str], object]


def _soonest(column: str) -> _Column:
    """What has no such instant comes after all that has one."""
    return _Column(
        SQL("coalesce({}, 'infinity')").format(Identifier("t", column)), SQL("timestamptz"), _instant_or_never
    )


_ID = _Column(SQL("t.id"), SQL("uuid"), UUID)
_CREATED = _Column(SQL("t.created_at"), SQL("timestamptz"), _instant)
_COLUMNS: dict[OrderKey, tuple[_Column, ...]] = {
    OrderKey.CREATED: (_CREATED, _ID),
    OrderKey.UPDATED: (_Column(SQL("t.updated_at"), SQL("timestamptz"), _instant), _ID),
    # Most urgent first and, of those, the one that waits longest.
    OrderKey.PRIORITY: (_Column(SQL("t.urgency"), SQL("smallint"), int), _CREATED, _ID),
    OrderKey.DUE: (_soonest("next_due_at"), _ID),
    OrderKey.LIMIT: (_soonest("limit_at"), _ID),
    OrderKey.FIRST_RESPONSE: (_soonest("first_response_at"), _ID),
    OrderKey.NEXT_RESPONSE: (_soonest("next_response_at"), _ID),
    OrderKey.PERIODIC_UPDATE: (_soonest("periodic_update_at"), _ID),
    OrderKey.RESOLUTION: (_soonest("resolution_at"), _ID),
    OrderKey.STATUS_SINCE: (_Column(SQL("t.status_since"), SQL("timestamptz"), _instant), _ID),
    OrderKey.RELEVANCE: (_Column(SQL("t.rank"), SQL("real"), float), _CREATED, _ID),
}


class ListStore:
    """Reads; changes nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_tickets(self, condition: Condition, order: Order, page: Page, *, scope: Scope) -> TicketPage:
        """A page of the tickets in the scope for which the condition holds."""
        _check_scope(condition, order, scope=scope)
        listing = f"tickets {condition} {order}"
        *keys, side = page.after(listing, [*(column.read for column in _COLUMNS[order.key]), _Way]) or (None,)
        way = side if isinstance(side, _Way) else None
        async with self._database.connection() as conn:
            compiler = Compiler(await _now(conn, condition), scope.internal)
            values = {**scope.parameters(), **_keys(keys), "most": page.most}
            guess = await look_up(conn, compiler, condition, scope=scope, use=Use.PAGE)
            if stretch := _stretch(order, way, page, values):
                await look_up_next(conn, compiler, condition, stretch, values, guess=guess, scope=scope)
            statement = page_statement(compiler, condition, order, way=way, scope=scope)
            found = await _rows(conn, statement, compiler.parameters | values)
            shown = found[: page.most] if way is not _Way.BEFORE else found[: page.most][::-1]
            rows = await (await conn.execute(QUERIES["list_tickets"], {"ids": [row["id"] for row in shown]})).fetchall()
        following, previous = _ways_on(way, more=len(found) > len(shown)) if shown else (False, False)
        names = [*_keys(_COLUMNS[order.key]), "way"]
        return TicketPage(
            tuple(ticket_of(row) for row in rows),
            next_token(listing, {**shown[-1], "way": _Way.AFTER}, names) if following else "",
            next_token(listing, {**shown[0], "way": _Way.BEFORE}, names) if previous else "",
        )

    async def count_tickets(self, conditions: Sequence[Condition], *, scope: Scope) -> tuple[Count, ...]:
        """How many tickets in the scope there are for each condition, up to 1,000."""
        parameters: dict[str, Any] = {**scope.parameters(), "most": COUNTED}
        counts: list[Composable] = []
        async with self._database.connection() as conn:
            now = await _now(conn, *conditions)
            for place, condition in enumerate(conditions):
                _check_scope(condition, None, scope=scope)
                compiler = Compiler(now, scope.internal, f"count_{place}")
                await look_up(conn, compiler, condition, scope=scope, use=Use.COUNT)
                counts.append(count_statement(compiler, condition, place=place, scope=scope))
                parameters |= compiler.parameters
            statement = SQL(" UNION ALL ").join(counts) + SQL(" ORDER BY place")
            rows = await _rows(conn, statement, parameters)
        return tuple(Count(min(row["found"], COUNTED), row["found"] > COUNTED) for row in rows)


_COUNT = SQL(
    "SELECT {place} AS place, count(*) AS found FROM (SELECT FROM tickets t WHERE {where} LIMIT %(most)s + 1) AS hits"
)


def count_statement(compiler: Compiler, condition: Condition, *, place: int, scope: Scope) -> Composed:
    """How many tickets there are, counted only so far."""
    where = SQL(" AND ").join([compiler.compile(condition), *scope.conditions()])
    return _COUNT.format(place=Literal(place), where=where)


def _ways_on(way: _Way | None, *, more: bool) -> tuple[bool, bool]:
    """Whether there are tickets after and before a page; where one came from there are."""
    if way is _Way.BEFORE:
        return True, more
    return more, way is not None


def page_statement(
    compiler: Compiler, condition: Condition, order: Order, *, way: _Way | None = None, scope: Scope
) -> Composed:
    """The ids of a page with the keys of their places, one more than the page has; the page before comes last first."""
    keys, beyond, by = _place(order, way)
    if order.key is OrderKey.RELEVANCE:
        listing, where = ranked(compiler, condition, keys, scope=scope), beyond
    else:
        listing = SQL("SELECT {} FROM tickets t").format(keys)
        where = SQL(" AND ").join([compiler.compile(condition), *scope.conditions(), beyond])
    return SQL("{} WHERE {} ORDER BY {} LIMIT %(most)s + 1").format(listing, where, by)


def _stretch(order: Order, way: _Way | None, page: Page, values: Mapping[str, Any]) -> Stretch | None:
    """The finds that a page is made of, where it follows the order in which the tickets came."""
    match order.key:
        case OrderKey.RELEVANCE:
            return NEWEST
        case OrderKey.CREATED:
            _, beyond, by = _place(order, way)
            first = datetime.fromisoformat(values["key_0"]).date() if way else None
            return Stretch(_goes_back(order, way), first, beyond, by, page.most + 1)
    return None


def _place(order: Order, way: _Way | None) -> tuple[Composable, Composable, Composable]:
    """The id and the keys of a ticket's place, what lies beyond the place where a page begins, and the order."""
    columns = _COLUMNS[order.key]
    keys = SQL(", ").join(
        SQL("({})::text AS {}").format(column.sql, Identifier(name))
        for column, name in zip(columns, _keys(columns), strict=True)
    )
    goes_back = _goes_back(order, way)
    beyond = SQL("true") if way is None else _beyond(columns, goes_back=goes_back)
    # All the same way round, as the indexes have them.
    turn = SQL(" DESC" if goes_back else "")
    by = SQL(", ").join(SQL("{}{}").format(column.sql, turn) for column in columns)
    return SQL("t.id, {}").format(keys), beyond, by


def _beyond(columns: Sequence[_Column], *, goes_back: bool) -> Composable:
    names = _keys(columns)
    left = SQL(", ").join(column.sql for column in columns)
    right = SQL(", ").join(
        SQL("{}::{}").format(Placeholder(name), column.type) for column, name in zip(columns, names, strict=True)
    )
    return SQL("({}) {} ({})").format(left, SQL("<" if goes_back else ">"), right)


def _goes_back(order: Order, way: _Way | None) -> bool:
    """Whether an index is read from its end: the column of urgency begins with what is most urgent."""
    descends = order.descends is not (order.key is OrderKey.PRIORITY)
    return descends is not (way is _Way.BEFORE)


def _keys(values: Sequence[Any]) -> dict[str, Any]:
    return {f"key_{place}": value for place, value in enumerate(values)}


def _check_scope(condition: Condition, order: Order | None, *, scope: Scope) -> None:
    """What happens next is for the staff: nobody else may find it out by a filter or an order."""
    if scope.internal:
        return
    fields = sorted({test.field for test in tests(condition)} & STAFF_ONLY)
    problems = {"filter": f"{' and '.join(fields)} is for the staff: use another field"} if fields else {}
    if order is not None and order.key in FOR_STAFF:
        problems["order_by"] = f"{order.key} is for the staff: use another order"
    if problems:
        told = "; ".join(f"{field}: {problem}" for field, problem in problems.items())
        raise Invalid(f"The list is not for you: {told}.", violations=problems)


async def _rows(conn: Connection, statement: Composed, parameters: Mapping[str, Any]) -> list[DictRow]:
    # Planned for its own values: which index is best depends on them.
    return await (await conn.execute(statement, parameters, prepare=False)).fetchall()


async def _now(conn: Connection, *conditions: Condition) -> datetime | None:
    """The instant from which the conditions count, if one of them does."""
    if not any(find_field(test.field).kind in _TIMES for condition in conditions for test in tests(condition)):
        return None
    row = await (await conn.execute(QUERIES["get_now"])).fetchone()
    assert row is not None
    now: datetime = row["now"]
    return now
