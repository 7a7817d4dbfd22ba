"""The tree of categories: what a ticket is about, and the team and priority that come with it.

A category without a team or a priority of its own has those of the nearest one above it that has. None is deleted: one
that is archived, with all below it, stays on its tickets and is offered no more.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.domain.errors import Invalid
from services.domain.intake import clean_line
from services.domain.ticket import Priority
from services.domain.words import fold

NAME_LENGTH = 100
DEEPEST = 5
MOST_CATEGORIES = 1000
BETWEEN = " / "
# What a category brings, by the names of `Ticket`.
BROUGHT = ("team_id", "priority")


@dataclass(frozen=True, slots=True)
class Category:
    """`path` are the ids from the top of the tree down to its own."""

    id: UUID
    name: str
    parent_id: UUID | None
    team_id: UUID | None
    priority: Priority | None
    archived: bool
    version: int
    path: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class CategoryFields:
    """What can be said of a category; `parent_id` is None at the top of the tree."""

    name: str = ""
    parent_id: UUID | None = None
    team_id: UUID | None = None
    priority: Priority | None = None
    archived: bool = False


@dataclass(frozen=True, slots=True)
class Brought:
    """What a category gives to a ticket, by the names of `Ticket`, and why."""

    values: Mapping[str, Any]
    reason: str


NOTHING_BROUGHT = Brought({}, "")


def check_category_name(name: str) -> str:
    """The name on one line; Invalid unless it has 1 to 100 characters and cannot be taken for a place in the tree."""
    name = clean_line(name)
    if not 1 <= len(name) <= NAME_LENGTH or "/" in name:
        problem = f"must have 1 to {NAME_LENGTH} characters and no slash"
        raise Invalid(f"The name of a category {problem}.", violations={"name": problem})
    return name


def path_under(category_id: UUID, parent: Category | None, *, height: int = 1) -> tuple[UUID, ...]:
    """The path of a category under this parent; `height` counts it and the longest line of those below it.

    Invalid for a parent that is below it or archived, or when the tree would become too deep.
    """
    above = parent.path if parent else ()
    problem = ""
    if category_id in above:
        problem = "cannot be the category itself or one below it"
    elif parent is not None and parent.archived:
        problem = "is archived: restore it first, or choose another one"
    elif len(above) + height > DEEPEST:
        problem = f"is too far down: the tree is at most {DEEPEST} categories deep"
    if problem:
        raise Invalid(f"The category above it {problem}.", violations={"parent_id": problem})
    return (*above, category_id)


def check_offered(line: Sequence[Category]) -> None:
    """Invalid unless tickets may be given the last category of this line; an empty one is of none that there is."""
    problem = ""
    if not line:
        problem = "is not known: write a category's id, its name or its place in the tree"
    elif line[-1].archived:
        problem = f"{place_of(line)} is archived: choose another one, or restore it"
    if problem:
        raise Invalid(f"The category {problem}.", violations={"category": problem})


def brought_by(line: Sequence[Category], *, named: Iterable[str]) -> Brought:
    """What the last of this line from the top of the tree brings, but for what the caller has `named`."""
    wanted = [field for field in BROUGHT if field not in set(named)]
    found: dict[str, Any] = {}
    for field in wanted:
        values = [value for category in line if (value := getattr(category, field)) is not None]
        found |= {field: values[-1]} if values else {}
    told = " and ".join(field.removesuffix("_id") for field in found)
    return Brought(found, f"the category {place_of(line)} brings its {told}" if found else "")


def place_of(line: Sequence[Category]) -> str:
    """Where a category is in the tree: "Orders / Refunds"."""
    return BETWEEN.join(category.name for category in line)


def find_category(text: str, categories: Iterable[Category]) -> tuple[Category, ...]:
    """The line from the top of the tree to the category of this id, name or place; Invalid unless it is one."""
    by_id = {category.id: category for category in categories}
    found = [by_id[key] for key in names_of(by_id.values()).get(fold(text), ()) if not by_id[key].archived]
    with suppress(ValueError):
        found = [category for category in [by_id.get(UUID(text))] if category is not None]
    if len(found) > 1:
        places = " or ".join(place_of(line_of(category, by_id)) for category in found)
        problem = f"{text!r} is the name of several: write {places}"
        raise Invalid(f"The category is not clear: {problem}.", violations={"category": problem})
    line = line_of(found[0], by_id) if found else ()
    check_offered(line)
    return line


def in_order(categories: Iterable[Category]) -> tuple[Category, ...]:
    """The tree from its top, each category before those below it, side by side by name."""
    by_id = {category.id: category for category in categories}
    return tuple(sorted(by_id.values(), key=lambda category: [fold(one.name) for one in line_of(category, by_id)]))


def line_of(category: Category, by_id: Mapping[UUID, Category]) -> tuple[Category, ...]:
    """The categories from the top of the tree down to this one."""
    return tuple(by_id[step] for step in category.path)


def on_lines(categories: Iterable[Category], ids: Collection[UUID]) -> tuple[Category, ...]:
    """These categories, with all above them."""
    known = {category.id: category for category in categories}
    wanted = {step for category_id in ids if category_id in known for step in known[category_id].path}
    return tuple(category for category in known.values() if category.id in wanted)


def with_present(then: Iterable[Category], present: Iterable[Category]) -> tuple[Category, ...]:
    """Categories as they were, and the others as they are."""
    return tuple({category.id: category for category in (*present, *then)}.values())


def names_of(categories: Iterable[Category]) -> dict[str, tuple[UUID, ...]]:
    """The ids that a folded name or place in the tree stands for."""
    by_id = {category.id: category for category in categories}
    found: dict[str, tuple[UUID, ...]] = {}
    for category in by_id.values():
        place = place_of(line_of(category, by_id))
        for name in {fold(category.name), fold(place), fold(place.replace(BETWEEN, "/"))}:
            found[name] = (*found.get(name, ()), category.id)
    return found
