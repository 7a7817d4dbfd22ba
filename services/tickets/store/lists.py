"""Lists and counts of tickets: what a condition finds in the caller's scope, in some order, page by page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import ceil
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
from services.tickets.convert import Row, ticket_of
from services.tickets.store.conditions import Compiler
from services.tickets.store.events import Connection
from services.tickets.store.pages import Page, next_token
from services.tickets.store.scope import Scope
from services.tickets.store.statements import QUERIES

COUNTED = 1000
# Of a search, so many of the newest finds are put into the order of their relevance.
RANKED = 2000
# How much further is looked than to where enough would be if the finds were as dense everywhere.
_FURTHER = 1.5
# So many at most are found first; what was found is thrown away when there are more.
_FEW = 2 * RANKED
# PostgreSQL takes a word that its statistics do not have for one in half a per cent of all rows, or in fewer.
_COMMON = 0.01
_TIMES = frozenset({Kind.INSTANT, Kind.AGE})


class Use(StrEnum):
    """What finds are for."""

    PAGE = "page"
    RANK = "rank"
    COUNT = "count"


# Where words find so many, all are gathered at once. To look at ticket after ticket until there are enough costs more
# then, and has no bound where words are of old times.
_GATHERED = {Use.PAGE: range(80_000), Use.RANK: range(RANKED, 80_000), Use.COUNT: range(10_000, 80_000)}


class _Way(StrEnum):
    """On which side of its place a page lies."""

    AFTER = "after"
    BEFORE = "before"


def _instant(text: str) -> str:
    return text if text == "infinity" else datetime.fromisoformat(text).isoformat()


@dataclass(frozen=True, slots=True)
class _Column:
    """One of the keys of an order; `read` checks a value of a token."""

    sql: Composable
    type: SQL
    read: Callable[[str], object]


def _soonest(column: str) -> _Column:
    """What has no such instant comes after all that has one."""
    return _Column(SQL("coalesce({}, 'infinity')").format(Identifier("t", column)), SQL("timestamptz"), _instant)


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
# Of those that an index has of all tickets.
_WALKED = frozenset({OrderKey.CREATED, OrderKey.UPDATED, OrderKey.RELEVANCE})


@dataclass(frozen=True, slots=True)
class Guess:
    """How many rows have the words, by the statistics of PostgreSQL, of so many rows."""

    finds: int
    rows: int

    def ahead(self, wanted: int) -> int:
        """How many tickets to look at, one after the other, before all finds are gathered; 0 if those are fewer."""
        tickets = ceil(_FURTHER * wanted * self.rows / max(self.finds, 1))
        return tickets if tickets <= self.finds else 0


_NO_GUESS = Guess(0, 0)


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
            use = Use.RANK if order.key is OrderKey.RELEVANCE else Use.PAGE
            guess = await look_up(conn, compiler, condition, scope=scope, use=use)
            statement = page_statement(compiler, condition, order, way=way, scope=scope)
            values = {**scope.parameters(), **_keys(keys), "most": page.most}
            found: Sequence[Row] = ()
            if order.key in _WALKED and (ahead := guess.ahead(RANKED if use is Use.RANK else page.most + 1)):
                near = near_statement(compiler, condition, order, way=way, ahead=ahead)
                found = await _rows(conn, near, compiler.parameters | values)
            if not _are_enough(found, use, page):
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
_RANK = SQL("SELECT max(ts_rank({words}, {query}::tsquery, 1)) FROM ticket_words w WHERE w.ticket_id = t.id")
_RANKED = SQL(
    "WITH found AS MATERIALIZED (SELECT t.id, t.created_at FROM tickets t WHERE {where}"
    " ORDER BY t.created_at DESC, t.id DESC LIMIT {most}),"
    " ranked AS MATERIALIZED (SELECT t.id, t.created_at, ({rank}) AS rank FROM found t)"
    " SELECT {keys} FROM ranked t"
)
# The same where nothing but words is asked for: each row with words is read once. Of thousands the newest are found in
# the order of the tickets, of few by looking each of them up.
_RANKED_WORDS = SQL(
    "WITH ranks AS MATERIALIZED (SELECT w.ticket_id, max(ts_rank(w.words, {ranking}::tsquery, 1)) AS rank"
    " FROM ticket_words w WHERE w.words @@ {query}::tsquery GROUP BY w.ticket_id),"
    " newest AS MATERIALIZED ({newest} ORDER BY created_at DESC, id DESC LIMIT {most})"
    " SELECT {keys} FROM (SELECT id, created_at, rank FROM newest JOIN ranks ON ticket_id = id) t"
)
_OF_THOUSANDS = SQL("SELECT id, created_at FROM tickets WHERE (id IN (SELECT ticket_id FROM ranks)) IS TRUE")
_OF_FEW = SQL(
    "SELECT ticket_id AS id, (SELECT t.created_at FROM tickets t WHERE t.id = ticket_id) AS created_at FROM ranks"
)
# Asked so, PostgreSQL looks up the words of one ticket after another, and stops when there are enough.
_NEAR = SQL(
    "SELECT {keys} FROM (SELECT * FROM tickets t WHERE {where} ORDER BY {by} LIMIT {ahead}) t WHERE"
    " (SELECT bool_or(w.words @@ {query}::tsquery) FROM ticket_words w WHERE w.ticket_id = t.id)"
    " ORDER BY {by} LIMIT %(most)s + 1"
)
_NEAR_RANKED = SQL(
    "WITH near AS (SELECT t.id, t.created_at, ({rank} HAVING bool_or(w.words @@ {query}::tsquery)) AS rank"
    " FROM tickets t ORDER BY t.created_at DESC, t.id DESC LIMIT {ahead}),"
    " ranked AS MATERIALIZED (SELECT * FROM near WHERE rank IS NOT NULL ORDER BY created_at DESC, id DESC LIMIT {most})"
    " SELECT {keys}, (SELECT count(*) FROM ranked) AS ranked FROM ranked t"
    " WHERE {where} ORDER BY {by} LIMIT %(most)s + 1"
)
_GUESS = SQL(
    "EXPLAIN (FORMAT JSON)"
    " SELECT FROM ticket_words WHERE words @@ %(query)s::tsquery UNION ALL SELECT FROM ticket_words"
)
# Rank says nothing of internal words to those who may not see them.
_WORDS = {True: SQL("w.words"), False: SQL("ts_filter(w.words, '{{a,b,c}}')")}


def count_statement(compiler: Compiler, condition: Condition, *, place: int, scope: Scope) -> Composed:
    """How many tickets there are, counted only so far."""
    where = SQL(" AND ").join([compiler.compile(condition), *_scoped(scope)])
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
        listing, where = _ranked(compiler, condition, keys, scope=scope), beyond
    else:
        listing = SQL("SELECT {} FROM tickets t").format(keys)
        where = SQL(" AND ").join([compiler.compile(condition), *_scoped(scope), beyond])
    return SQL("{} WHERE {} ORDER BY {} LIMIT %(most)s + 1").format(listing, where, by)


def _ranked(compiler: Compiler, condition: Condition, keys: Composable, *, scope: Scope) -> Composed:
    parts = {"keys": keys, "most": Literal(RANKED)}
    if not _asks_for_words_only(compiler, condition, scope):
        where = SQL(" AND ").join([compiler.compile(condition), *_scoped(scope)])
        return _RANKED.format(where=where, rank=_rank(compiler, condition), **parts)
    query, ranking = compiler.query_of(condition), compiler.bind(_words_of(compiler, condition))
    newest = _OF_THOUSANDS if query in compiler.gathered else _OF_FEW
    return _RANKED_WORDS.format(query=compiler.bind(query), ranking=ranking, newest=newest, **parts)


def _asks_for_words_only(compiler: Compiler, condition: Condition, scope: Scope) -> bool:
    return compiler.asks_for_words_only(condition) and not _scoped(scope)


def near_statement(
    compiler: Compiler, condition: Condition, order: Order, *, way: _Way | None = None, ahead: int
) -> Composed:
    """The same for words alone, among the `ahead` tickets that come next in the order: perhaps too few."""
    keys, beyond, by = _place(order, way)
    query = compiler.bind(compiler.query_of(condition))
    parts = {"keys": keys, "where": beyond, "by": by, "query": query, "ahead": Literal(ahead)}
    if order.key is OrderKey.RELEVANCE:
        return _NEAR_RANKED.format(rank=_rank(compiler, condition), most=Literal(RANKED), **parts)
    return _NEAR.format(**parts)


def _place(order: Order, way: _Way | None) -> tuple[Composable, Composable, Composable]:
    """The id and the keys of a ticket's place, what lies beyond the place where a page begins, and the order."""
    columns = _COLUMNS[order.key]
    keys = SQL(", ").join(
        SQL("({})::text AS {}").format(column.sql, Identifier(name))
        for column, name in zip(columns, _keys(columns), strict=True)
    )
    goes_back = _goes_back(order) is not (way is _Way.BEFORE)
    beyond = SQL("true") if way is None else _beyond(columns, goes_back=goes_back)
    # All the same way round, as the indexes have them.
    turn = SQL(" DESC" if goes_back else "")
    by = SQL(", ").join(SQL("{}{}").format(column.sql, turn) for column in columns)
    return SQL("t.id, {}").format(keys), beyond, by


def _rank(compiler: Compiler, condition: Condition) -> Composed:
    return _RANK.format(words=_WORDS[compiler.internal], query=compiler.bind(_words_of(compiler, condition)))


def _are_enough(found: Sequence[Row], use: Use, page: Page) -> bool:
    """Whether the tickets that come next have all that a page is made of."""
    return bool(found) and found[0]["ranked"] == RANKED if use is Use.RANK else len(found) > page.most


def _words_of(compiler: Compiler, condition: Condition) -> str:
    words = compiler.words_of(condition)
    if not words:
        problem = "relevance is for filters with words to look for"
        raise Invalid(f"The order_by is not valid: {problem}.", violations={"order_by": problem})
    return words


def _beyond(columns: Sequence[_Column], *, goes_back: bool) -> Composable:
    names = _keys(columns)
    left = SQL(", ").join(column.sql for column in columns)
    right = SQL(", ").join(
        SQL("{}::{}").format(Placeholder(name), column.type) for column, name in zip(columns, names, strict=True)
    )
    return SQL("({}) {} ({})").format(left, SQL("<" if goes_back else ">"), right)


def _goes_back(order: Order) -> bool:
    """Whether an index is read from its end: the column of urgency begins with what is most urgent."""
    return order.descends is not (order.key is OrderKey.PRIORITY)


def _keys(values: Sequence[Any]) -> dict[str, Any]:
    return {f"key_{place}": value for place, value in enumerate(values)}


def _scoped(scope: Scope) -> list[Composable]:
    conditions: list[Composable] = []
    if scope.requester_id is not None:
        conditions.append(SQL("t.requester_id = %(only_requester_id)s AND t.sender_proven"))
    if scope.assignee_id is not None:
        conditions.append(SQL("t.assignee_id = %(only_assignee_id)s"))
    return conditions


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


async def look_up(conn: Connection, compiler: Compiler, condition: Condition, *, scope: Scope, use: Use) -> Guess:
    """Find the tickets with the wanted words first, if they are few: PostgreSQL cannot guess how rare a word is.

    How common one is it can, and what it takes for common is not looked for. Where nothing else is asked for, that
    decides whether to gather the rest, and it is answered; what is ranked then is read with its rank.
    """
    query = compiler.query_of(condition)
    if not query:
        return _NO_GUESS
    guess, words_only = await _guess(conn, query), _asks_for_words_only(compiler, condition, scope)
    if not (words_only and use is Use.RANK) and guess.finds <= max(RANKED, guess.rows * _COMMON):
        parameters = {"query": query, "most": _FEW}
        row = await (await conn.execute(QUERIES["find_words"], parameters, prepare=False)).fetchone()
        assert row is not None
        if row["found"] <= _FEW:
            compiler.known[query] = row["ids"]
            return _NO_GUESS
    if not words_only:
        return _NO_GUESS
    if guess.finds in _GATHERED[use]:
        compiler.gathered.add(query)
    return guess


async def _guess(conn: Connection, query: str) -> Guess:
    row = await (await conn.execute(_GUESS, {"query": query}, prepare=False)).fetchone()
    assert row is not None
    having, every = row["QUERY PLAN"][0]["Plan"]["Plans"]
    return Guess(having["Plan Rows"], every["Plan Rows"])


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
