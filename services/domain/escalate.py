"""What a step of a ladder does to a ticket."""

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from uuid import UUID

from services.domain.actions import Action, ActionKind
from services.domain.decision import TicketFacts, ToldTeam
from services.domain.ticket import FieldChange, Priority

_ORDER = tuple(Priority)


def without_gone(actions: Iterable[Action], gone: Collection[UUID]) -> Iterator[Action]:
    """The actions without the people who are gone; one that names nobody else is left out."""
    for action in actions:
        if action.user_id is None or action.user_id not in gone:
            yield action
        elif action.team_id is not None:
            yield replace(action, user_id=None)


def changes_of(
    actions: Collection[Action], ticket: TicketFacts, *, changed_since: Collection[str]
) -> tuple[FieldChange, ...]:
    """The fields that change; a field that somebody has set since the step was due stays as they set it."""
    changes: dict[str, FieldChange] = {}
    for action in actions:
        for field, new in _wanted(action, ticket):
            old = getattr(ticket, field)
            if field not in changed_since and new != old:
                changes[field] = FieldChange(field, _json(old), _json(new))
    return tuple(changes.values())


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


def _wanted(action: Action, ticket: TicketFacts) -> Iterator[tuple[str, object]]:
    match action.kind:
        case ActionKind.RAISE_PRIORITY:
            step_up = _ORDER[min(_ORDER.index(ticket.priority) + 1, len(_ORDER) - 1)]
            wanted = action.priority or step_up
            if _ORDER.index(wanted) > _ORDER.index(ticket.priority):
                yield "priority", wanted
        case ActionKind.ASSIGN:
            if action.team_id is not None:
                yield "team_id", action.team_id
            if action.user_id is not None or action.team_id not in (None, ticket.team_id):
                yield "assignee_id", action.user_id
        case ActionKind.ADD_TAG:
            if action.tag not in ticket.tags:
                yield "tags", (*ticket.tags, action.tag)


def _json(value: object) -> str:
    if isinstance(value, tuple):
        return json.dumps(list(value))
    return json.dumps(None if value is None else str(value))
