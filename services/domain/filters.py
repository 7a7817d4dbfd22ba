"""The text form of a ticket filter: "status:open,pending priority:urgent assignee:me". Terms are joined by and.

Each term is field:value; several values with commas mean any of them. Unknown fields and values are refused with what
would be right.
"""

from dataclasses import dataclass
from uuid import UUID

from services.domain.errors import Invalid
from services.domain.intake import clean_email
from services.domain.ticket import Channel, Priority, TicketStatus

_ENUMS = {"status": TicketStatus, "priority": Priority, "channel": Channel}
_IDS = frozenset({"assignee", "team", "brand"})
FIELDS = ("status", "priority", "channel", "assignee", "team", "brand", "requester", "tag", "number")
LENGTH = 2000
ORDERS = ("-created_at", "created_at", "-updated_at", "updated_at")


@dataclass(frozen=True, slots=True)
class Term:
    """One condition: the field is any of the values. `None` stands for "none", nobody or no team."""

    field: str
    values: tuple[str | int | UUID | None, ...]


def parse_filter(text: str, *, me: str) -> tuple[Term, ...]:
    """The terms of a filter; `me` is the caller's id, for assignee:me. Raises Invalid naming the term."""
    if len(text) > LENGTH:
        raise _invalid("filter", f"it has {len(text)} characters: write at most {LENGTH}")
    return tuple(_term(word, me=me) for word in text.split())


def parse_order(text: str) -> tuple[str, bool]:
    """The column and whether it descends; "" is newest first. Raises Invalid naming the orders there are."""
    if (order := text or ORDERS[0]) not in ORDERS:
        raise _invalid("order_by", f"{text!r} is no order: use one of {', '.join(ORDERS)}")
    return order.removeprefix("-"), order.startswith("-")


def _term(word: str, *, me: str) -> Term:
    field, colon, values = word.partition(":")
    if not colon or field not in FIELDS or not values:
        raise _invalid("filter", f"{word!r} is no term: write field:value with a field of {', '.join(FIELDS)}")
    return Term(field, tuple(_value(field, value, me=me) for value in values.split(",")))


def _value(field: str, value: str, *, me: str) -> str | int | UUID | None:
    if field in _ENUMS:
        choices = tuple(member.value for member in _ENUMS[field])
        if value not in choices:
            raise _invalid("filter", f"{field}:{value} is not known: {field} is one of {', '.join(choices)}")
        return value
    if field == "number":
        if not value.isascii() or not value.isdigit() or len(value) > 18:
            raise _invalid("filter", f"number:{value} is no ticket number: write digits")
        return int(value)
    if field == "requester":
        return clean_email(value)
    if field in _IDS:
        return _id(field, me if (field, value) == ("assignee", "me") else value)
    return value


def _id(field: str, value: str) -> UUID | None:
    if value == "none" and field != "brand":
        return None
    try:
        return UUID(value)
    except ValueError:
        choices = "an id" if field == "brand" else "an id or none"
        raise _invalid("filter", f"{field}:{value} is not known: write {choices}") from None


def _invalid(field: str, problem: str) -> Invalid:
    return Invalid(f"The {field} is not valid: {problem}.", violations={field: problem})
