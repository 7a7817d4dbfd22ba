"""Macros and canned replies: a text with placeholders, and what is done to the ticket when it is sent.

A canned reply is a macro without actions. Placeholders are replaced once by plain text, and nothing is evaluated.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from services.domain.actions import MOST_ACTIONS, Action, ActionKind, action_problems
from services.domain.errors import Forbidden, Invalid
from services.domain.intake import clean_line, clean_text
from services.domain.message import Visibility
from services.domain.principal import Principal
from services.domain.templates import placeholders_in, substitute
from services.domain.ticket import Brand, Priority, Ticket
from services.domain.ticket_fields import TicketField, value_of_texts

NAME_LENGTH = 100
REPLY_LENGTH = 10_000
MOST_MACROS = 2000
MANAGE = "macros.manage"
PLACEHOLDERS = ("name", "first_name", "number", "subject", "brand", "agent")
# What a macro can do; the rest needs a moment at which nobody is there to do it.
KINDS = (
    ActionKind.SET_PRIORITY,
    ActionKind.RAISE_PRIORITY,
    ActionKind.SET_STATUS,
    ActionKind.SET_TYPE,
    ActionKind.SET_CATEGORY,
    ActionKind.ADD_TAG,
    ActionKind.REMOVE_TAG,
    ActionKind.SET_CUSTOM_FIELD,
    ActionKind.ASSIGN,
    ActionKind.SNOOZE,
    ActionKind.NOTE,
)
_ORDER = tuple(Priority)


@dataclass(frozen=True, slots=True)
class Macro:
    """Somebody's own (`user_id`), a team's, or with neither everybody's; an empty `reply` says nothing."""

    id: UUID
    name: str
    user_id: UUID | None
    team_id: UUID | None
    reply: str
    visibility: Visibility
    actions: tuple[Action, ...]
    version: int

    @property
    def cause(self) -> str:
        """How events name it."""
        return f"macro {self.id}/{self.version}"

    @property
    def reason(self) -> str:
        """How events tell of it."""
        return f"macro {self.name}, version {self.version}"


@dataclass(frozen=True, slots=True)
class MacroFields:
    """What can be said of a macro."""

    name: str = ""
    user_id: UUID | None = None
    team_id: UUID | None = None
    reply: str = ""
    visibility: Visibility | None = None
    actions: tuple[Action, ...] = ()


def check_macro(macro: Macro) -> Macro:
    """The macro with its texts cleaned; Invalid with all that is wrong."""
    macro = replace(macro, name=clean_line(macro.name), reply=clean_text(macro.reply).strip())
    problems: dict[str, str] = {}
    if not 1 <= len(macro.name) <= NAME_LENGTH:
        problems["name"] = f"must have 1 to {NAME_LENGTH} characters"
    if macro.user_id is not None and macro.team_id is not None:
        problems["team_id"] = "must be empty for somebody's own macro"
    unknown = [name for name in placeholders_in(macro.reply) if name not in PLACEHOLDERS]
    if unknown:
        known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        problems["reply"] = f"has unknown placeholders, {{{'}, {'.join(unknown)}}}: use {known}"
    elif len(macro.reply) > REPLY_LENGTH:
        problems["reply"] = f"must have at most {REPLY_LENGTH} characters"
    elif not macro.reply and not macro.actions:
        problems["reply"] = "must not be empty when there is no action"
    problems |= {f"actions[{place}]": problem for place, problem in _action_problems(macro.actions)}
    if problems:
        told = "; ".join(f"{field} {problem}" for field, problem in problems.items())
        raise Invalid(f"The macro is not valid: {told}.", violations=problems)
    return macro


def check_owner(macro: Macro, principal: Principal) -> None:
    """Forbidden unless it is the caller's own, or theirs to manage."""
    if macro.user_id is None:
        principal.require(MANAGE)
    elif str(macro.user_id) != principal.subject:
        raise Forbidden("This is somebody else's own macro: only they can change it.")


def may_use(macro: Macro, principal: Principal) -> bool:
    """Whether it is shared, or the caller's own."""
    return macro.user_id is None or str(macro.user_id) == principal.subject


def fill_reply(macro: Macro, ticket: Ticket, brand: Brand, *, agent: str) -> str:
    """The reply for this ticket."""
    name = ticket.requester.name
    return substitute(
        macro.reply,
        {
            "name": name or ticket.requester.email,
            "first_name": name.split()[0] if name.split() else "",
            "number": str(ticket.number),
            "subject": ticket.subject,
            "brand": brand.name,
            "agent": agent,
        },
    )


def wanted_of(macro: Macro, ticket: Ticket, fields: Iterable[TicketField]) -> dict[str, Any]:
    """The values that the actions want, by the names of `Ticket`; `some_custom_fields` are single ones."""
    values: dict[str, Any] = {}
    known = {field.key: field for field in fields}
    for action in macro.actions:
        for field, value in _values(action, replace(ticket, **_of_ticket(values)), known):
            values[field] = values.get(field, {}) | value if field == "some_custom_fields" else value
    return values


def notes_of(macro: Macro) -> tuple[str, ...]:
    """The notes that the actions leave."""
    return tuple(action.note for action in macro.actions if action.kind is ActionKind.NOTE)


def snooze_until(macro: Macro, *, now: datetime) -> datetime | None:
    """Until when the actions put the ticket away."""
    spans = [action.duration for action in macro.actions if action.kind is ActionKind.SNOOZE]
    return now + spans[-1] if spans and spans[-1] else None


def _of_ticket(values: Mapping[str, Any]) -> dict[str, Any]:
    return {field: value for field, value in values.items() if field != "some_custom_fields"}


def _values(action: Action, ticket: Ticket, fields: Mapping[str, TicketField]) -> Iterator[tuple[str, Any]]:
    match action.kind:
        case ActionKind.SET_PRIORITY:
            yield "priority", action.priority
        case ActionKind.RAISE_PRIORITY:
            step_up = _ORDER[min(_ORDER.index(ticket.priority) + 1, len(_ORDER) - 1)]
            yield "priority", max(action.priority or step_up, ticket.priority, key=_ORDER.index)
        case ActionKind.SET_STATUS:
            yield "status", action.status
        case ActionKind.SET_TYPE:
            yield "type", action.type
        case ActionKind.SET_CATEGORY:
            yield "category_id", action.category_id
        case ActionKind.ADD_TAG:
            yield "tags", tuple(dict.fromkeys((*ticket.tags, action.tag)))
        case ActionKind.REMOVE_TAG:
            yield "tags", tuple(tag for tag in ticket.tags if tag != action.tag)
        case ActionKind.SET_CUSTOM_FIELD:
            field = fields.get(action.field)
            value = value_of_texts(field, [action.value]) if field and action.value else action.value
            yield "some_custom_fields", {action.field: value or None if value is not False else False}
        case ActionKind.ASSIGN:
            yield from _assignment(action, ticket)


def _assignment(action: Action, ticket: Ticket) -> Iterator[tuple[str, Any]]:
    """A ticket that goes to another team waits there for somebody of it, unless a person is named."""
    if action.team_id is not None:
        yield "team_id", action.team_id
    if action.user_id is not None or action.team_id not in (None, ticket.team_id):
        yield "assignee_id", action.user_id


def _action_problems(actions: tuple[Action, ...]) -> Iterator[tuple[int, str]]:
    if len(actions) > MOST_ACTIONS:
        yield MOST_ACTIONS, f"is one too many: there are at most {MOST_ACTIONS}"
    for place, action in enumerate(actions):
        if action.kind not in KINDS:
            yield place, f"cannot be done by a macro: use {', '.join(KINDS)}"
        elif problems := list(action_problems(action)):
            yield place, "; ".join(problems)
        elif action.strategy is not None:
            yield place, "must name a team or a user: a macro knows no strategies"
        elif action.calendar_id is not None:
            yield place, "must be a time around the clock: a macro knows no calendars"
