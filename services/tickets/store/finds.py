"""Finds of words: how they are looked for, by how many there may be, and how the newest of them are ranked.

PostgreSQL says from its statistics how many rows have the words: docs/decisions/0015-search-in-postgresql.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil

from psycopg.sql import SQL, Composable, Composed, Literal

from services.domain.conditions.tree import Condition
from services.domain.errors import Invalid
from services.tickets.convert import Row
from services.tickets.store.conditions import Compiler
from services.tickets.store.events import Connection
from services.tickets.store.pages import Page
from services.tickets.store.scope import Scope
from services.tickets.store.statements import QUERIES

# Of a search, so many of the newest finds are put into the order of their relevance.
RANKED = 2000
# How much further is looked than to where enough would be if the finds were as dense everywhere: a look ends with
# enough, and the newest tickets may be of other things.
_FURTHER = 10
# So many at most are found first; what was found is thrown away when there are more.
_FEW = 2 * RANKED
# PostgreSQL takes a word that its statistics do not have for one in half a per cent of all rows, or in fewer.
_COMMON = 0.01


class Use(StrEnum):
    """What finds are for."""

    PAGE = "page"
    RANK = "rank"
    COUNT = "count"


# Where words find so many, all are gathered at once. To look at ticket after ticket until there are enough costs more
# then, and has no bound where words are of old times.
_GATHERED = {Use.PAGE: range(80_000), Use.RANK: range(RANKED, 80_000), Use.COUNT: range(10_000, 80_000)}


@dataclass(frozen=True, slots=True)
class Guess:
    """How many rows have the words, by the statistics of PostgreSQL, of so many rows."""

    finds: int
    rows: int

    def ahead(self, wanted: int) -> int:
        """How many tickets to look at, one after the other, before all finds are gathered; 0 if those are fewer."""
        enough = ceil(wanted * self.rows / max(self.finds, 1))
        return min(_FURTHER * enough, self.finds) if enough < self.finds else 0


_NO_GUESS = Guess(0, 0)


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


def ranked(compiler: Compiler, condition: Condition, keys: Composable, *, scope: Scope) -> Composed:
    """The newest finds with these keys and their rank, as a table `t` to choose a page from."""
    parts = {"keys": keys, "most": Literal(RANKED)}
    if not _asks_for_words_only(compiler, condition, scope):
        where = SQL(" AND ").join([compiler.compile(condition), *scope.conditions()])
        return _RANKED.format(where=where, rank=_rank(compiler, condition), **parts)
    query, ranking = compiler.query_of(condition), compiler.bind(_words_of(compiler, condition))
    newest = _OF_THOUSANDS if query in compiler.gathered else _OF_FEW
    return _RANKED_WORDS.format(query=compiler.bind(query), ranking=ranking, newest=newest, **parts)


def _asks_for_words_only(compiler: Compiler, condition: Condition, scope: Scope) -> bool:
    return compiler.asks_for_words_only(condition) and not scope.conditions()


def near(
    compiler: Compiler, condition: Condition, place: tuple[Composable, Composable, Composable], *, use: Use, ahead: int
) -> Composed:
    """A page of the finds among the `ahead` tickets that come next, for words alone: perhaps too few.

    `place` is what is read of each, what lies beyond the place where the page begins, and the order.
    """
    keys, beyond, by = place
    query = compiler.bind(compiler.query_of(condition))
    parts = {"keys": keys, "where": beyond, "by": by, "query": query, "ahead": Literal(ahead)}
    if use is Use.RANK:
        return _NEAR_RANKED.format(rank=_rank(compiler, condition), most=Literal(RANKED), **parts)
    return _NEAR.format(**parts)


def are_enough(found: Sequence[Row], use: Use, page: Page) -> bool:
    """Whether the tickets that come next have all that a page is made of."""
    return bool(found) and found[0]["ranked"] == RANKED if use is Use.RANK else len(found) > page.most


def _rank(compiler: Compiler, condition: Condition) -> Composed:
    return _RANK.format(words=_WORDS[compiler.internal], query=compiler.bind(_words_of(compiler, condition)))


def _words_of(compiler: Compiler, condition: Condition) -> str:
    words = compiler.words_of(condition)
    if not words:
        problem = "relevance is for filters with words to look for"
        raise Invalid(f"The order_by is not valid: {problem}.", violations={"order_by": problem})
    return words
