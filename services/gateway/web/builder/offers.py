"""What the rows of the builder offer for each field of a condition: its operators, and what its values are typed in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.domain.conditions.fields import CUSTOM, FIELDS, STAFF_ONLY, Field, Kind, find_field, operators_of
from services.domain.conditions.tree import Operator
from services.domain.rules.check import OF_EVENTS, WITHOUT_PAST


class Widget(StrEnum):
    """What values are typed in; LIST is text with commas, and for NONE the ticket must be without any."""

    CHOICES = "choices"
    LIST = "list"
    NUMBER = "number"
    SPAN = "span"
    DAY = "day"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Offer:
    """An operator as a row offers it: `key` is its value in the form, `words` what templates have words for."""

    key: str
    words: str
    operator: Operator
    widget: Widget
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where conditions are put together: the fields that they may test there, and whether there was an event."""

    fields: Sequence[str]
    custom_fields: bool = True
    events: bool = True

    @property
    def groups(self) -> Mapping[str, Sequence[str]]:
        """The fields by what they are about."""
        groups: dict[str, list[str]] = {}
        for name in self.fields:
            about = "ticket" if not FIELDS[name].for_rules else "happening" if name in OF_EVENTS else "history"
            groups.setdefault(about, []).append(name)
        return groups

    def offers(self, name: str) -> tuple[Offer, ...]:
        """What a row offers for the field."""
        field = find_field(name)
        has_past = self.events and not (field.for_rules or name in WITHOUT_PAST or name.startswith(CUSTOM))
        return tuple(
            offer
            for offer in _offers(field)
            if offer.operator in operators_of(field) and (has_past or offer.operator not in _EVENTS)
        )


_EVENTS = (Operator.WAS, Operator.CHANGED_TO)
_ORDERS = (Operator.ABOVE, Operator.AT_LEAST, Operator.BELOW, Operator.AT_MOST)


def _both(operator: Operator, widget: Widget, *, words: str = "") -> tuple[Offer, Offer]:
    words = words or operator.value
    return (
        Offer(operator.value, words, operator, widget),
        Offer(f"not_{operator}", f"not_{words}", operator, widget, negated=True),
    )


def _empty(words: str) -> tuple[Offer, Offer]:
    return (
        Offer("none", f"{words}_none", Operator.IS, Widget.NONE),
        Offer("not_none", f"{words}_any", Operator.IS, Widget.NONE, negated=True),
    )


def _each(operators: Sequence[Operator], widget: Widget, *, words: str = "") -> tuple[Offer, ...]:
    return tuple(Offer(operator.value, f"{words}{operator}", operator, widget) for operator in operators)


_CHOICE = _both(Operator.IS, Widget.CHOICES) + _each(_EVENTS, Widget.CHOICES)
_LABEL = (*_both(Operator.IS, Widget.LIST), *_empty("is"), *_each(_EVENTS, Widget.LIST))
_LATER = (
    Offer("within", "within", Operator.AT_MOST, Widget.SPAN),
    Offer("later", "in_more_than", Operator.ABOVE, Widget.SPAN),
)
_DAY = _each((Operator.IS, *_ORDERS), Widget.DAY, words="day_")
_BY_KIND: dict[Kind, tuple[Offer, ...]] = {
    Kind.CHOICE: _CHOICE,
    Kind.IDENTITY: _CHOICE,
    Kind.PERSON: _both(Operator.IS, Widget.LIST),
    Kind.LABEL: _LABEL,
    Kind.WORDS: (
        *_both(Operator.CONTAINS, Widget.LIST),
        *_both(Operator.STARTS, Widget.LIST),
        *_both(Operator.MATCHES, Widget.LIST),
    ),
    Kind.NUMBER: _both(Operator.IS, Widget.LIST) + _each(_ORDERS, Widget.NUMBER),
    Kind.INSTANT: _DAY,
    Kind.AGE: _each((Operator.AT_LEAST, Operator.BELOW), Widget.SPAN, words="age_"),
}


def _offers(field: Field) -> tuple[Offer, ...]:
    if field.name == "tag":
        return (*_both(Operator.IS, Widget.LIST, words="has"), *_empty("has"), *_each(_EVENTS, Widget.LIST))
    if field.name in STAFF_ONLY:
        return (*_LATER, *_DAY, *_empty("is"))
    if field.name.startswith(CUSTOM):
        return (*_LABEL, *_each(_ORDERS, Widget.NUMBER))
    return _BY_KIND[field.kind]
