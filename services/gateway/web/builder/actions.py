"""The part of a form in which actions are put together: several of any kind, in their order."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from starlette.datastructures import FormData

from services.domain.actions import Action, ActionKind, action_problems
from services.domain.errors import Invalid
from services.domain.routing_facts import AssignmentStrategy
from services.domain.ticket import Priority, TicketStatus
from services.domain.ticket_fields import FieldKind
from services.gateway.web.builder.form import Press, form_names, numbered
from services.gateway.web.builder.known import Known, field_choices
from services.gateway.web.level_forms import duration_text, read_duration
from services.gateway.web.shapes import dashed


class Control(StrEnum):
    """What a part of an action is typed in; the names of things are those of Known."""

    PRIORITY = "priority"
    STATUS = "status"
    TEAM = "team"
    PERSON = "assignee"
    CATEGORY = "category"
    POLICY = "sla_policy"
    CALENDAR = "calendar"
    STRATEGY = "strategy"
    SPAN = "span"
    TEXT = "text"
    AREA = "area"
    FIELD = "field"
    VALUE = "value"
    DAY = "day"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class Input:
    """A part of an action: `name` is that of the field of Action."""

    name: str
    control: Control


_PRIORITY, _TAG = Input("priority", Control.PRIORITY), Input("tag", Control.TEXT)
_TEAM, _PERSON = Input("team_id", Control.TEAM), Input("user_id", Control.PERSON)
# What each kind of action is made of, in the order in which they are offered.
INPUTS: Mapping[ActionKind, tuple[Input, ...]] = {
    ActionKind.ASSIGN: (_TEAM, _PERSON, Input("strategy", Control.STRATEGY)),
    ActionKind.SET_PRIORITY: (_PRIORITY,),
    ActionKind.RAISE_PRIORITY: (_PRIORITY,),
    ActionKind.SET_STATUS: (Input("status", Control.STATUS),),
    ActionKind.SET_TYPE: (Input("type", Control.TEXT),),
    ActionKind.SET_CATEGORY: (Input("category_id", Control.CATEGORY),),
    ActionKind.ADD_TAG: (_TAG,),
    ActionKind.REMOVE_TAG: (_TAG,),
    ActionKind.SET_CUSTOM_FIELD: (Input("field", Control.FIELD), Input("value", Control.VALUE)),
    ActionKind.SET_SLA_POLICY: (Input("policy_id", Control.POLICY),),
    ActionKind.NOTIFY: (_TEAM, _PERSON),
    ActionKind.ADD_FOLLOWER: (_PERSON,),
    ActionKind.REPLY: (Input("text", Control.AREA),),
    ActionKind.NOTE: (Input("note", Control.AREA),),
    ActionKind.SNOOZE: (Input("duration", Control.SPAN), Input("calendar_id", Control.CALENDAR)),
    ActionKind.LINK_TO_PARENT: (Input("parent_id", Control.TEXT),),
}
_READERS: Mapping[Control, Callable[[str], Any]] = {
    Control.PRIORITY: Priority,
    Control.STATUS: TicketStatus,
    Control.STRATEGY: AssignmentStrategy,
    Control.SPAN: read_duration,
    Control.TEXT: str,
    Control.AREA: str,
    Control.FIELD: str,
    Control.VALUE: str,
}
# What a value of a custom field is typed in; any other is text.
_OF_FIELDS: Mapping[FieldKind, Control] = {
    FieldKind.CHECKBOX: Control.CHOICE,
    FieldKind.CHOICE: Control.CHOICE,
    FieldKind.DATE: Control.DAY,
}
# What there must be one of before it can be chosen.
_CHOSEN = (Control.CATEGORY, Control.POLICY)
# Which ticket is the parent is for people to say.
_NOT_OFFERED = (ActionKind.LINK_TO_PARENT,)


@dataclass(frozen=True, slots=True)
class ActionRow:
    """An action as typed; the kind is empty until one is chosen."""

    kind: str = ""
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ActionPart:
    """The part called `name`; `wrong` tells by row what is wrong, `problem` what is with all of it."""

    name: str
    known: Known
    rows: tuple[ActionRow, ...] = ()
    wrong: Mapping[int, str] = field(default_factory=dict)
    problem: str = ""
    pressed: bool = False
    allowed: Collection[ActionKind] = ()
    told: str = ""

    @property
    def told_id(self) -> str:
        """Where on the page it is read back."""
        return self.told or f"{dashed(self.name)}-told"

    @property
    def kinds(self) -> tuple[ActionKind, ...]:
        """What may be chosen: of those that are `allowed` (all if none is), not what lacks its things."""
        lacking = {control for control in _CHOSEN if not self.known.of(control)}
        return tuple(
            kind
            for kind, inputs in INPUTS.items()
            if kind in (self.allowed or INPUTS) and not lacking & {each.control for each in inputs}
        )

    @property
    def actions(self) -> tuple[Action, ...]:
        """What the rows say; Invalid with what is wrong, by row."""
        read, wrong = [], {}
        for index, row in enumerate(self.rows):
            try:
                read.append(_action(row))
            except ValueError as error:
                wrong[f"{self.name}.{index}"] = str(error)
        if wrong:
            raise Invalid("The actions are not valid.", violations=wrong)
        return tuple(read)

    @property
    def said(self) -> tuple[Action, ...]:
        """What the rows say so far."""
        return tuple(self._said())

    def _said(self) -> Iterator[Action]:
        for row in self.rows:
            try:
                yield _action(row)
            except ValueError:
                continue

    def with_problems(self, violations: Mapping[str, str]) -> "ActionPart":
        """The part with what is wrong at its rows, whether the form or a service found it."""
        named = form_names(violations)
        wrong = {
            index: problem
            for index in range(len(self.rows))
            for name, problem in named.items()
            if f"{name}.".startswith(f"{self.name}.{index}.")
        }
        return replace(self, wrong=wrong, problem=named.get(self.name, ""))

    def choices(self, control: Control, row: ActionRow) -> list[tuple[str, str]]:
        """What may be chosen, by value, with the name of a thing; empty for what is written."""
        match control:
            case Control.PRIORITY:
                return [(priority.value, "") for priority in Priority]
            case Control.STATUS:
                return [(status.value, "") for status in TicketStatus if status is not TicketStatus.NEW]
            case Control.STRATEGY:
                return [(strategy.value, "") for strategy in AssignmentStrategy]
            case Control.FIELD:
                return list(self.known.labels.items())
            case Control.CHOICE:
                return field_choices(self.known.fields[row.values["field"]])
        return [(str(thing_id), name) for thing_id, name in self.known.of(control).items()]

    def inputs(self, row: ActionRow) -> tuple[Input, ...]:
        """What an action of the row's kind is made of, as it is typed here."""
        inputs = INPUTS[ActionKind(row.kind)] if row.kind else ()
        return tuple(replace(each, control=self._control(each.control, row)) for each in inputs)

    def _control(self, control: Control, row: ActionRow) -> Control:
        """A custom field is chosen where the desk has some, and its values as it has them."""
        if control is Control.FIELD:
            return control if self.known.fields else Control.TEXT
        if control is not Control.VALUE:
            return control
        field = self.known.fields.get(row.values.get("field", ""))
        return Control.TEXT if field is None else _OF_FIELDS.get(field.kind, Control.TEXT)


def action_part(
    name: str, actions: Sequence[Action], known: Known, *, allowed: Collection[ActionKind] = ()
) -> ActionPart:
    """The part as it begins."""
    return ActionPart(name, known, tuple(map(_row, actions)), allowed=allowed)


def read_action_part(
    sent: FormData, name: str, known: Known, press: Press | None = None, *, allowed: Collection[ActionKind] = ()
) -> ActionPart:
    """The part as it was sent, after its button if one was pressed."""
    rows = [_read(sent, each) for each in numbered(sent, name)]
    path = press.path_in(name) if press else None
    if press and path is not None:
        rows = change_rows(rows, press.what, path)
    rows = [_fitting(row, known) for row in rows] if press else rows
    return ActionPart(name, known, tuple(rows), pressed=press is not None, allowed=allowed)


def change_rows(rows: Sequence[Any], what: str, path: tuple[int, ...]) -> list[Any]:
    """The rows of actions after a button was pressed."""
    changed = list(rows)
    if not path:
        return [*changed, ActionRow()] if what == "action" else changed
    at = path[0]
    if at >= len(changed):
        return changed
    match what:
        case "remove":
            del changed[at]
        case "up" | "down":
            to = min(max(at + (1 if what == "down" else -1), 0), len(changed) - 1)
            changed.insert(to, changed.pop(at))
    return changed


def _read(sent: FormData, name: str) -> ActionRow:
    kind = str(sent.get(f"{name}.kind", ""))
    if kind not in set(ActionKind):
        return ActionRow()
    names = [each.name for each in INPUTS[ActionKind(kind)]]
    return ActionRow(kind, {each: str(sent.get(f"{name}.{each}", "")).strip() for each in names})


def _fitting(row: ActionRow, known: Known) -> ActionRow:
    """The row without a choice of another custom field than the one that is chosen now."""
    field = known.fields.get(row.values.get("field", ""))
    if field is None or _OF_FIELDS.get(field.kind) is not Control.CHOICE:
        return row
    chosen = {value for value, _ in field_choices(field)}
    return row if row.values["value"] in chosen else replace(row, values={**row.values, "value": ""})


def _row(action: Action) -> ActionRow:
    return ActionRow(action.kind, {each.name: _typed(getattr(action, each.name)) for each in INPUTS[action.kind]})


def _typed(value: object) -> str:
    if isinstance(value, timedelta):
        return duration_text(value)
    return "" if value is None else str(value)


def _action(row: ActionRow) -> Action:
    """The action that a row says; ValueError says what would be right."""
    if not row.kind:
        raise ValueError("choose what is to happen")
    kind = ActionKind(row.kind)
    values = {
        each.name: _READERS.get(each.control, UUID)(text) for each in INPUTS[kind] if (text := row.values[each.name])
    }
    action = Action(kind, **values)
    if problem := next(action_problems(action), ""):
        raise ValueError(problem)
    return action
