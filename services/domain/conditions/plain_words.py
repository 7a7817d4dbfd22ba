"""A condition read back in plain English: "status is open or new and tagged vip and older than 2 days"."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from uuid import UUID

from services.domain.conditions.fields import CUSTOM
from services.domain.conditions.tree import AllOf, AnyOf, Condition, Name, Not, Operator, Test, Value

_VERBS = {
    Operator.IS: "is",
    Operator.ABOVE: "is more than",
    Operator.AT_LEAST: "is at least",
    Operator.BELOW: "is less than",
    Operator.AT_MOST: "is at most",
    Operator.CONTAINS: "mentions",
    Operator.STARTS: "mentions a word beginning with",
    Operator.MATCHES: "matches",
    Operator.WAS: "was",
    Operator.CHANGED_TO: "changed to",
}
_INSTANTS = {
    Operator.IS: "on",
    Operator.ABOVE: "after",
    Operator.AT_LEAST: "on or after",
    Operator.BELOW: "before",
    Operator.AT_MOST: "on or before",
}
_DUES = {
    "due": "due",
    "limit": "limit",
    "first_response": "first response due",
    "next_response": "next response due",
    "periodic_update": "next update due",
    "resolution": "resolution due",
}
_ME = {"me": "me", "mine": "one of mine"}
_SINCE = {
    "since.status": "its status began",
    "since.customer_wrote": "the customer wrote last",
    "since.agent_wrote": "we wrote last",
    "since.unanswered": "the customer began to wait for an answer",
    "since.resolved": "it was resolved last",
}
_UNITS = (("week", 604_800), ("day", 86_400), ("hour", 3600), ("minute", 60))

# What an id, or the key of a custom field, is called.
Named = Callable[[UUID | str], str]


def read_back(
    condition: Condition, names: Mapping[UUID, str] | None = None, labels: Mapping[str, str] | None = None
) -> str:
    """The condition as a sentence without its end; `names` are those of the ids in it, `labels` of custom fields."""

    def named(value: UUID | str) -> str:
        if isinstance(value, UUID):
            return (names or {}).get(value, str(value))
        return f"the field {(labels or {}).get(value, value)}"

    return _read(condition, named, inside=False) or "every ticket"


def _read(condition: Condition, named: Named, *, inside: bool) -> str:
    match condition:
        case AllOf(parts):
            text = " and ".join(_read(part, named, inside=True) for part in parts)
            return f"({text})" if inside and len(parts) > 1 else text
        case AnyOf(parts):
            text = " or ".join(_read(part, named, inside=True) for part in parts)
            return f"({text})" if inside and len(parts) > 1 else text
        case Not(Test("snoozed", _, (None,))):
            return "snoozed"
        case Not(Test("queued", _, (None,))):
            return "waiting in a queue"
        case Not(Test() as test):
            return _negated(_test(test, named))
        case Not(part):
            return f"not {_read(part, named, inside=True)}"
        case Test():
            return _test(condition, named)


def _negated(text: str) -> str:
    before, verb, after = text.partition(" is ")
    return f"{before} is not {after}" if verb else f"not {text}"


def _test(test: Test, named: Named) -> str:
    values = " or ".join(_value(value, named) for value in test.values)
    match test.field:
        case "tag" if test.operator is Operator.IS:
            return "without tags" if test.values == (None,) else f"tagged {values}"
        case "category_tree":
            return f"category is {values} or below"
        case "older":
            return f"{'older' if test.operator is Operator.AT_LEAST else 'newer'} than {values}"
        case "idle":
            return f"{'unchanged for' if test.operator is Operator.AT_LEAST else 'changed in the last'} {values}"
        case "message.text" | "message.visibility" | "message.author":
            return _message_test(test, values)
        case "message.automatic":
            return f"a machine {'wrote' if test.values == ('yes',) else 'did not write'} it"
        case "by":
            return f"done by {values}"
        case "in_hours":
            return f"within the hours of {values}"
        case "family":
            return f"place in the family is {values}"
        case "customer_messages" | "agent_messages" | "children" | "open_children":
            return f"the number of {test.field.replace('_', ' ')} {_VERBS[test.operator]} {values}"
        case "reopened":
            return f"the number of times it was reopened {_VERBS[test.operator]} {values}"
        case _ if test.field in _SINCE:
            ago = "at least" if test.operator is Operator.AT_LEAST else "less than"
            return f"{_SINCE[test.field]} {ago} {values} ago"
        case "text":
            return f"{_VERBS[test.operator]} {values}"
        case "limit" if test.operator is Operator.AT_MOST and test.values == (timedelta(),):
            return "overdue"
        case name if name in _DUES and isinstance(test.values[0], timedelta):
            within = test.operator in (Operator.BELOW, Operator.AT_MOST)
            return f"{_DUES[name]} {'within' if within else 'in more than'} {values}"
        case "snoozed" if test.values == (None,):
            return "not snoozed"
        case "queued" if test.values == (None,):
            return "waiting in no queue"
        case "snoozed" if isinstance(test.values[0], timedelta):
            within = test.operator in (Operator.BELOW, Operator.AT_MOST)
            return f"snoozed for {'less' if within else 'more'} than {values} from now"
        case "created" | "updated" | "queued":
            return f"{test.field} {_INSTANTS[test.operator]} {values}"
        case name if name in _DUES and test.values != (None,):
            return f"{_DUES[name]} {_INSTANTS[test.operator]} {values}"
        case name if name.startswith(CUSTOM) and isinstance(test.values[0], date):
            return f"{named(name.removeprefix(CUSTOM))} is {_INSTANTS[test.operator]} {values}"
    label = _DUES.get(test.field, test.field)
    if test.field.startswith(CUSTOM):
        label = named(test.field.removeprefix(CUSTOM))
    return f"{label} {_VERBS[test.operator]} {values}"


def _message_test(test: Test, values: str) -> str:
    if test.field == "message.text":
        return f"the message {_VERBS[test.operator]} {values}"
    return f"the message is {values}" if test.field == "message.visibility" else f"the message is of a {values}"


def _value(value: Value, named: Named) -> str:
    match value:
        case None:
            return "none"
        case timedelta():
            return _span(value)
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S} UTC"
        case UUID():
            return named(value)
        case Name(text):
            return _ME.get(text, text)
        case str() if " " in value:
            return f'"{value}"'
    return str(value)


def _span(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    unit, size = next((unit, size) for unit, size in _UNITS if seconds % size == 0)
    count = seconds // size
    return f"{count} {unit}{'' if count == 1 else 's'}"
