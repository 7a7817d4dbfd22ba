"""Whether a condition holds for the facts of one ticket, in Python; store/conditions.py says the same in SQL."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from services.domain.clocks.model import Clock, ClockKind
from services.domain.conditions.fields import CUSTOM, Kind, find_field
from services.domain.conditions.tree import AllOf, AnyOf, Condition, Name, Not, Operator, Test, Value
from services.domain.ticket import Contact, Ticket
from services.domain.words import fold, has_phrase, label, labels, split_words

# What is known of a ticket: for each field its values, none of them when it has none. A rule adds `was.<field>`.
Facts = Mapping[str, Sequence[Any]]

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
MICROSECOND = timedelta(microseconds=1)


def facts_of(
    ticket: Ticket,
    *,
    texts: Sequence[str] = (),
    category_path: Sequence[UUID] = (),
    clocks: Sequence[Clock] = (),
) -> Facts:
    """The facts of a ticket with its clocks; `texts` are the messages that the reader of the condition may see,
    `category_path` leads from the top of the tree to the ticket's category.
    """
    requester = ticket.requester
    facts: dict[str, Sequence[Any]] = {
        "status": (ticket.status.value,),
        "priority": (ticket.priority.value,),
        "channel": (ticket.channel.value,),
        "type": labels(ticket.type),
        "brand": (ticket.brand_id,),
        "team": _one(ticket.team_id),
        "assignee": _one(ticket.assignee_id),
        "category": _one(ticket.category_id),
        "category_tree": category_path,
        "organisation": _one(requester.organisation_id),
        "requester": (requester,),
        "tag": labels(list(ticket.tags)),
        "number": (ticket.number,),
        "subject": (ticket.subject,),
        "text": (ticket.subject, requester.name, requester.email, str(ticket.number), *texts),
        "created": (ticket.created_at,),
        "updated": (ticket.updated_at,),
        "older": (ticket.created_at,),
        "idle": (ticket.updated_at,),
        "due": _one(ticket.next_due_at),
        "snoozed": _one(ticket.snoozed_until),
        "queued": _one(ticket.queued_since),
        **_limits(clocks),
    }
    return facts | {f"{CUSTOM}{name}": _scalars(value) for name, value in ticket.custom_fields.items()}


def evaluate(condition: Condition, facts: Facts, *, now: datetime) -> bool:
    """Whether the condition holds at the instant `now`."""
    match condition:
        case AllOf(parts):
            return all(evaluate(part, facts, now=now) for part in parts)
        case AnyOf(parts):
            return any(evaluate(part, facts, now=now) for part in parts)
        case Not(part):
            return not evaluate(part, facts, now=now)
        case Test():
            return _holds(condition, facts, now=now)


def bounds(operator: Operator, value: Value, *, now: datetime) -> tuple[datetime | None, datetime | None]:
    """From when (included) until when (excluded) an instant fits the comparison; a span counts from now."""
    if isinstance(value, datetime):
        first, after = value, value + MICROSECOND
    elif isinstance(value, date):
        first = datetime.combine(value, time(), UTC)
        after = first + timedelta(days=1)
    else:
        assert isinstance(value, timedelta)
        first, after = now + value, now + value + MICROSECOND
    match operator:
        case Operator.ABOVE:
            return after, None
        case Operator.AT_LEAST:
            return first, None
        case Operator.BELOW:
            return None, first
        case Operator.AT_MOST:
            return None, after
    return first, after


def age_bounds(operator: Operator, age: Value, *, now: datetime) -> tuple[datetime | None, datetime | None]:
    """From when until when something lies that is at least so old, or younger."""
    assert isinstance(age, timedelta)
    edge = now - age + MICROSECOND
    return (None, edge) if operator is Operator.AT_LEAST else (edge, None)


def _holds(test: Test, facts: Facts, *, now: datetime) -> bool:
    if test.operator in (Operator.WAS, Operator.CHANGED_TO):
        return _happened(test, facts, now=now)
    known = facts.get(test.field, ()) if test.field.startswith(CUSTOM) else facts[test.field]
    if not known:
        return None in test.values
    return any(fits(test, fact, value, now=now) for fact in known for value in test.values if value is not None)


def _happened(test: Test, facts: Facts, *, now: datetime) -> bool:
    """Of a change: what the field was before it, and whether it became so by it."""
    then = Test(test.field, Operator.IS, test.values)
    was = _holds(then, {test.field: facts[f"was.{test.field}"]}, now=now)
    return was if test.operator is Operator.WAS else not was and _holds(then, facts, now=now)


def fits(test: Test, fact: Any, value: Value, *, now: datetime) -> bool:
    """Whether one value of a field fits one value of the test."""
    match find_field(test.field).kind:
        case Kind.INSTANT:
            return _inside(fact, bounds(test.operator, value, now=now))
        case Kind.AGE:
            return _inside(fact, age_bounds(test.operator, value, now=now))
        case Kind.WORDS:
            return _in_text(test.operator, fact, str(value))
        case Kind.PERSON:
            return _is_person(fact, value)
        case Kind.LABEL if test.operator is Operator.IS:
            return label(fact) == label(value)
        case Kind.LABEL | Kind.NUMBER:
            return _compares(test.operator, fact, value)
    return bool(fact == value) and not isinstance(value, Name)


def _inside(fact: datetime, edges: tuple[datetime | None, datetime | None]) -> bool:
    begin, end = edges
    return (begin is None or fact >= begin) and (end is None or fact < end)


def _in_text(operator: Operator, text: str, value: str) -> bool:
    if operator is Operator.MATCHES:
        return _matches(fold(text), fold(value).split("*"))
    return has_phrase(split_words(text), split_words(value), unfinished=operator is Operator.STARTS)


def _is_person(person: Contact, value: Value) -> bool:
    if isinstance(value, UUID):
        return person.id == value
    text = str(value)
    if "@" in text:
        return person.email == text
    return any(_in_text(Operator.STARTS, words, text) for words in (person.name, person.email))


def _compares(operator: Operator, fact: Any, value: Value) -> bool:
    """Numbers with numbers and days with days; those of a custom field are texts like "2026-01-31"."""
    number: Any
    other: Any
    if isinstance(value, date):
        if not isinstance(fact, str) or not _DAY.fullmatch(fact):
            return False
        number, other = fact, value.isoformat()
    elif isinstance(fact, bool) or not isinstance(fact, int | float):
        return False
    else:
        number, other = Decimal(repr(fact)), Decimal(str(value))
    return _in_order(operator, number, other)


def _in_order(operator: Operator, number: Any, other: Any) -> bool:
    match operator:
        case Operator.ABOVE:
            return bool(number > other)
        case Operator.AT_LEAST:
            return bool(number >= other)
        case Operator.BELOW:
            return bool(number < other)
        case Operator.AT_MOST:
            return bool(number <= other)
    return bool(number == other)


def _matches(text: str, pieces: Sequence[str]) -> bool:
    """Whether the text is the pieces with anything between them, found one after another: no pattern takes long."""
    first, *rest = pieces
    if not rest:
        return text == first
    *middle, last = rest
    if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
        return False
    at, end = len(first), len(text) - len(last)
    for piece in middle:
        found = text.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def _limits(clocks: Sequence[Clock]) -> Facts:
    """When the live clocks run out, as far as that is known; of all kinds, the nearest."""
    live = [(clock.kind.value, clock.due_at) for clock in clocks if clock.is_live and clock.due_at is not None]
    limits = {kind.value: sorted(due_at for name, due_at in live if name == kind)[:1] for kind in ClockKind}
    return {**limits, "limit": sorted(due_at for _, due_at in live)[:1]}


def _one(value: Any) -> Sequence[Any]:
    return () if value is None else (value,)


def _scalars(value: Any) -> Sequence[Any]:
    items = value if isinstance(value, list) else [value]
    return tuple(item for item in items if labels(item))
