"""Rules as people keep them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.domain.actions import Action
from services.domain.decision import ConditionSeen
from services.domain.ticket import FieldChange

MOST_RULES = 1_000
MOST_BRANDS = 100
LONGEST_WAIT = timedelta(days=365)
CONDITIONS_LENGTH = 4_000
PAUSED_LENGTH = 500
PURPOSE_LENGTH = 300


class Trigger(StrEnum):
    """What makes a rule look at a ticket."""

    TICKET_CREATED = "ticket_created"
    CUSTOMER_REPLIED = "customer_replied"
    AGENT_REPLIED = "agent_replied"
    NOTE_ADDED = "note_added"
    STATUS_CHANGED = "status_changed"
    PRIORITY_CHANGED = "priority_changed"
    TEAM_CHANGED = "team_changed"
    ASSIGNEE_CHANGED = "assignee_changed"
    TAGS_CHANGED = "tags_changed"
    FIELD_CHANGED = "field_changed"
    CLOCK_WARNED = "clock_warned"
    CLOCK_MISSED = "clock_missed"
    SNOOZE_ENDED = "snooze_ended"
    RESOLVED = "resolved"
    CLOSED = "closed"
    REOPENED = "reopened"
    PARENT_SET = "parent_set"
    PARENT_REMOVED = "parent_removed"
    PARENT_SETTLED = "parent_settled"
    CHILD_ADDED = "child_added"
    CHILD_REMOVED = "child_removed"
    CHILD_SETTLED = "child_settled"
    CHILDREN_SETTLED = "children_settled"
    CHILD_REOPENED = "child_reopened"
    TIME = "time"


class Since(StrEnum):
    """From when a rule of time counts.

    UNANSWERED is the customer's first word that nobody answered, ANSWERED our last public word that the customer has
    not answered, LAST_ACT the last thing that a person did.
    """

    CREATED = "created"
    STATUS = "status"
    UNANSWERED = "unanswered"
    ANSWERED = "answered"
    LAST_ACT = "last_act"


@dataclass(frozen=True, slots=True)
class Wait:
    """So long after something, in a calendar's working time or all the time."""

    after: timedelta
    since: Since
    calendar_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """When `trigger` comes to a ticket of the brands (none: of all) whose `conditions` (text form; empty: always) hold,
    do the actions, and if it says `stop`, let no rule after it look at the same event.

    A rule of time counts for waits that begin after `runs_from`. It does not run while `paused_reason` says why, or
    when it is not `enabled`. `owner_id` is told when it is cut; `purpose` says to people what it is for.
    """

    id: UUID
    name: str
    trigger: Trigger
    actions: tuple[Action, ...]
    conditions: str = ""
    brand_ids: tuple[UUID, ...] = ()
    wait: Wait | None = None
    stop: bool = False
    enabled: bool = True
    paused_reason: str = ""
    owner_id: UUID | None = None
    position: int = 0
    version: int = 1
    runs_from: datetime | None = None
    purpose: str = ""

    @property
    def runs(self) -> bool:
        """Whether it looks at anything at all."""
        return self.enabled and not self.paused_reason


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """What a rule was from an instant on, and who made it so."""

    rule: Rule
    changed_by: str
    changed_at: datetime
    deleted: bool = False


def rule_differences(old: Rule, new: Rule) -> Iterator[tuple[str, object, object]]:
    """What differs between two versions: the field, what it was, and what it is."""
    for field in (
        "name",
        "purpose",
        "trigger",
        "wait",
        "brand_ids",
        "conditions",
        "actions",
        "stop",
        "enabled",
        "paused_reason",
        "owner_id",
        "position",
    ):
        was, now = getattr(old, field), getattr(new, field)
        if was != now:
            yield field, was, now


@dataclass(frozen=True, slots=True)
class RuleMoment:
    """One event or due of a decision, and what a rule made of it; no condition when it was not asked."""

    cause: str
    at: datetime
    ran: bool
    outcome: str
    condition: ConditionSeen | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a rule ran in a decision, or why not."""

    rule: Rule
    moments: tuple[RuleMoment, ...]


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """What a rule does, or would do, to a ticket; without a decision it would happen now."""

    ticket_id: UUID
    number: int
    decision_id: UUID | None
    at: datetime
    cause: str
    changes: tuple[FieldChange, ...]
    sends: tuple[str, ...]
    outcome: str


@dataclass(frozen=True, slots=True)
class Trial:
    """What a rule would have changed in the latest decisions."""

    looked_at: int
    outcomes: tuple[RuleOutcome, ...]


@dataclass(frozen=True, slots=True)
class RulePreview:
    """What a rule would do now: `tickets` are found, so many of them `looked_at`, and of these so many `fitting`."""

    tickets: int
    looked_at: int
    fitting: int
    outcomes: tuple[RuleOutcome, ...]
