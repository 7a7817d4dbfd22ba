"""What rules, steps of ladders and macros do to a ticket: one kind of action for all of them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from services.domain.intake import TAG_LENGTH
from services.domain.routing_facts import AssignmentStrategy
from services.domain.ticket import Priority, TicketStatus

MOST_ACTIONS = 10
NOTE_LENGTH = 2_000
REPLY_LENGTH = 10_000
FIELD_LENGTH = 50
VALUE_LENGTH = 1_000
LONGEST_SNOOZE = timedelta(days=365)


class ActionKind(StrEnum):
    """What an action does."""

    RAISE_PRIORITY = "raise_priority"
    ASSIGN = "assign"
    ADD_TAG = "add_tag"
    NOTIFY = "notify"
    NOTE = "note"
    SET_PRIORITY = "set_priority"
    SET_STATUS = "set_status"
    SET_TYPE = "set_type"
    SET_CATEGORY = "set_category"
    REMOVE_TAG = "remove_tag"
    SET_CUSTOM_FIELD = "set_custom_field"
    SET_SLA_POLICY = "set_sla_policy"
    SNOOZE = "snooze"
    REPLY = "reply"
    ADD_FOLLOWER = "add_follower"
    LINK_TO_PARENT = "link_to_parent"


@dataclass(frozen=True, slots=True)
class Action:
    """One action; each kind looks at its own fields and at no other.

    RAISE_PRIORITY to `priority` or, without, by one; ASSIGN to a user, a team or both, or by a strategy to somebody of
    a team (without one: the ticket's own), which macros cannot; NOTIFY a user, each active
    member of a team, or both; NOTE leaves `note` for the staff; SET_CUSTOM_FIELD puts `value` into `field`, an empty
    one takes it away; SNOOZE for `duration`, in the time of a calendar if one is named; REPLY writes the public
    template `text`; ADD_FOLLOWER a user; LINK_TO_PARENT the ticket of this id.
    """

    kind: ActionKind
    priority: Priority | None = None
    team_id: UUID | None = None
    user_id: UUID | None = None
    tag: str = ""
    note: str = ""
    status: TicketStatus | None = None
    type: str = ""
    category_id: UUID | None = None
    field: str = ""
    value: str = ""
    policy_id: UUID | None = None
    duration: timedelta | None = None
    calendar_id: UUID | None = None
    text: str = ""
    parent_id: UUID | None = None
    strategy: AssignmentStrategy | None = None


_NEEDS: dict[ActionKind, tuple[str, ...]] = {
    ActionKind.SET_PRIORITY: ("priority",),
    ActionKind.SET_STATUS: ("status",),
    ActionKind.SET_CATEGORY: ("category_id",),
    ActionKind.SET_SLA_POLICY: ("policy_id",),
    ActionKind.SNOOZE: ("duration",),
    ActionKind.ADD_FOLLOWER: ("user_id",),
    ActionKind.LINK_TO_PARENT: ("parent_id",),
}
# The text that a kind needs, and how long it may be.
_TEXTS: dict[ActionKind, tuple[str, int]] = {
    ActionKind.ADD_TAG: ("tag", TAG_LENGTH),
    ActionKind.REMOVE_TAG: ("tag", TAG_LENGTH),
    ActionKind.NOTE: ("note", NOTE_LENGTH),
    ActionKind.REPLY: ("text", REPLY_LENGTH),
    ActionKind.SET_CUSTOM_FIELD: ("field", FIELD_LENGTH),
}


def action_problems(action: Action) -> Iterator[str]:
    """What is wrong with an action by itself."""
    names_nobody = action.team_id is None and action.user_id is None
    if action.kind is ActionKind.NOTIFY and names_nobody:
        yield "must name a team or a user"
    if action.kind is ActionKind.ASSIGN and names_nobody and action.strategy is None:
        yield "must name a team or a user"
    if action.kind is ActionKind.ASSIGN and action.user_id is not None and action.strategy is not None:
        yield "must name a user or a strategy, not both"
    for field in _NEEDS.get(action.kind, ()):
        if getattr(action, field) is None:
            yield f"must have a {field}"
    if action.kind in _TEXTS:
        field, longest = _TEXTS[action.kind]
        if not 1 <= len(getattr(action, field).strip()) <= longest:
            yield f"must have a {field} of 1 to {longest} characters"
    if len(action.type) > TAG_LENGTH or len(action.value) > VALUE_LENGTH:
        yield f"must have a type of at most {TAG_LENGTH} and a value of at most {VALUE_LENGTH} characters"
    if action.duration is not None and not timedelta() < action.duration <= LONGEST_SNOOZE:
        yield f"must have a duration above zero and of at most {LONGEST_SNOOZE.days} days"


def strategy_of(actions: Iterable[Action]) -> AssignmentStrategy | None:
    """By which strategy the actions give the ticket to somebody, if they do."""
    found = [action.strategy for action in actions if action.kind is ActionKind.ASSIGN]
    return found[-1] if found else None
