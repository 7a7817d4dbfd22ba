"""Typed custom fields: what a desk wants to know of its tickets, by brand, and which values fit.

A brand without any field takes whatever it is given, as JSON. As soon as it has one, other keys are refused; values
that a ticket has already are left alone, also those of a field that is archived or of a choice that is gone.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from math import isfinite
from typing import Any
from uuid import UUID

from services.domain.errors import Invalid, InvalidTransition
from services.domain.intake import clean_line, clean_text
from services.domain.ticket import JsonObject
from services.domain.words import fold

MOST_FIELDS = 200
LABEL_LENGTH = 100
TEXT_LENGTH = 2000
MOST_CHOICES = 200
CHOICE_LENGTH = 100

_KEY = re.compile(r"[a-z][a-z0-9_]{0,49}", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_EMPTY: tuple[object, ...] = (None, "", [])


class FieldKind(StrEnum):
    """What the values of a field are."""

    TEXT = "text"
    NUMBER = "number"
    CHECKBOX = "checkbox"
    CHOICE = "choice"
    MULTI_CHOICE = "multi_choice"
    DATE = "date"


CHOOSING = frozenset({FieldKind.CHOICE, FieldKind.MULTI_CHOICE})


@dataclass(frozen=True, slots=True)
class TicketField:
    """A field by the `key` that values have it under; no `brand_ids` means all brands. Key and kind never change."""

    id: UUID
    key: str
    label: str
    kind: FieldKind
    choices: tuple[str, ...]
    required_to_create: bool
    required_to_resolve: bool
    brand_ids: tuple[UUID, ...]
    position: int
    archived: bool
    version: int

    def is_of(self, brand_id: UUID) -> bool:
        """Whether tickets of this brand have it."""
        return not self.archived and (not self.brand_ids or brand_id in self.brand_ids)


@dataclass(frozen=True, slots=True)
class TicketFieldFields:
    """What can be said of a field."""

    key: str = ""
    label: str = ""
    kind: FieldKind | None = None
    choices: tuple[str, ...] = ()
    required_to_create: bool = False
    required_to_resolve: bool = False
    brand_ids: tuple[UUID, ...] = ()
    position: int = 0
    archived: bool = False


def check_field(field: TicketField) -> None:
    """Invalid unless the field can be asked for and answered."""
    problems: dict[str, str] = {}
    if not _KEY.fullmatch(field.key):
        problems["key"] = "must be 1 to 50 small letters, digits or _, a letter first, e.g. order_number"
    if not 1 <= len(field.label) <= LABEL_LENGTH or field.label != clean_line(field.label):
        problems["label"] = f"must be one line of 1 to {LABEL_LENGTH} characters"
    if wrong := _choices_problem(field):
        problems["choices"] = wrong
    if not 0 <= field.position <= 999_999:
        problems["position"] = "must be 0 to 999999"
    _raise(problems, "The field")


def check_values(
    fields: Sequence[TicketField], wanted: JsonObject, *, old: JsonObject, creating: bool = False
) -> JsonObject:
    """The values as they are kept, those of a brand's `fields`; Invalid names each that is wrong by its key.

    `creating` asks for those that a new ticket must have.
    """
    if not fields:
        return wanted
    known = {field.key: field for field in fields}
    problems: dict[str, str] = {}
    values: JsonObject = {}
    for key, value in wanted.items():
        if key in old and old[key] == value:
            values[key] = value
        elif key not in known:
            problems[f"custom_fields.{key}"] = f"is no field here: use {', '.join(known)}"
        elif value not in _EMPTY:
            _take(known[key], value, values, problems)
    for field in fields:
        if creating and field.required_to_create and field.key not in values:
            problems.setdefault(f"custom_fields.{field.key}", f"is required: {field.label}, {_wanted(field)}")
    _raise(problems, "The ticket")
    return values


def check_resolvable(fields: Iterable[TicketField], values: JsonObject) -> None:
    """InvalidTransition (FIELDS_MISSING) unless the ticket has what one that is resolved must have."""
    missing = [
        field
        for field in fields
        if field.required_to_resolve and ((value := values.get(field.key)) in _EMPTY or value is False)
    ]
    if missing:
        told = " and ".join(field.label for field in missing)
        raise InvalidTransition(
            f"Before it is resolved, the ticket needs {told}: fill it in first.",
            reason="FIELDS_MISSING",
            metadata={"fields": ",".join(field.key for field in missing)},
        )


def decidable(fields: Iterable[TicketField], values: JsonObject) -> JsonObject:
    """What decisions may keep of the values: numbers, checks, choices and dates, never what a customer wrote."""
    kinds = {field.key: field.kind for field in fields}
    return {
        key: value
        for key, value in values.items()
        if isinstance(value, int | float) or kinds.get(key, FieldKind.TEXT) is not FieldKind.TEXT
    }


def _take(field: TicketField, value: object, values: dict[str, Any], problems: dict[str, str]) -> None:
    try:
        values[field.key] = _READERS[field.kind](field, value)
    except ValueError:
        problems[f"custom_fields.{field.key}"] = f"must be {_wanted(field)}"


def _text(_field: TicketField, value: object) -> str:
    if not isinstance(value, str) or len(value) > TEXT_LENGTH:
        raise ValueError
    return clean_text(value)


def _number(_field: TicketField, value: object) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError
    return value


def _checkbox(_field: TicketField, value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


def _choice(field: TicketField, value: object) -> str:
    by_fold = {fold(choice): choice for choice in field.choices}
    if not isinstance(value, str) or fold(value) not in by_fold:
        raise ValueError
    return by_fold[fold(value)]


def _multi_choice(field: TicketField, value: object) -> list[str]:
    if not isinstance(value, list):
        raise ValueError
    return list(dict.fromkeys(_choice(field, item) for item in value))


def _date(_field: TicketField, value: object) -> str:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise ValueError
    return date.fromisoformat(value).isoformat()


_READERS: Mapping[FieldKind, Callable[[TicketField, object], Any]] = {
    FieldKind.TEXT: _text,
    FieldKind.NUMBER: _number,
    FieldKind.CHECKBOX: _checkbox,
    FieldKind.CHOICE: _choice,
    FieldKind.MULTI_CHOICE: _multi_choice,
    FieldKind.DATE: _date,
}


def _wanted(field: TicketField) -> str:
    match field.kind:
        case FieldKind.TEXT:
            return f"text of at most {TEXT_LENGTH} characters"
        case FieldKind.NUMBER:
            return "a number, e.g. 7 or 7.5"
        case FieldKind.CHECKBOX:
            return "true or false"
        case FieldKind.CHOICE:
            return f"one of {', '.join(field.choices)}"
        case FieldKind.MULTI_CHOICE:
            return f"a list of some of {', '.join(field.choices)}"
        case FieldKind.DATE:
            return "a day as year-month-day, e.g. 2026-01-31"


def _choices_problem(field: TicketField) -> str:
    if field.kind not in CHOOSING:
        return "must be empty: only choices have them" if field.choices else ""
    folded = [fold(choice) for choice in field.choices]
    if not 1 <= len(folded) <= MOST_CHOICES or len(set(folded)) < len(folded):
        return f"must be 1 to {MOST_CHOICES} different ones"
    if any(not 1 <= len(choice) <= CHOICE_LENGTH or choice != clean_line(choice) for choice in field.choices):
        return f"must each be one line of 1 to {CHOICE_LENGTH} characters"
    return ""


def _raise(problems: Mapping[str, str], what: str) -> None:
    if problems:
        told = "; ".join(f"{path} {problem}" for path, problem in problems.items())
        raise Invalid(f"{what} is not valid: {told}.", violations=problems)


def value_of_texts(field: TicketField, texts: Sequence[str]) -> object:
    """What somebody means who can only write text, in a form or in an action; still to be checked."""
    text = texts[-1].strip() if texts else ""
    match field.kind:
        case FieldKind.NUMBER if text:
            return _number_in(text)
        case FieldKind.CHECKBOX:
            return fold(text) in ("true", "yes", "on", "1")
        case FieldKind.MULTI_CHOICE:
            parts = texts if len(texts) > 1 else text.split(",")
            return [part.strip() for part in parts if part.strip()]
    return text


def _number_in(text: str) -> object:
    for read in (int, float):
        with suppress(ValueError):
            if isfinite(number := read(text)):
                return number
    return text
