"""Finds of words: which of them come first, in the order in which the tickets came or by how well they fit.

PostgreSQL says from its statistics how many rows have the words: docs/decisions/0015-search-in-postgresql.md.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from math import ceil
from typing import Any

from psycopg.sql import SQL, Composable, Composed, Literal

from services.domain.conditions.tree import Condition
from services.domain.errors import Invalid
from services.tickets.store.conditions import Compiler
from services.tickets.store.events import Connection
from services.tickets.store.scope import Scope
from services.tickets.store.statements import QUERIES

# Of a search, so many of the newest finds are put into the order of their relevance.
RANKED = 2000
# So many at most are found first; what was found is thrown away when there are more.
_FEW = 2 * RANKED
# PostgreSQL takes a word that its statistics do not have for one in half a per cent of all rows, or in fewer.
_COMMON = 0.01
# Ticket after ticket, so many are looked at until there are enough, and so many times as many as it seems to take.
_WALKED = 10_000
_FURTHER = 2
_DAY = timedelta(days=1)


class Use(StrEnum):
    """What finds are for."""

    PAGE = "page"
    COUNT = "count"


# Where words find so many, all are gathered at once. To look at ticket after ticket until there are enough costs more
# then, and has no bound where words are of old times.
_GATHERED = {Use.PAGE: range(80_000), Use.COUNT: range(10_000, 80_000)}


@dataclass(frozen=True, slots=True)
class Guess:
    """How many rows have the words, by the statistics of PostgreSQL, of so many rows."""

    finds: int
    rows: int

    def ahead(self, wanted: int) -> int:
        """How many tickets to look at, one after the other, before the index is asked; 0 if that takes too many."""
        enough = ceil(wanted * self.rows / max(self.finds, 1))
        return _FURTHER * enough if enough <= _WALKED else 0


@dataclass(frozen=True, slots=True)
class Stretch:
    """Finds that come one after the other as their tickets were made: `wanted` of them from `first` on.

    `first` is a day in UTC, None at the end where the order begins; `beyond` says which tickets come after the place
    where the stretch begins, and `by` in which order.
    """

    goes_back: bool
    first: date | None
    beyond: Composable
    by: Composable
    wanted: int


@dataclass(frozen=True, slots=True)
class _Span:
    """A day or a month in UTC, by the name that words have of it."""

    name: str
    begin: datetime
    end: datetime


NEWEST = Stretch(True, None, SQL("true"), SQL("t.created_at DESC, t.id DESC"), RANKED)

_RANK = SQL("SELECT max(ts_rank({words}, {query}::tsquery, 1)) FROM ticket_words w WHERE w.ticket_id = t.id")
_RANKED = SQL(
    "WITH found AS MATERIALIZED (SELECT t.id, t.created_at FROM tickets t WHERE {where}"
    " ORDER BY t.created_at DESC, t.id DESC LIMIT {most}),"
    " ranked AS MATERIALIZED (SELECT t.id, t.created_at, ({rank}) AS rank FROM found t)"
    " SELECT {keys} FROM ranked t"
)
_WITHIN = SQL(
    "WITH hits AS MATERIALIZED (SELECT DISTINCT ticket_id FROM ticket_words WHERE words @@ %(query)s::tsquery)"
    " SELECT t.id FROM hits JOIN tickets t ON t.id = ticket_id"
    " WHERE t.created_at >= %(begin)s AND t.created_at < %(end)s AND {beyond} ORDER BY {by} LIMIT %(most)s"
)
# Asked so, PostgreSQL looks up the words of one ticket after another, and stops when there are enough.
_NEXT = SQL(
    "SELECT t.id FROM (SELECT * FROM tickets t WHERE {beyond} ORDER BY {by} LIMIT %(ahead)s) t WHERE"
    " (SELECT bool_or(w.words @@ %(query)s::tsquery) FROM ticket_words w WHERE w.ticket_id = t.id)"
    " ORDER BY {by} LIMIT %(most)s"
)
_GUESS = SQL(
    "EXPLAIN (FORMAT JSON)"
    " SELECT FROM ticket_words WHERE words @@ %(query)s::tsquery UNION ALL SELECT FROM ticket_words"
)
# Rank says nothing of internal words to those who may not see them.
_WORDS = {True: SQL("w.words"), False: SQL("ts_filter(w.words, '{{a,b,c}}')")}


async def look_up(conn: Connection, compiler: Compiler, condition: Condition, *, scope: Scope, use: Use) -> Guess:
    """Find the tickets with the wanted words first, if they are few: PostgreSQL cannot guess how rare a word is.

    How common one is it can, and what it takes for common is not looked for. Where nothing else is asked for, that
    decides whether to gather them. What it guesses is answered.
    """
    query = compiler.query_of(condition)
    if not query:
        return Guess(0, 0)
    guess = await _guess(conn, query)
    if guess.finds <= max(_FEW, guess.rows * _COMMON):
        parameters = {"query": query, "most": _FEW}
        row = await (await conn.execute(QUERIES["find_words"], parameters, prepare=False)).fetchone()
        assert row is not None
        if row["found"] <= _FEW:
            compiler.known[query] = row["ids"]
            return guess
    if _asks_for_words_only(compiler, condition, scope) and guess.finds in _GATHERED[use]:
        compiler.gathered.add(query)
    return guess


async def _guess(conn: Connection, query: str) -> Guess:
    row = await (await conn.execute(_GUESS, {"query": query}, prepare=False)).fetchone()
    assert row is not None
    having, every = row["QUERY PLAN"][0]["Plan"]["Plans"]
    return Guess(having["Plan Rows"], every["Plan Rows"])


async def look_up_next(
    conn: Connection,
    compiler: Compiler,
    condition: Condition,
    stretch: Stretch,
    keys: Mapping[str, Any],
    *,
    guess: Guess,
    scope: Scope,
) -> None:
    """Find the tickets of a stretch first, where nothing but words is asked for: one after the other where nearly all
    have the words, else day by day and month by month.

    `keys` are the values in `stretch.beyond`. What lies beyond the stretch is not found by the condition then.
    """
    query = compiler.query_of(condition)
    if not query or query in compiler.known or not _asks_for_words_only(compiler, condition, scope):
        return
    found: list[str] = []
    place = {"beyond": stretch.beyond, "by": stretch.by}
    if ahead := guess.ahead(stretch.wanted):
        walked = {**keys, "query": query, "ahead": ahead, "most": stretch.wanted}
        found = await _ids(conn, _NEXT.format(**place), walked)
    if len(found) < stretch.wanted:
        found = []
        async for spans in _turns(conn, stretch):
            within = " | ".join(f"'created:{span.name}'" for span in spans)
            turn = {
                "query": f"{query} & ({within})",
                "begin": min(span.begin for span in spans),
                "end": max(span.end for span in spans),
                "most": stretch.wanted - len(found),
            }
            found += await _ids(conn, _WITHIN.format(**place), {**keys, **turn})
            if len(found) == stretch.wanted:
                break
    compiler.known[query] = f"{{{','.join(found)}}}"


async def _ids(conn: Connection, statement: Composed, parameters: Mapping[str, Any]) -> list[str]:
    return [str(row["id"]) for row in await (await conn.execute(statement, parameters, prepare=False)).fetchall()]


async def _turns(conn: Connection, stretch: Stretch) -> AsyncIterator[Sequence[_Span]]:
    """The first day, the others up to the end of its month, then more and more months up to that of the last."""
    bounds = await (await conn.execute(QUERIES["get_bounds"])).fetchone()
    assert bounds is not None
    oldest, newest = bounds["oldest"], bounds["newest"]
    if oldest is None:
        return
    begin, last, step = (newest, oldest, -1) if stretch.goes_back else (oldest, newest, 1)
    first = sorted((oldest, stretch.first or begin, newest))[1]
    until = _month(first) if stretch.goes_back else _month(first, 1) - _DAY
    days = [first + step * count * _DAY for count in range(abs((until - first).days) + 1)]
    spans = [_Span(f"{day:%Y-%m-%d}", _midnight(day), _midnight(day + _DAY)) for day in days]
    # Thousands are seldom found on one day.
    first_ones = 1 if stretch.wanted < RANKED else len(spans)
    for some in (spans[:first_ones], spans[first_ones:]):
        if some:
            yield some
    between = 12 * (last.year - first.year) + last.month - first.month
    months = [(_month(first, count), _month(first, count + 1)) for count in range(step, between + step, step)]
    spans, most = [_Span(f"{begin:%Y-%m}", _midnight(begin), _midnight(end)) for begin, end in months], 1
    while spans:
        yield spans[:most]
        spans, most = spans[most:], 2 * most


def _month(day: date, later: int = 0) -> date:
    """The first day of the day's month, or of one so many months later."""
    months = 12 * day.year + day.month - 1 + later
    return date(months // 12, months % 12 + 1, 1)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def ranked(compiler: Compiler, condition: Condition, keys: Composable, *, scope: Scope) -> Composed:
    """The newest finds with these keys and their rank, as a table `t` to choose a page from."""
    words = compiler.words_of(condition)
    if not words:
        problem = "relevance is for filters with words to look for"
        raise Invalid(f"The order_by is not valid: {problem}.", violations={"order_by": problem})
    where = SQL(" AND ").join([compiler.compile(condition), *scope.conditions()])
    rank = _RANK.format(words=_WORDS[compiler.internal], query=compiler.bind(words))
    return _RANKED.format(where=where, rank=rank, keys=keys, most=Literal(RANKED))


def _asks_for_words_only(compiler: Compiler, condition: Condition, scope: Scope) -> bool:
    return compiler.asks_for_words_only(condition) and not scope.conditions()
