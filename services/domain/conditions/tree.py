"""A condition on tickets as a small frozen tree: all of, any of, not, and tests of one field."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

DEEPEST = 8
MOST_TESTS = 100
MOST_VALUES = 100


class Operator(StrEnum):
    """How a field is compared with the values; with several of them, any may fit."""

    IS = "is"
    CONTAINS = "contains"
    STARTS = "starts"
    ABOVE = "above"
    AT_LEAST = "at_least"
    BELOW = "below"
    AT_MOST = "at_most"
    MATCHES = "matches"
    WAS = "was"
    CHANGED_TO = "changed_to"


@dataclass(frozen=True, slots=True)
class Name:
    """A name, or `me` or `mine`, in the place of an id: the caller says which ids it stands for."""

    text: str


# None stands for "none": nobody, no team, no tag. A date is the whole day, in UTC.
Value = str | int | Decimal | UUID | Name | datetime | date | timedelta | None


@dataclass(frozen=True, slots=True)
class Test:
    """One field against some values."""

    __test__ = False  # it is no test of ours, whatever pytest thinks of its name

    field: str
    operator: Operator
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    """True when each part is; so the empty one always is."""

    parts: tuple["Condition", ...] = ()


@dataclass(frozen=True, slots=True)
class AnyOf:
    """True when one of the parts is."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """True when the part is not."""

    part: "Condition"


Condition = AllOf | AnyOf | Not | Test


class Wrong(ValueError):
    """What is wrong at one node, and what would be right; the reader of a form adds where it is."""


def all_of(parts: list[Condition]) -> Condition:
    """The parts joined by and: a single one is itself."""
    return parts[0] if len(parts) == 1 else AllOf(tuple(parts))


def nodes(condition: Condition, path: str = "") -> Iterator[tuple[str, Condition]]:
    """Each node with its path in the JSON form, the root's being empty."""
    yield path, condition
    match condition:
        case AllOf(parts) | AnyOf(parts):
            key = "all" if isinstance(condition, AllOf) else "any"
            for index, part in enumerate(parts):
                yield from nodes(part, f"{path}.{key}[{index}]".lstrip("."))
        case Not(part):
            yield from nodes(part, f"{path}.not".lstrip("."))


def tests(condition: Condition) -> Iterator[Test]:
    """Each test of the condition."""
    return (node for _, node in nodes(condition) if isinstance(node, Test))


def map_tests(condition: Condition, change: Callable[[Test], Condition]) -> Condition:
    """The condition with each test changed."""
    match condition:
        case Test():
            return change(condition)
        case Not(part):
            return Not(map_tests(part, change))
        case AllOf(parts):
            return AllOf(tuple(map_tests(part, change) for part in parts))
        case AnyOf(parts):
            return AnyOf(tuple(map_tests(part, change) for part in parts))
