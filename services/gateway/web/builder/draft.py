"""Conditions as the builder shows them: groups of rows, made of a condition and made one again. Pure."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.domain.conditions.fields import CUSTOM, NONE, read_test
from services.domain.conditions.text_form import format_value
from services.domain.conditions.tree import AllOf, AnyOf, Condition, Not, Test, Value, Wrong, all_of
from services.domain.errors import Invalid
from services.gateway.web.builder.known import Known
from services.gateway.web.builder.offers import Offer, Place, Widget

# The field of a row that holds a piece of the text form, for what no other row can say.
AS_TEXT = "as_text"
MOST_GROUPS = 4


class Mode(StrEnum):
    """How the parts of a group belong together."""

    ALL = "all"
    ANY = "any"
    NONE_OF = "none_of"
    NOT_ALL = "not_all"


@dataclass(frozen=True, slots=True)
class Row:
    """One test as typed; its values are written as in the text form, and a choice `none` is nothing."""

    field: str = ""
    operator: str = ""
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Rows and groups in their order."""

    mode: Mode = Mode.ALL
    parts: "tuple[Row | Group, ...]" = ()

    def rows(self, path: str = "") -> "Iterator[tuple[str, Row]]":
        """Each row with its path, such as `1.0`."""
        for index, part in enumerate(self.parts):
            here = f"{path}.{index}".lstrip(".")
            if isinstance(part, Row):
                yield here, part
            else:
                yield from part.rows(here)


@dataclass(slots=True)
class Built:
    """What a draft says; `wrong` tells by its path what is wrong with a row, which is then left out."""

    condition: Condition = field(default_factory=AllOf)
    wrong: dict[str, str] = field(default_factory=dict)


def offer_of(row: Row, place: Place) -> Offer | None:
    """The operator of a row: the first of its field when none is chosen; None when there is no such field."""
    try:
        offers = place.offers(row.field)
    except Wrong:
        return None
    return next((offer for offer in offers if offer.key == row.operator), offers[0])


def draft_of(condition: Condition, place: Place, known: Known) -> Group:
    """The condition as rows."""
    drafted = _draft(condition, place, known)
    return drafted if isinstance(drafted, Group) else Group(Mode.ALL, (drafted,))


def _draft(condition: Condition, place: Place, known: Known) -> Row | Group:
    match condition:
        case AllOf(parts):
            return Group(Mode.ALL, tuple(_draft(part, place, known) for part in parts))
        case AnyOf(parts):
            return Group(Mode.ANY, tuple(_draft(part, place, known) for part in parts))
        case Not(AnyOf() | AllOf() as inner):
            group = draft_of(inner, place, known)
            return replace(group, mode=Mode.NONE_OF if group.mode is Mode.ANY else Mode.NOT_ALL)
        case Not(Not(part)):
            return _draft(part, place, known)
        case Not(Test() as test):
            row = _row(test, place, negated=True)
        case Test():
            row = _row(condition, place, negated=False)
    return row or Row(AS_TEXT, "", (known.format(condition),))


def _row(test: Test, place: Place, *, negated: bool) -> Row | None:
    if test.field not in place.fields and not (place.custom_fields and test.field.startswith(CUSTOM)):
        return None
    for offer in place.offers(test.field):
        if (offer.operator, offer.negated) == (test.operator, negated) and _fits(offer.widget, test.values):
            values = () if offer.widget is Widget.NONE else test.values
            return Row(test.field, offer.key, tuple(map(_typed, values)))
    return None


def _fits(widget: Widget, values: tuple[Value, ...]) -> bool:
    match widget:
        case Widget.NONE:
            return values == (None,)
        case Widget.SPAN:
            return len(values) == 1 and isinstance(values[0], timedelta)
        case Widget.DAY:
            return len(values) == 1 and _is_day(values[0])
        case Widget.CHOICES:
            return all(value is None or isinstance(value, UUID) or str(value) != NONE for value in values)
    return None not in values


def _is_day(value: Value) -> bool:
    """A day, also as the text that a custom field is compared with."""
    if isinstance(value, str):
        with suppress(ValueError):
            return date.fromisoformat(value).isoformat() == value
    return isinstance(value, date) and not isinstance(value, datetime)


def _typed(value: Value) -> str:
    return value if isinstance(value, str) else format_value(value)


def build(draft: Group, place: Place, known: Known) -> Built:
    """The condition that a draft says; what is empty says nothing."""
    built = Built()
    built.condition = _group(draft, "", place, known, built.wrong) or AllOf()
    return built


def _group(group: Group, path: str, place: Place, known: Known, wrong: dict[str, str]) -> Condition | None:
    parts: list[Condition] = []
    for index, part in enumerate(group.parts):
        here = f"{path}.{index}".lstrip(".")
        try:
            read = _test(part, place, known) if isinstance(part, Row) else _group(part, here, place, known, wrong)
        except Wrong as problem:
            wrong[here] = str(problem)
        else:
            parts += [read] if read is not None else []
    if not parts:
        return None
    joined = all_of(parts) if group.mode in (Mode.ALL, Mode.NOT_ALL) or len(parts) == 1 else AnyOf(tuple(parts))
    return joined if group.mode in (Mode.ALL, Mode.ANY) else Not(joined)


def _test(row: Row, place: Place, known: Known) -> Condition | None:
    if row.field == AS_TEXT:
        return _text(row, known)
    if not row.field:
        return None
    offer = offer_of(row, place)
    if offer is None:
        raise Wrong("this field is not known here: choose one of the list")
    raw: list[str | None] = [None] if offer.widget is Widget.NONE else list(row.values)
    if not raw:
        raise Wrong("choose at least one" if offer.widget is Widget.CHOICES else "write a value")
    if offer.widget is Widget.CHOICES:
        raw = [None if value == NONE else value for value in raw]
    test = read_test(row.field, offer.operator, raw)
    return Not(test) if offer.negated else test


def _text(row: Row, known: Known) -> Condition | None:
    try:
        condition = known.parse(" ".join(row.values))
    except Invalid as error:
        raise Wrong("; ".join(error.violations.values()) or error.message) from None
    return None if condition == AllOf() else condition
