"""What the rows of the builder offer for each field of a condition: its operators, and what its values are typed in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from services.domain.conditions.fields import CUSTOM, FIELDS, STAFF_ONLY, Field, Kind, find_field, operators_of
from services.domain.conditions.tree import Operator
from services.domain.rules.check import OF_EVENTS, WITHOUT_PAST
from services.domain.ticket_fields import FieldKind, TicketField


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
    """Where conditions are put together: the fields that they may test there, and whether there was an event.

    With `custom_fields`, `known` are those of the desk by key; another one is called by its name.
    """

    fields: Sequence[str]
    custom_fields: bool = True
    events: bool = True
    known: Mapping[str, TicketField] = field(default_factory=dict)

    def knowing(self, fields: Mapping[str, TicketField]) -> "Place":
        """The place on a desk with these custom fields."""
        return replace(self, known=fields) if self.custom_fields else self

    def custom(self, name: str) -> TicketField | None:
        """The custom field of the desk that a row's field is; None for any other."""
        return self.known.get(name.removeprefix(CUSTOM)) if name.startswith(CUSTOM) else None

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
        found, custom = find_field(name), self.custom(name)
        if custom is not None:
            return _BY_FIELD_KIND[custom.kind]
        has_past = self.events and not (found.for_rules or name in WITHOUT_PAST or name.startswith(CUSTOM))
        return tuple(
            offer
            for offer in _offers(found)
            if offer.operator in operators_of(found) and (has_past or offer.operator not in _EVENTS)
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
# What a custom field of the desk offers, by what its values are.
_BY_FIELD_KIND: dict[FieldKind, tuple[Offer, ...]] = {
    FieldKind.TEXT: (*_both(Operator.IS, Widget.LIST), *_empty("is")),
    FieldKind.NUMBER: (*_both(Operator.IS, Widget.LIST), *_each(_ORDERS, Widget.NUMBER), *_empty("is")),
    FieldKind.CHECKBOX: _both(Operator.IS, Widget.CHOICES),
    FieldKind.CHOICE: _both(Operator.IS, Widget.CHOICES),
    FieldKind.MULTI_CHOICE: _both(Operator.IS, Widget.CHOICES, words="has"),
    FieldKind.DATE: (*_DAY, *_empty("is")),
}


def _offers(tested: Field) -> tuple[Offer, ...]:
    if tested.name == "tag":
        return (*_both(Operator.IS, Widget.LIST, words="has"), *_empty("has"), *_each(_EVENTS, Widget.LIST))
    if tested.name in STAFF_ONLY:
        return (*_LATER, *_DAY, *_empty("is"))
    if tested.name.startswith(CUSTOM):
        return (*_LABEL, *_each(_ORDERS, Widget.NUMBER))
    return _BY_KIND[tested.kind]
