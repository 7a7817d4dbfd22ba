"""What rules, policies and ladders name: teams, people, brands and so on, and whether they are there. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from services.domain.actions import Action
from services.domain.conditions.fields import CUSTOM
from services.domain.conditions.text_form import parse_text
from services.domain.conditions.tree import tests
from services.domain.errors import Invalid
from services.domain.rules.model import Rule

_MOST_TOLD = 20


class Kind(StrEnum):
    """What is named."""

    TEAM = "team"
    USER = "user"
    BRAND = "brand"
    CATEGORY = "category"
    ORGANISATION = "organisation"
    FIELD = "field"


# By field of a condition.
KINDS: Mapping[str, Kind] = {
    "team": Kind.TEAM,
    "assignee": Kind.USER,
    "brand": Kind.BRAND,
    "category": Kind.CATEGORY,
    "category_tree": Kind.CATEGORY,
    "organisation": Kind.ORGANISATION,
}
_NONE: Mapping[Kind, str] = {
    Kind.TEAM: "names no team",
    Kind.USER: "names nobody who is active on the staff",
    Kind.BRAND: "names no brand",
    Kind.CATEGORY: "names no category",
    Kind.ORGANISATION: "names no organisation",
    Kind.FIELD: "names no custom field",
}


@dataclass(frozen=True, slots=True)
class Named:
    """A thing by its id, a custom field by its key; `place` is the field that names it, `what` begins what is told."""

    kind: Kind
    value: str
    place: str
    what: str = ""


# By kind: what is there, with the name that people know. A kind that is missing is not checked.
Things = Mapping[Kind, Mapping[str, str]]


def check_named(named: Sequence[Named], things: Things, *, of: str, kept: Sequence[Named] = ()) -> None:
    """Invalid with each that is not there and the names of those that are; what was `kept` already may be gone."""
    before = {(each.kind, each.value) for each in kept}
    problems: dict[str, str] = {}
    for each in named:
        there = things.get(each.kind)
        if there is not None and each.value not in there and (each.kind, each.value) not in before:
            problems.setdefault(each.place, f"{each.what}{_NONE[each.kind]}: {_told(there)}")
    if problems:
        told = "; ".join(f"{place} {problem}" for place, problem in problems.items())
        raise Invalid(f"The {of} is not valid: {told}.", violations=problems)


def _told(there: Mapping[str, str]) -> str:
    names = sorted(set(there.values()), key=str.casefold)
    more = ", …" if len(names) > _MOST_TOLD else ""
    return f"use {', '.join(names[:_MOST_TOLD])}{more}" if names else "there is none yet"


def named_by_rule(rule: Rule) -> tuple[Named, ...]:
    """Its brands, what its conditions and actions name, and whoever is told when it is cut."""
    owner = () if rule.owner_id is None else (Named(Kind.USER, str(rule.owner_id), "owner_id"),)
    brands = (Named(Kind.BRAND, str(brand_id), "brand_ids") for brand_id in rule.brand_ids)
    return (*brands, *named_by_conditions(rule.conditions), *named_by_actions(rule.actions), *owner)


def named_by_conditions(conditions: str) -> Iterator[Named]:
    """What conditions name in the text form, which is valid."""
    for test in tests(parse_text(conditions)):
        if test.field.startswith(CUSTOM):
            yield Named(Kind.FIELD, test.field.removeprefix(CUSTOM), "conditions", f"{test.field} ")
        elif test.field in KINDS:
            for value in test.values:
                if isinstance(value, UUID):
                    yield Named(KINDS[test.field], str(value), "conditions", f"{test.field}:{value} ")


def named_by_actions(actions: Sequence[Action], prefix: str = "") -> Iterator[Named]:
    """What actions name, by the fields that do."""
    for index, action in enumerate(actions):
        here = f"{prefix}actions[{index}]"
        for kind, field in _OF_ACTIONS.items():
            if value := getattr(action, field):
                yield Named(kind, str(value), f"{here}.{field}")


_OF_ACTIONS: Mapping[Kind, str] = {
    Kind.TEAM: "team_id",
    Kind.USER: "user_id",
    Kind.CATEGORY: "category_id",
    Kind.FIELD: "field",
}
