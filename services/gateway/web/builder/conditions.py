"""The part of a form in which conditions are put together: its rows, the same as text, and the same in plain words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from starlette.datastructures import FormData

from services.domain.conditions.fields import CUSTOM, FIELDS, NONE, Kind, find_field
from services.domain.conditions.tree import AllOf, Condition
from services.domain.errors import Invalid
from services.gateway.web.builder.draft import (
    AS_TEXT,
    MOST_GROUPS,
    Built,
    Group,
    Mode,
    Row,
    build,
    draft_of,
    offer_of,
)
from services.gateway.web.builder.form import Press, change, join_list, read_group, typed_as
from services.gateway.web.builder.known import Known, field_choices
from services.gateway.web.builder.offers import Offer, Place
from services.gateway.web.shapes import dashed

UNITS = ("m", "h", "d", "w")


@dataclass(frozen=True, slots=True)
class RowShown:
    """A row as a template draws it; `problem` is empty unless the form was to be saved."""

    name: str
    row: Row
    offers: Sequence[Offer]
    offer: Offer | None
    choices: Sequence[tuple[str, str]]
    typed_for: str
    problem: str
    is_known: bool = False

    @property
    def is_custom(self) -> bool:
        """Whether its field has a name that is typed."""
        return self.row.field.startswith(CUSTOM) and not self.is_known

    @property
    def line(self) -> str:
        """The values in one line."""
        return join_list(self.row.values)

    @property
    def amount(self) -> str:
        """The number of a time span."""
        return self.row.values[0].rstrip("".join(UNITS)) if self.row.values else ""

    @property
    def unit(self) -> str:
        """The unit of a time span; days until one is chosen."""
        return next((unit for unit in UNITS if self.row.values and self.row.values[0].endswith(unit)), "d")


@dataclass(frozen=True, slots=True)
class GroupShown:
    """A group as a template draws it."""

    name: str
    mode: Mode
    parts: "tuple[RowShown | GroupShown, ...]"
    may_have_groups: bool


@dataclass(frozen=True, slots=True)
class ConditionPart:
    """The part called `name`; `problem` is about all of it, `text_problem` about its text.

    `told` is where a page reads it back, with more than this part.
    """

    name: str
    place: Place
    known: Known
    draft: Group
    built: Built = field(default_factory=Built)
    text: str = ""
    text_before: str = ""
    text_problem: str = ""
    problem: str = ""
    pressed: bool = False
    told: str = ""

    @property
    def told_id(self) -> str:
        """Where on the page it is read back."""
        return self.told or f"{dashed(self.name)}-told"

    @property
    def condition(self) -> Condition:
        """What it says; Invalid with what is wrong, by row."""
        if self.text_problem:
            raise Invalid("The conditions are not valid.", violations={f"{self.name}.text": self.text_problem})
        if self.built.wrong:
            wrong = {f"{self.name}.{path}": problem for path, problem in self.built.wrong.items()}
            raise Invalid("The conditions are not valid.", violations=wrong)
        return self.built.condition

    @property
    def sentence(self) -> str:
        """What it says so far, in plain words."""
        return self.known.read_back(self.built.condition)

    @property
    def is_empty(self) -> bool:
        """Whether it asks for nothing."""
        return self.built.condition == AllOf()

    @property
    def fields(self) -> Mapping[str, Sequence[str]]:
        """What a row may choose from: not where there is nothing to choose."""
        return {
            about: [name for name in names if FIELDS[name].kind is not Kind.IDENTITY or self.known.of(name)]
            for about, names in self.place.groups.items()
        }

    @property
    def group(self) -> GroupShown:
        """All rows and groups."""
        return self._group(self.draft, self.name, "", depth=0)

    @property
    def problems(self) -> Iterator[str]:
        """What is wrong with rows that are filled in, while they are being written."""
        rows = dict(self.draft.rows())
        return (problem for path, problem in self.built.wrong.items() if rows[path].values)

    def _group(self, group: Group, name: str, path: str, *, depth: int) -> GroupShown:
        shown: list[RowShown | GroupShown] = []
        for index, part in enumerate(group.parts):
            here = f"{path}.{index}".lstrip(".")
            if isinstance(part, Row):
                shown.append(self._row(part, f"{name}.{index}", here))
            else:
                shown.append(self._group(part, f"{name}.{index}", here, depth=depth + 1))
        return GroupShown(name, group.mode, tuple(shown), depth < MOST_GROUPS)

    def _row(self, row: Row, name: str, path: str) -> RowShown:
        offer = None if row.field in ("", AS_TEXT) else offer_of(row, self.place)
        return RowShown(
            name=name,
            row=row,
            offers=self.place.offers(row.field) if offer else (),
            offer=offer,
            choices=tuple(self._choices(row)) if offer else (),
            typed_for=typed_as(row, self.place),
            problem="" if self.pressed else self.built.wrong.get(path, ""),
            is_known=self.place.custom(row.field) is not None,
        )

    def _choices(self, row: Row) -> Iterator[tuple[str, str]]:
        """What may be chosen for the field; what is chosen stays even when it is gone."""
        known = find_field(row.field)
        found = [(value, "") for value in known.choices]
        if (custom := self.place.custom(row.field)) is not None:
            found = field_choices(custom)
        found += [(str(thing_id), name) for thing_id, name in self.known.of(row.field).items()]
        if known.may_be_none:
            found.append((NONE, ""))
        yield from found
        values = {value for value, _ in found}
        yield from ((value, self._gone(value)) for value in row.values if value not in values)

    def _gone(self, value: str) -> str:
        try:
            return self.known.name(UUID(value))
        except ValueError:
            return value


def condition_part(name: str, condition: Condition, place: Place, known: Known) -> ConditionPart:
    """The part as it begins."""
    place = place.knowing(known.fields)
    return _ready(ConditionPart(name, place, known, draft_of(condition, place, known)))


def read_condition_part(
    sent: FormData, name: str, place: Place, known: Known, press: Press | None = None
) -> ConditionPart:
    """The part as it was sent, after its button if one was pressed. Its text counts when somebody changed it."""
    place = place.knowing(known.fields)
    draft = read_group(sent, name, place)
    text, before = (str(sent.get(f"{name}.{which}", "")).strip() for which in ("text", "text_before"))
    if text != before:
        try:
            read = draft_of(known.parse(text), place, known)
            return _ready(ConditionPart(name, place, known, read, pressed=press is not None))
        except Invalid as error:
            problem = "; ".join(error.violations.values()) or error.message
            part = ConditionPart(name, place, known, draft, text_problem=problem, pressed=press is not None)
            return replace(_ready(part), text=text)
    path = press.path_in(name) if press else None
    if press and path is not None:
        draft = change(draft, press, path)
    return _ready(ConditionPart(name, place, known, draft, pressed=press is not None))


def _ready(part: ConditionPart) -> ConditionPart:
    built = build(part.draft, part.place, part.known)
    text = _text(part.known, built.condition)
    return replace(part, built=built, text=text, text_before=text)


def _text(known: Known, condition: Condition) -> str:
    try:
        return known.format(condition)
    except Invalid:
        return ""  # only rows can say it
