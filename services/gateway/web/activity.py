"""What happened to a ticket, in words, and why."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.domain.ticket import Event, EventKind, FieldChange
from services.gateway.web.directory import Directory

# What is on the page anyway, or means nothing to people.
_SILENT = frozenset({"channel", "number", "brand_id", "requester_id", "follow_up_of", "type"})
# The reason of the event says it.
_SILENT |= {"merged_into", "duplicate_of", "parent_id", "spam"}

# All is new, or nobody here knows what it means.
_WITHOUT_FIELDS = frozenset({EventKind.TICKET_CREATED, EventKind.UNREADABLE})


@dataclass(frozen=True, slots=True)
class ChangedField:
    """A field before and after, with names for ids; empty for none."""

    field: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Change:
    """An event for people; `is_automatic` ones say why."""

    event: Event
    who: str
    fields: tuple[ChangedField, ...]
    is_automatic: bool


def changes_of(events: Iterable[Event], directory: Directory, customers: Mapping[str, str]) -> tuple[Change, ...]:
    """The events, newest first; `customers` are those who wrote, by id."""
    return tuple(reversed([_change(event, directory, customers) for event in events]))


def _change(event: Event, directory: Directory, customers: Mapping[str, str]) -> Change:
    told = () if event.kind in _WITHOUT_FIELDS else filter(_is_told, event.changes)
    fields = tuple(_field(change, directory) for change in told)
    who = customers.get(event.actor) or directory.actor(event.actor)
    return Change(event, who, fields, is_automatic=event.decision_id is not None)


def _is_told(change: FieldChange) -> bool:
    return change.field not in _SILENT


def _field(change: FieldChange, directory: Directory) -> ChangedField:
    before, after = json.loads(change.old), json.loads(change.new)
    if change.field == "custom_fields":
        known, now = before or {}, after or {}
        before, after = _differing(known, now), _differing(now, known)
    old, new = (_value(change.field, value, directory) for value in (before, after))
    return ChangedField(change.field.removesuffix("_id"), old, new)


def _differing(fields: dict[str, Any], others: dict[str, Any]) -> list[str]:
    """The custom fields that are not the same on the other side, in words."""
    return [f"{name} {_told(value)}" for name, value in fields.items() if others.get(name) != value]


def _told(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _value(field: str, value: Any, directory: Directory) -> str:
    match field, value:
        case _, None:
            return ""
        case "assignee_id", str():
            return directory.person(UUID(value))
        case "team_id", str():
            return directory.team(UUID(value))
        case "category_id", str():
            return directory.category(UUID(value))
        case "snoozed_by", str():
            return directory.actor(value)
        case _, list():
            return ", ".join(map(str, value))
        case _:
            return str(value).replace("_", " ")
