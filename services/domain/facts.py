"""What a decision sees of a ticket. Names are those of protos/duradesk/tickets/v1/decision.proto."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.domain.categories import Category
from services.domain.clocks.model import Clock
from services.domain.family.model import FamilyFacts
from services.domain.message import AuthorKind, Visibility
from services.domain.ticket import (
    Brand,
    Channel,
    Due,
    EventKind,
    FieldChange,
    FollowerKind,
    JsonObject,
    Priority,
    TicketStatus,
)


@dataclass(frozen=True, slots=True)
class TicketFacts:
    """A ticket without a customer's text, name or address; `category_path` leads down the tree to its category.

    `custom_fields` are numbers, checks, choices and dates alone. Its plan is of the service levels `planned_revision`;
    `policy_id` is what the rule `policy_rule_id` set.
    """

    id: UUID
    number: int
    channel: Channel
    status: TicketStatus
    status_since: datetime
    status_epoch: int
    priority: Priority
    team_id: UUID | None
    assignee_id: UUID | None
    requester_reachable: bool
    sender_proven: bool
    version: int
    snoozed_until: datetime | None = None
    snooze_epoch: int = 0
    type: str = ""
    tags: tuple[str, ...] = ()
    planned_revision: int = 0
    requester_id: UUID | None = None
    created_at: datetime | None = None
    policy_id: UUID | None = None
    policy_rule_id: UUID | None = None
    category_id: UUID | None = None
    category_path: tuple[UUID, ...] = ()
    organisation_id: UUID | None = None
    custom_fields: JsonObject = field(default_factory=dict)
    parent_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class EventFacts:
    """A committed, undecided event; a message's text stands in by its SHA-256 in hex.

    No machine may answer a message that is `automatic` (RFC 3834). `actor` did it: a user's id, a contact's id or a
    process's name, empty in facts from before it was told; `assignee_id` is whom the event gave the ticket to. A
    decision made what is `decided`; `rule_id` is the rule that somebody wants to run. What a cascade did `tells` the
    requester in this thread or not. Nobody outside is told of one that is `quiet`.
    """

    seq: int
    kind: EventKind
    effective_at: datetime
    message_id: UUID | None = None
    message_hash: str = ""
    visibility: Visibility | None = None
    author_kind: AuthorKind | None = None
    by_requester: bool = False
    automatic: bool = False
    withdrawn: bool = False
    actor: str = ""
    assignee_id: UUID | None = None
    changes: tuple[FieldChange, ...] = ()
    decided: bool = False
    rule_id: UUID | None = None
    in_cascade: bool = False
    tells: bool = False
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class FollowerFacts:
    """Somebody who follows the ticket, by a contact's or a user's id, from the event `since_seq` on."""

    id: UUID
    kind: FollowerKind
    since_seq: int


@dataclass(frozen=True, slots=True)
class FiredDue:
    """A due that fired, by its key, and when it did."""

    key: str
    fired_at: datetime


@dataclass(frozen=True, slots=True)
class MovedDue:
    """A due that somebody moved, by its key, and where to."""

    key: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class ReminderFacts:
    """Somebody of the staff wants to be reminded; `seq` is of the event that says so."""

    seq: int
    user_id: UUID
    remind_at: datetime


class FactNeed(StrEnum):
    """What only rules need of a ticket, and not each of them."""

    RULES = "rules"
    WORDS = "words"
    HISTORY = "history"
    CUSTOM_FIELDS = "custom_fields"
    CATEGORIES = "categories"


@dataclass(frozen=True, slots=True)
class Anchor:
    """An event from which something counts."""

    seq: int
    at: datetime


@dataclass(frozen=True, slots=True)
class HistoryFacts:
    """What had happened to the ticket before the undecided events; what the desk itself wrote counts for nothing.

    `unanswered` is the customer's first word since we last wrote; `customer_automatic` says that a machine wrote the
    customer's last word.
    """

    customer_messages: int = 0
    agent_messages: int = 0
    reopened: int = 0
    customer_wrote: Anchor | None = None
    customer_automatic: bool = False
    agent_wrote: Anchor | None = None
    unanswered: Anchor | None = None
    resolved: Anchor | None = None
    last_act: Anchor | None = None


@dataclass(frozen=True, slots=True)
class RecentRuns:
    """How often a rule has run on the ticket a short while ago."""

    rule_id: UUID
    runs: int


@dataclass(frozen=True, slots=True)
class RuleCut:
    """A version of a rule that ran in a circle; `told` are to know. Routing pauses it."""

    rule_id: UUID
    rule_version: int
    name: str
    reason: str
    told: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class MessageText:
    """The text of a message that came with an undecided event."""

    message_id: UUID
    text: str


@dataclass(frozen=True, slots=True)
class TicketWords:
    """What a decision may look at and nobody keeps beside it: what people wrote, and who they are."""

    subject: str = ""
    requester_name: str = ""
    requester_email: str = ""
    messages: tuple[MessageText, ...] = ()
    custom_fields: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WaitingFacts:
    """The ticket waits for somebody who is free, since then; `epoch` is the version at which it began."""

    since: datetime
    epoch: int


@dataclass(frozen=True, slots=True)
class PromiseFacts:
    """The last promise of an update, by the seq of its event; `kept_at` is when the staff wrote after it."""

    seq: int
    promised_at: datetime
    kept_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a decision on one ticket may look at, read in one transaction.

    `needs` are those that were read; `words` are left out where the decision is stored, `words_hash` stays: the SHA-256
    of subject and requester. A rule in `cut_rules` counts as paused already. Of `categories`
    those are kept that rules name.
    """

    now: datetime
    ticket: TicketFacts
    brand: Brand
    events: tuple[EventFacts, ...]
    more: bool
    planned: tuple[Due, ...]
    fired: tuple[FiredDue, ...]
    clocks: tuple[Clock, ...] = ()
    moved: tuple[MovedDue, ...] = ()
    followers: tuple[FollowerFacts, ...] = ()
    reminders: tuple[ReminderFacts, ...] = ()
    promise: PromiseFacts | None = None
    needs: tuple[FactNeed, ...] = ()
    words: TicketWords | None = None
    words_hash: str = ""
    history: HistoryFacts | None = None
    recent_runs: tuple[RecentRuns, ...] = ()
    cut_rules: tuple[RuleCut, ...] = ()
    categories: tuple[Category, ...] = ()
    waiting: WaitingFacts | None = None
    last_assignee_id: UUID | None = None
    family: FamilyFacts | None = None
