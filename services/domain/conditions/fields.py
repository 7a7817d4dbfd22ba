"""The fields that a condition may test: what each is, which operators it has and how its values are read."""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from services.domain.conditions.tree import MOST_VALUES, Condition, Name, Operator, Test, Value, Wrong, nodes
from services.domain.errors import Invalid
from services.domain.intake import clean_email, clean_line
from services.domain.message import AuthorKind, Visibility
from services.domain.ticket import Channel, Priority, TicketStatus
from services.domain.words import split_words

CUSTOM = "custom_fields."
NONE = "none"

_CUSTOM_NAME = re.compile(r"[\w-]{1,50}")
_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,9})?", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_DURATION = re.compile(r"([0-9]{1,6})([mhdw])", re.ASCII)
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_LONGEST = timedelta(days=36_500)
_LONGEST_VALUE = 200
_FIRST_YEAR, _LAST_YEAR = 1900, 2999


class Kind(StrEnum):
    """What a field's values are."""

    CHOICE = "choice"
    IDENTITY = "identity"
    PERSON = "person"
    LABEL = "label"
    WORDS = "words"
    NUMBER = "number"
    INSTANT = "instant"
    AGE = "age"


@dataclass(frozen=True, slots=True)
class Field:
    """`choices` are all values of a CHOICE; `may_be_none` says that a ticket can be without; a field `for_rules` is
    known only where something happens.
    """

    name: str
    kind: Kind
    choices: tuple[str, ...] = ()
    may_be_none: bool = False
    for_rules: bool = False


_FIELDS = (
    Field("status", Kind.CHOICE, tuple(TicketStatus)),
    Field("priority", Kind.CHOICE, tuple(Priority)),
    Field("channel", Kind.CHOICE, tuple(Channel)),
    Field("type", Kind.LABEL, may_be_none=True),
    Field("brand", Kind.IDENTITY),
    Field("team", Kind.IDENTITY, may_be_none=True),
    Field("assignee", Kind.IDENTITY, may_be_none=True),
    Field("category", Kind.IDENTITY, may_be_none=True),
    Field("category_tree", Kind.IDENTITY),
    Field("organisation", Kind.IDENTITY, may_be_none=True),
    Field("requester", Kind.PERSON),
    Field("tag", Kind.LABEL, may_be_none=True),
    Field("number", Kind.NUMBER),
    Field("subject", Kind.WORDS),
    Field("text", Kind.WORDS),
    Field("created", Kind.INSTANT),
    Field("updated", Kind.INSTANT),
    Field("older", Kind.AGE),
    Field("idle", Kind.AGE),
    Field("due", Kind.INSTANT, may_be_none=True),
    Field("snoozed", Kind.INSTANT, may_be_none=True),
    Field("queued", Kind.INSTANT, may_be_none=True),
    Field("limit", Kind.INSTANT, may_be_none=True),
    Field("first_response", Kind.INSTANT, may_be_none=True),
    Field("next_response", Kind.INSTANT, may_be_none=True),
    Field("periodic_update", Kind.INSTANT, may_be_none=True),
    Field("resolution", Kind.INSTANT, may_be_none=True),
    # What happened, and to the message that came with it.
    Field("by", Kind.CHOICE, ("customer", "staff", "desk"), for_rules=True),
    Field("message.text", Kind.WORDS, for_rules=True),
    Field("message.visibility", Kind.CHOICE, tuple(Visibility), may_be_none=True, for_rules=True),
    Field("message.author", Kind.CHOICE, tuple(AuthorKind), may_be_none=True, for_rules=True),
    Field("message.automatic", Kind.CHOICE, ("no", "yes"), may_be_none=True, for_rules=True),
    # What has happened up to now.
    Field("customer_messages", Kind.NUMBER, for_rules=True),
    Field("agent_messages", Kind.NUMBER, for_rules=True),
    Field("reopened", Kind.NUMBER, for_rules=True),
    Field("since.status", Kind.AGE, for_rules=True),
    Field("since.customer_wrote", Kind.AGE, may_be_none=True, for_rules=True),
    Field("since.agent_wrote", Kind.AGE, may_be_none=True, for_rules=True),
    Field("since.unanswered", Kind.AGE, may_be_none=True, for_rules=True),
    Field("since.resolved", Kind.AGE, may_be_none=True, for_rules=True),
    # Its family.
    Field("family", Kind.CHOICE, ("parent", "child"), may_be_none=True, for_rules=True),
    Field("children", Kind.NUMBER, for_rules=True),
    Field("open_children", Kind.NUMBER, for_rules=True),
    # The calendars in whose working time it happens.
    Field("in_hours", Kind.IDENTITY, for_rules=True),
)
# The limits of the live clocks; `limit` is the nearest of them.
LIMITS = ("limit", "first_response", "next_response", "periodic_update", "resolution")
# What happens next is told to nobody but the staff.
STAFF_ONLY = frozenset({"due", "snoozed", "queued", *LIMITS})
FIELDS = {field.name: field for field in _FIELDS}

_COMPARISONS = (Operator.ABOVE, Operator.AT_LEAST, Operator.BELOW, Operator.AT_MOST)
_EVENTS = (Operator.WAS, Operator.CHANGED_TO)
OPERATORS: dict[Kind, tuple[Operator, ...]] = {
    Kind.CHOICE: (Operator.IS, *_EVENTS),
    Kind.IDENTITY: (Operator.IS, *_EVENTS),
    Kind.PERSON: (Operator.IS,),
    Kind.LABEL: (Operator.IS, *_COMPARISONS, *_EVENTS),
    Kind.WORDS: (Operator.CONTAINS, Operator.STARTS, Operator.MATCHES),
    Kind.NUMBER: (Operator.IS, *_COMPARISONS),
    Kind.INSTANT: (Operator.IS, *_COMPARISONS),
    Kind.AGE: (Operator.AT_LEAST, Operator.BELOW),
}


def find_field(name: str) -> Field:
    """The field of this name; Wrong names those there are."""
    if name.startswith(CUSTOM) and is_custom(name.removeprefix(CUSTOM)):
        return Field(name, Kind.LABEL, may_be_none=True)
    if name not in FIELDS:
        known = ", ".join(field.name for field in _FIELDS if not field.for_rules)
        raise Wrong(f"{name!r} is no field: use one of {known}, {CUSTOM}<name>")
    return FIELDS[name]


def is_custom(name: str) -> bool:
    """Whether a custom field of this name can be asked for."""
    return _CUSTOM_NAME.fullmatch(name) is not None


def read_test(name: str, operator: Operator, raw: Sequence[str | None]) -> Test:
    """The test with its values read; None is "none". Wrong says what would be right."""
    field = find_field(name)
    allowed = operators_of(field)
    if operator not in allowed:
        raise Wrong(f"{name} cannot be compared by {operator.value!r}: use {' or '.join(allowed)}")
    if not 1 <= len(raw) <= MOST_VALUES:
        raise Wrong(f"{name} has {len(raw)} values: write 1 to {MOST_VALUES}")
    if operator in _COMPARISONS and len(raw) > 1:
        raise Wrong(f"{name} can be compared by {operator.value!r} with one value only")
    values = tuple(_value(field, operator, value) for value in raw)
    if operator is Operator.IS and any(isinstance(value, timedelta) for value in values):
        # "due:4h" is what people write for "due within 4 hours".
        return Test(name, Operator.AT_MOST, values[:1]) if len(values) == 1 else _one_span(name)
    return Test(name, operator, values)


def _one_span(name: str) -> Test:
    raise Wrong(f"{name} can be compared with one time span only")


def operators_of(field: Field) -> tuple[Operator, ...]:
    """The operators of a field; only custom fields, which may hold numbers, are labels with an order."""
    found = OPERATORS[field.kind]
    if field.kind is Kind.LABEL and not field.name.startswith(CUSTOM):
        return tuple(operator for operator in found if operator not in _COMPARISONS)
    return found


def _value(field: Field, operator: Operator, raw: str | None) -> Value:
    if raw is None:
        if field.may_be_none and operator not in _COMPARISONS:
            return None
        raise Wrong(f"{field.name} is never {NONE!r}")
    if not raw.strip() or len(raw) > _LONGEST_VALUE or "\x00" in raw:
        raise Wrong(f"a value of {field.name} has 1 to {_LONGEST_VALUE} characters")
    if field.kind is Kind.LABEL and operator in _COMPARISONS:
        return _number_or_day(field, raw)
    value = _READERS[field.kind](field, clean_line(raw))
    # A star at the end is how beginnings of words are written; in a pattern it is part of it.
    return clean_line(raw) if operator is Operator.MATCHES else value


def _choice(field: Field, raw: str) -> str:
    if raw.lower() not in field.choices:
        raise Wrong(f"{field.name}:{raw} is not known: {field.name} is one of {', '.join(field.choices)}")
    return raw.lower()


def _identity(field: Field, raw: str) -> UUID | Name:
    try:
        return UUID(raw)
    except ValueError:
        return Name(raw)


def _person(field: Field, raw: str) -> UUID | str:
    try:
        return UUID(raw)
    except ValueError:
        pass
    try:
        return clean_email(raw)
    except Invalid:
        return _words(field, raw)


def _words(field: Field, raw: str) -> str:
    if not split_words(raw):
        raise Wrong(f"{raw!r} has no letter or digit to look for in {field.name}")
    return raw.rstrip("*")


def _number(field: Field, raw: str) -> int | Decimal:
    if not _NUMBER.fullmatch(raw) or (field.name == "number" and not raw.isdigit()):
        raise Wrong(f"{field.name}:{raw} is no number: write digits, e.g. 1042")
    return int(raw) if "." not in raw else Decimal(raw)


def _number_or_day(field: Field, raw: str) -> int | Decimal | date:
    """What a custom field is compared with: a day with days, a number with numbers."""
    if _DAY.fullmatch(raw):
        with suppress(ValueError):
            return date.fromisoformat(raw)
    if not _NUMBER.fullmatch(raw):
        raise Wrong(f"{field.name}:{raw} is no number and no day: write e.g. 1042 or 2026-01-31")
    return _number(field, raw)


def _instant(field: Field, raw: str) -> date | datetime | timedelta:
    if field.name in STAFF_ONLY and _DURATION.fullmatch(raw):
        return _age(field, raw)
    try:
        at = datetime.fromisoformat(raw)
        if not _FIRST_YEAR <= at.year <= _LAST_YEAR:
            raise ValueError
        if len(raw) == len("2026-01-01"):
            return at.date()
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except ValueError:
        also = ", or a time from now, e.g. 4h" if field.name in STAFF_ONLY else ""
        raise Wrong(
            f"{field.name}:{raw} is no instant: write a day or a time in UTC, e.g. 2026-01-31 or"
            f" 2026-01-31T09:00:00Z{also}"
        ) from None


def _age(field: Field, raw: str) -> timedelta:
    match = _DURATION.fullmatch(raw)
    age = timedelta(**{_UNITS[match[2]]: int(match[1])}) if match else None
    # "due:0m" is what is due now; nothing is more or less than no time old.
    if age is None or age > _LONGEST or (not age and field.kind is Kind.AGE):
        raise Wrong(f"{field.name}:{raw} is no time span: write minutes, hours, days or weeks, e.g. 30m, 4h, 2d or 1w")
    return age


_READERS: dict[Kind, Callable[[Field, str], Value]] = {
    Kind.CHOICE: _choice,
    Kind.IDENTITY: _identity,
    Kind.PERSON: _person,
    Kind.LABEL: lambda _field, raw: raw,
    Kind.WORDS: _words,
    Kind.NUMBER: _number,
    Kind.INSTANT: _instant,
    Kind.AGE: _age,
}

# What only happens at a moment, and what no index can answer: for rules.
_FOR_RULES = {
    Operator.WAS: "a list knows only how tickets are now",
    Operator.CHANGED_TO: "a list knows only how tickets are now",
    Operator.MATCHES: "patterns cannot be searched for",
}


def check_for_lists(condition: Condition) -> None:
    """Invalid, by path, when a test is one of those that only rules can make."""
    problems = {
        path or "condition": f"{node.field} {node.operator.value}: {reason}; use it in a rule"
        for path, node in nodes(condition)
        if isinstance(node, Test) and (reason := _why_for_rules(node))
    }
    if problems:
        raise Invalid(f"The condition is not valid here: {'; '.join(problems.values())}.", violations=problems)


def _why_for_rules(test: Test) -> str:
    if test.operator in _FOR_RULES:
        return _FOR_RULES[test.operator]
    return "it is known only where something happens" if find_field(test.field).for_rules else ""
