"""What actions do to a ticket, whoever asks for them: a rule, or a step of a ladder."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from services.domain.actions import Action, ActionKind
from services.domain.categories import NOTHING_BROUGHT, Brought, Category, brought_by, check_offered, line_of
from services.domain.conditions.fields import CUSTOM
from services.domain.errors import Invalid, InvalidTransition
from services.domain.facts import TicketFacts
from services.domain.lifecycle import check_by_hand
from services.domain.routing_facts import ToldTeam
from services.domain.ticket import FieldChange, JsonObject, Priority, TicketStatus

_ORDER = tuple(Priority)


@dataclass(frozen=True, slots=True)
class Acted:
    """The ticket after some actions, the fields they changed, what could not be done and what came along, in words."""

    ticket: TicketFacts
    changes: tuple[FieldChange, ...]
    refused: tuple[str, ...] = ()
    brought: tuple[str, ...] = ()


def act(
    actions: Iterable[Action],
    ticket: TicketFacts,
    *,
    changed_since: Collection[str] = (),
    users: Collection[UUID] | None = None,
    categories: Iterable[Category] = (),
) -> Acted:
    """Do the actions that change fields, one after the other.

    A field in `changed_since`, which somebody has set meanwhile, stays as they set it; of tags only those named change
    anyway. A ticket goes to nobody who is not one of `users`; None: to anybody. A category brings what the other
    actions do not say.
    """
    begun, refused, told = ticket, list[str](), list[str]()
    actions, tree = tuple(actions), {category.id: category for category in categories}
    named = frozenset(_named(actions))
    for action in actions:
        try:
            brought = _brought(action, ticket, tree, named=named)
            wanted = {**brought.values, **dict(_wanted(action, ticket, users=users))}
        except (Invalid, InvalidTransition) as error:
            refused.append(error.message)
            continue
        if "category_id" in wanted and "category_id" in changed_since:
            # What somebody has chosen meanwhile has brought its own.
            continue
        told += [brought.reason] if brought.reason else []
        free = {name: value for name, value in wanted.items() if name not in changed_since or name == "tags"}
        ticket = replace(ticket, **free)
    names = [name for name in _FIELDS if getattr(ticket, name) != getattr(begun, name)]
    changes = [FieldChange(name, _json(getattr(begun, name)), _json(getattr(ticket, name))) for name in names]
    changes += _custom_changes(begun.custom_fields, ticket.custom_fields)
    return Acted(ticket, tuple(changes), tuple(refused), tuple(told))


def without_gone(actions: Iterable[Action], gone: Collection[UUID]) -> Iterator[Action]:
    """The actions without the people who are gone; one that names nobody else is left out."""
    for action in actions:
        if action.user_id is None or action.user_id not in gone:
            yield action
        elif action.team_id is not None:
            yield replace(action, user_id=None)


def changes_of(
    actions: Iterable[Action], ticket: TicketFacts, *, changed_since: Collection[str]
) -> tuple[FieldChange, ...]:
    """The fields that the actions change."""
    return act(actions, ticket, changed_since=changed_since).changes


def rebased_tags(change: FieldChange, present: Sequence[str]) -> FieldChange:
    """The same tags added and taken away, but of these: tags are a set, and others may have changed it meanwhile."""
    old, new = json.loads(change.old), json.loads(change.new)
    kept = [tag for tag in present if tag in new or tag not in old]
    added = [tag for tag in new if tag not in old and tag not in kept]
    return FieldChange(change.field, json.dumps(list(present)), json.dumps([*kept, *added]))


def people_told(actions: Iterable[Action], teams: Iterable[ToldTeam]) -> tuple[UUID, ...]:
    """Whom the actions tell, everybody once."""
    members = {team.team_id: team.user_ids for team in teams}
    told: dict[UUID, None] = {}
    for action in actions:
        if action.kind is ActionKind.NOTIFY:
            told |= dict.fromkeys([action.user_id] if action.user_id is not None else [])
            told |= dict.fromkeys(members.get(action.team_id, ()) if action.team_id is not None else ())
    return tuple(told)


def notes_of(actions: Iterable[Action]) -> tuple[str, ...]:
    """The notes that the actions leave."""
    return tuple(action.note for action in actions if action.kind is ActionKind.NOTE)


# The fields that actions change, in the order in which an event tells them.
_FIELDS = ("status", "priority", "type", "tags", "category_id", "team_id", "assignee_id", "snoozed_until")


def _wanted(action: Action, ticket: TicketFacts, *, users: Collection[UUID] | None) -> Iterator[tuple[str, Any]]:
    match action.kind:
        case ActionKind.RAISE_PRIORITY:
            step_up = _ORDER[min(_ORDER.index(ticket.priority) + 1, len(_ORDER) - 1)]
            wanted = action.priority or step_up
            if _ORDER.index(wanted) > _ORDER.index(ticket.priority):
                yield "priority", wanted
        case ActionKind.SET_PRIORITY:
            yield "priority", action.priority
        case ActionKind.SET_STATUS if action.status is not None:
            yield from _status(action.status, ticket)
        case ActionKind.SET_TYPE:
            yield "type", action.type
        case ActionKind.ASSIGN:
            yield from _owner(action, ticket, users=users)
        case ActionKind.ADD_TAG:
            if action.tag not in ticket.tags:
                yield "tags", (*ticket.tags, action.tag)
        case ActionKind.REMOVE_TAG:
            yield "tags", tuple(tag for tag in ticket.tags if tag != action.tag)
        case ActionKind.SET_CATEGORY:
            yield "category_id", action.category_id
        case ActionKind.SET_CUSTOM_FIELD:
            others = {name: value for name, value in ticket.custom_fields.items() if name != action.field}
            yield "custom_fields", {**others, action.field: action.value} if action.value else others


def _named(actions: Iterable[Action]) -> Iterator[str]:
    """What a category does not bring, since an action says it."""
    for action in actions:
        if action.kind in (ActionKind.SET_PRIORITY, ActionKind.RAISE_PRIORITY):
            yield "priority"
        if action.kind is ActionKind.ASSIGN and action.team_id is not None:
            yield "team_id"


def _brought(action: Action, ticket: TicketFacts, tree: Mapping[UUID, Category], *, named: Iterable[str]) -> Brought:
    """What comes with another category, as when a person sets it; Invalid for one that tickets may not be given."""
    if action.kind is not ActionKind.SET_CATEGORY or action.category_id == ticket.category_id:
        return NOTHING_BROUGHT
    category = None if action.category_id is None else tree.get(action.category_id)
    line = () if category is None else line_of(category, tree)
    check_offered(line)
    brought = brought_by(line, named=named)
    return replace(brought, values={**brought.values, "category_path": line[-1].path})


def _custom_changes(old: JsonObject, new: JsonObject) -> list[FieldChange]:
    """Each field by its own name, and what it was untold: people may have written it."""
    names = [name for name in dict.fromkeys((*old, *new)) if old.get(name) != new.get(name)]
    return [FieldChange(f"{CUSTOM}{name}", "false", json.dumps(new.get(name))) for name in names]


def _status(status: TicketStatus, ticket: TicketFacts) -> Iterator[tuple[str, Any]]:
    check_by_hand(ticket.status, status)
    if ticket.status is TicketStatus.CLOSED and status is not TicketStatus.CLOSED:
        raise InvalidTransition("A closed ticket is reopened by people alone.")
    yield "status", status
    if status.is_settled:
        yield "snoozed_until", None


def _owner(action: Action, ticket: TicketFacts, *, users: Collection[UUID] | None) -> Iterator[tuple[str, Any]]:
    if ticket.status is TicketStatus.CLOSED:
        raise InvalidTransition("A closed ticket cannot be assigned.")
    if action.user_id is not None and users is not None and action.user_id not in users:
        raise InvalidTransition(f"{action.user_id} is no active member of the staff.")
    if action.team_id is not None:
        yield "team_id", action.team_id
    if action.user_id is not None or action.strategy is not None or action.team_id not in (None, ticket.team_id):
        yield "assignee_id", action.user_id


def _json(value: object) -> str:
    if isinstance(value, tuple):
        return json.dumps(list(value))
    return json.dumps(None if value is None else str(value))
