"""Conditions as SQL on `tickets t`, every value a bound parameter; services.domain.conditions.evaluate says the same.

Words and labels are asked of `ticket_words`, all of one level in a single query, so that one look into the index does.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg.sql import SQL, Composable, Placeholder

from services.domain.conditions.evaluate import age_bounds, bounds
from services.domain.conditions.fields import CUSTOM, Kind, check_for_lists, find_field
from services.domain.conditions.tree import AllOf, AnyOf, Condition, Name, Not, Operator, Test, tests
from services.domain.errors import Invalid
from services.tickets.words import FOR_CUSTOMERS, REQUESTER, SUBJECT, label_query, phrase_query

_COLUMNS = {
    "status": SQL("t.status"),
    "priority": SQL("t.priority"),
    "channel": SQL("t.channel"),
    "brand": SQL("t.brand_id"),
    "team": SQL("t.team_id"),
    "assignee": SQL("t.assignee_id"),
    "category": SQL("t.category_id"),
    "organisation": SQL("(SELECT organisation_id FROM contacts WHERE id = t.requester_id)"),
    "number": SQL("t.number"),
    "created": SQL("t.created_at"),
    "updated": SQL("t.updated_at"),
    "older": SQL("t.created_at"),
    "idle": SQL("t.updated_at"),
    "due": SQL("t.next_due_at"),
    "snoozed": SQL("t.snoozed_until"),
    "queued": SQL("t.queued_since"),
    "limit": SQL("t.limit_at"),
    "first_response": SQL("t.first_response_at"),
    "next_response": SQL("t.next_response_at"),
    "periodic_update": SQL("t.periodic_update_at"),
    "resolution": SQL("t.resolution_at"),
}
_ARRAYS = {Kind.CHOICE: SQL("text[]"), Kind.IDENTITY: SQL("uuid[]"), Kind.NUMBER: SQL("bigint[]")}
_SIGNS = {
    Operator.ABOVE: SQL(">"),
    Operator.AT_LEAST: SQL(">="),
    Operator.BELOW: SQL("<"),
    Operator.AT_MOST: SQL("<="),
}
# One value of a custom field against what it is compared with; days are texts that sort as they follow each other.
_NUMBERS = SQL("CASE jsonb_typeof(item) WHEN 'number' THEN item::numeric {sign} {value}::numeric ELSE false END")
_DAYS = SQL(
    "jsonb_typeof(item) = 'string' AND item #>> '{{}}' ~ '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}$'"
    " AND (item #>> '{{}}') COLLATE \"C\" {sign} {value}"
)
_FALSE = SQL("false")


@dataclass(slots=True)
class Compiler:
    """Makes SQL of conditions at the instant `now`, with its parameters in `parameters`, named with `prefix`.

    `now` may be missing where no condition asks for a time. Without `internal` no internal word is looked at. `known`
    are the tickets that a query of words finds, where they are few, as the text of an array; what `gathered` queries
    find, which is more, is gathered by the statement before it looks at any ticket.
    """

    now: datetime | None
    internal: bool
    prefix: str = "term"
    parameters: dict[str, Any] = field(default_factory=dict)
    known: dict[str, str] = field(default_factory=dict)
    gathered: set[str] = field(default_factory=set)

    def compile(self, condition: Condition) -> Composable:
        """The condition as a boolean expression, which may be null in the place of false."""
        check_for_lists(condition)
        return self._sql(condition)

    def words_of(self, condition: Condition) -> str:
        """The words that the condition looks for in texts, as a query to rank by; "" if there are none."""
        return " & ".join(query for part in _anded(condition) if _in_texts(part) and (query := self._query(part)))

    def query_of(self, condition: Condition) -> str:
        """The query of words that every ticket must meet; "" if there is none."""
        return " & ".join(query for part in _anded(condition) if (query := self._query(part)))

    def asks_for_words_only(self, condition: Condition) -> bool:
        """Whether nothing but words decides."""
        return all(self._query(part) for part in _anded(condition))

    def _sql(self, condition: Condition) -> Composable:
        match condition:
            case Not(Test(name, _, (None,))) if name in _COLUMNS:
                return SQL("{} IS NOT NULL").format(_COLUMNS[name])
            case Not(part) if query := self._query(part):
                return SQL(
                    "NOT EXISTS (SELECT FROM ticket_words w WHERE w.ticket_id = t.id AND w.words @@ {}::tsquery)"
                ).format(self.bind(query))
            case Not(part):
                # What is null is not so either.
                return SQL("({}) IS NOT TRUE").format(self._sql(part))
            case AllOf():
                return self._joined(tuple(_anded(condition)), SQL(" AND "), " & ", empty=SQL("true"))
            case AnyOf() if query := self._query(condition):
                # As it was looked up.
                return self._found(query)
            case AnyOf(parts):
                return self._joined(parts, SQL(" OR "), " | ", empty=_FALSE)
            case Test():
                query = self._query(condition)
                return self._found(query) if query else self._test(condition)

    def _joined(self, parts: Sequence[Condition], sql: SQL, sign: str, *, empty: SQL) -> Composable:
        queries = [query for part in parts if (query := self._query(part))]
        found = [self._sql(part) for part in parts if not self._query(part)]
        if queries:
            found.append(self._found(sign.join(queries)))
        return SQL("({})").format(sql.join(found)) if found else empty

    def _query(self, condition: Condition) -> str:
        """The condition as a query of words, or "" when it is more than that."""
        match condition:
            case Test(name, operator, values) if None not in values and operator not in _SIGNS:
                return _QUERIES.get(find_field(name).kind, _no_query)(self, condition)
            case AnyOf(parts):
                queries = [self._query(part) for part in parts]
                return f"({' | '.join(queries)})" if all(queries) else ""
        return ""

    def _words(self, test: Test) -> str:
        weights = SUBJECT if test.field == "subject" else "" if self.internal else FOR_CUSTOMERS
        unfinished = test.operator is Operator.STARTS
        return _any(phrase_query(str(value), weights=weights, unfinished=unfinished) for value in test.values)

    def _person(self, test: Test) -> str:
        if any(isinstance(value, UUID) or "@" in str(value) for value in test.values):
            return ""
        return _any(phrase_query(str(value), weights=REQUESTER, unfinished=True) for value in test.values)

    def _labels(self, test: Test) -> str:
        return _any(label_query(test.field, value) for value in test.values)

    def _found(self, query: str) -> Composable:
        if query in self.known:
            return SQL("t.id = ANY({}::uuid[])").format(self.bind(self.known[query]))
        found = SQL("t.id IN (SELECT w.ticket_id FROM ticket_words w WHERE w.words @@ {}::tsquery)").format(
            self.bind(query)
        )
        # Asked so, PostgreSQL makes one hash table; else mostly it looks up the words of one ticket after another.
        return SQL("({}) IS TRUE").format(found) if query in self.gathered else found

    def _test(self, test: Test) -> Composable:
        match find_field(test.field).kind:
            case Kind.LABEL if test.operator in _SIGNS:
                return self._custom_order(test)
            case Kind.LABEL:
                return self._label_or_none(test)
            case Kind.PERSON:
                return self._people(test)
            case Kind.INSTANT:
                return self._instants(test, bounds)
            case Kind.AGE:
                return self._instants(test, age_bounds)
            case Kind.IDENTITY if test.field == "organisation":
                return self._of_organisation(test)
            case Kind.IDENTITY if test.field == "category_tree":
                return self._in_category_tree(test)
            case Kind.NUMBER if test.operator in _SIGNS:
                return SQL("t.number {} {}").format(_SIGNS[test.operator], self.bind(test.values[0]))
            case kind:
                return self._among(test, _ARRAYS[kind])

    def _among(self, test: Test, array: SQL) -> Composable:
        column = _COLUMNS[test.field]
        if any(isinstance(value, Name) for value in test.values):
            raise _unresolved(test)
        known = [value for value in test.values if value is not None]
        found = SQL("{} = ANY({}::{})").format(column, self.bind(known), array)
        if None not in test.values:
            return found
        none = SQL("{} IS NULL").format(column)
        return SQL("({} OR {})").format(found, none) if known else none

    def _of_organisation(self, test: Test) -> Composable:
        if any(isinstance(value, Name) for value in test.values):
            raise _unresolved(test)
        known = [value for value in test.values if value is not None]
        found = SQL("t.requester_id IN (SELECT id FROM contacts WHERE organisation_id = ANY({}::uuid[]))")
        found_sql: Composable = found.format(self.bind(known))
        if None not in test.values:
            return found_sql
        none = SQL("{} IS NULL").format(_COLUMNS[test.field])
        return SQL("({} OR {})").format(found_sql, none) if known else none

    def _in_category_tree(self, test: Test) -> Composable:
        if any(isinstance(value, Name) for value in test.values):
            raise _unresolved(test)
        below = SQL("t.category_id IN (SELECT id FROM categories WHERE path && {}::uuid[])")
        return below.format(self.bind(list(test.values)))

    def _instants(self, test: Test, edges: Callable[..., tuple[datetime | None, datetime | None]]) -> Composable:
        column = _COLUMNS[test.field]
        spans: list[Composable] = []
        for value in test.values:
            if value is None:
                spans.append(SQL("{} IS NULL").format(column))
                continue
            assert self.now is not None
            begin, end = edges(test.operator, value, now=self.now)
            ends = [SQL("{} >= {}").format(column, self.bind(begin))] if begin else []
            ends += [SQL("{} < {}").format(column, self.bind(end))] if end else []
            spans.append(SQL(" AND ").join(ends))
        return SQL("({})").format(SQL(" OR ").join(spans))

    def _label_or_none(self, test: Test) -> Composable:
        none = SQL("({}) IS NOT TRUE").format(self._found(label_query(test.field, "")))
        known = tuple(value for value in test.values if value is not None)
        if not known:
            return none
        return SQL("({} OR {})").format(self._found(self._labels(Test(test.field, test.operator, known))), none)

    def _people(self, test: Test) -> Composable:
        ids = [value for value in test.values if isinstance(value, UUID)]
        emails = [text for value in test.values if "@" in (text := str(value))]
        words = tuple(value for value in test.values if value not in ids and str(value) not in emails)
        found: list[Composable] = []
        if ids:
            found.append(SQL("t.requester_id = ANY({}::uuid[])").format(self.bind(ids)))
        if emails:
            some = SQL("t.requester_id IN (SELECT id FROM contacts WHERE email = ANY({}::text[]))")
            found.append(some.format(self.bind(emails)))
        if words:
            found.append(self._found(self._person(Test(test.field, test.operator, words))))
        return SQL("({})").format(SQL(" OR ").join(found))

    def _custom_order(self, test: Test) -> Composable:
        name, (value,) = self.bind(test.field.removeprefix(CUSTOM)), test.values
        fits = _DAYS if isinstance(value, date) else _NUMBERS
        bound = self.bind(value.isoformat() if isinstance(value, date) else value)
        items = SQL(
            "SELECT item FROM jsonb_array_elements(CASE jsonb_typeof(t.custom_fields -> {name}::text) WHEN 'array'"
            " THEN t.custom_fields -> {name}::text ELSE jsonb_build_array(t.custom_fields -> {name}::text) END) AS item"
            " WHERE {fits}"
        ).format(name=name, fits=fits.format(sign=_SIGNS[test.operator], value=bound))
        return SQL("EXISTS ({})").format(items)

    def bind(self, value: object) -> Placeholder:
        """The place of a value in the statement."""
        name = f"{self.prefix}_{len(self.parameters)}"
        self.parameters[name] = value
        return Placeholder(name)


def _anded(condition: Condition) -> Iterator[Condition]:
    """All that must hold, also where parentheses gather some of it: the words of all are looked up at once."""
    if isinstance(condition, AllOf):
        for part in condition.parts:
            yield from _anded(part)
    else:
        yield condition


def _in_texts(condition: Condition) -> bool:
    return any(find_field(test.field).kind is Kind.WORDS for test in tests(condition))


def _no_query(_compiler: Compiler, _test: Test) -> str:
    return ""


_QUERIES: dict[Kind, Callable[[Compiler, Test], str]] = {
    Kind.WORDS: Compiler._words,
    Kind.PERSON: Compiler._person,
    Kind.LABEL: Compiler._labels,
}


def _any(queries: Any) -> str:
    return f"({' | '.join(queries)})"


def _unresolved(test: Test) -> Invalid:
    names = ", ".join(value.text for value in test.values if isinstance(value, Name))
    problem = f"{test.field}:{names} is not known here: write an id"
    return Invalid(f"The filter is not valid: {problem}.", violations={"filter": problem})
