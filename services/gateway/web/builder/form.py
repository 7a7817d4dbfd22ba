"""The builder's parts in forms: the names of their fields, and what their buttons do. Pure.

The rows of a part called `conditions` are `conditions.0.field`, `conditions.1.mode`, `conditions.1.0.field` and so on.
A button of a part is called `build`; its value is what to do and where: `row conditions.1`, `remove conditions.1.0`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from starlette.datastructures import FormData

from services.domain.conditions.fields import CUSTOM
from services.gateway.web.builder.draft import MOST_GROUPS, Group, Mode, Row, offer_of
from services.gateway.web.builder.offers import Place

BUILD = "build"
_INDEX = re.compile(r"\[(\d+)\]")
_VALUE = re.compile(r'\s*(?:"(?P<quoted>(?:[^"]|"")*)"\s*(?=,|$)|(?P<bare>[^,]*))(?:,|$)')


@dataclass(frozen=True, slots=True)
class Press:
    """A button that was pressed: what to do, and at which row, group or action."""

    what: str
    place: str

    def path_in(self, part: str) -> tuple[int, ...] | None:
        """The path in the part; None when the button belongs to another one."""
        if self.place == part:
            return ()
        steps = self.place.removeprefix(f"{part}.").split(".")
        belongs = self.place.startswith(f"{part}.") and all(step.isascii() and step.isdigit() for step in steps)
        return tuple(map(int, steps)) if belongs else None


def pressed(sent: FormData) -> Press | None:
    """The button of a part that sent the form; None when the form is to be saved."""
    what, _, place = str(sent.get(BUILD, "")).partition(" ")
    return Press(what, place) if what else None


def numbered(sent: FormData, part: str) -> list[str]:
    """The names of what stands in a part, in order: `part.0`, `part.2`."""
    begin = f"{part}."
    found = {name.removeprefix(begin).partition(".")[0] for name in sent if name.startswith(begin)}
    return [f"{part}.{index}" for index in sorted(int(step) for step in found if step.isascii() and step.isdigit())]


def read_group(sent: FormData, part: str, place: Place, *, depth: int = 0) -> Group:
    """The rows of a part as they were typed."""
    mode = str(sent.get(f"{part}.mode", ""))
    parts: list[Row | Group] = []
    for name in numbered(sent, part):
        if f"{name}.mode" not in sent:
            parts.append(_row(sent, name, place))
        elif depth < MOST_GROUPS:
            parts.append(read_group(sent, name, place, depth=depth + 1))
    return Group(Mode(mode) if mode in set(Mode) else Mode.ALL, tuple(parts))


def _row(sent: FormData, name: str, place: Place) -> Row:
    field = str(sent.get(f"{name}.field", ""))
    if field == CUSTOM:
        field += str(sent.get(f"{name}.name", "")).strip()
    row = Row(field, str(sent.get(f"{name}.operator", "")))
    # What was typed for another field, or in another way, means nothing for this one.
    typed_for = sent.get(f"{name}.typed_for")
    return row if typed_for not in (None, typed_as(row, place)) else replace(row, values=_values(sent, name))


def typed_as(row: Row, place: Place) -> str:
    """What the values of the row are for, and how they are typed."""
    offer = offer_of(row, place)
    what = row.field if place.custom(row.field) else row.field.partition(".")[0]
    return f"{what} {offer.widget if offer else ''}"


def _values(sent: FormData, name: str) -> tuple[str, ...]:
    """Whichever way they were typed: checked, in one line, as a number with a unit."""
    if f"{name}.list" in sent:
        return split_list(str(sent.get(f"{name}.list")))
    if f"{name}.amount" in sent:
        amount = str(sent.get(f"{name}.amount")).strip()
        return (f"{amount}{sent.get(f'{name}.unit', '')}",) if amount else ()
    return tuple(text for value in sent.getlist(f"{name}.value") if (text := str(value).strip()))


def form_names(violations: Mapping[str, str]) -> dict[str, str]:
    """What is wrong by the names of the form: a service's `steps[0].actions[1]` is `steps.0.actions.1`."""
    return {_INDEX.sub(r".\1", name): problem for name, problem in violations.items()}


def split_list(text: str) -> tuple[str, ...]:
    """`refund, "late, parcel"` as its values."""
    found = (match["bare"] if match["quoted"] is None else match["quoted"].replace('""', '"') for match in _all(text))
    return tuple(value.strip() for value in found if value.strip())


def _all(text: str) -> list[re.Match[str]]:
    return list(_VALUE.finditer(text))


def join_list(values: Sequence[str]) -> str:
    """The line that split_list reads."""
    return ", ".join('"{}"'.format(value.replace('"', '""')) if set(value) & {",", '"'} else value for value in values)


def change(group: Group, press: Press, path: tuple[int, ...]) -> Group:
    """The group after a button was pressed at the path."""
    if path and press.what == "remove":
        return _remove(group, path)
    if path:
        first, *rest = path
        return replace(
            group,
            parts=tuple(
                change(part, press, tuple(rest)) if index == first and isinstance(part, Group) else part
                for index, part in enumerate(group.parts)
            ),
        )
    match press.what:
        case "row":
            return replace(group, parts=(*group.parts, Row()))
        case "group":
            other = Mode.ANY if group.mode in (Mode.ALL, Mode.NOT_ALL) else Mode.ALL
            return replace(group, parts=(*group.parts, Group(other, (Row(),))))
    return group


def _remove(group: Group, path: tuple[int, ...]) -> Group:
    first, *rest = path
    parts: list[Row | Group] = []
    for index, part in enumerate(group.parts):
        if index != first:
            parts.append(part)
        elif rest and isinstance(part, Group):
            parts.append(_remove(part, tuple(rest)))
    return replace(group, parts=tuple(parts))
