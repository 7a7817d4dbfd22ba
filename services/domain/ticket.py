"""The words of a help desk as types. Field names are those of protos/duradesk/tickets/v1: one name greps through."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from services.domain.family.policy import NO_CHILDREN, Children, DownPolicy, UpPolicy
from services.domain.message import NewAttachment

JsonObject = dict[str, Any]


class TicketStatus(StrEnum):
    """Where a ticket is in its life; docs/life-of-a-ticket.md draws the transitions."""

    NEW = "new"
    OPEN = "open"
    PENDING = "pending"
    ON_HOLD = "on_hold"
    RESOLVED = "resolved"
    CLOSED = "closed"

    @property
    def is_settled(self) -> bool:
        """Resolved or closed: nobody is asked to work on it."""
        return self in (TicketStatus.RESOLVED, TicketStatus.CLOSED)


class Priority(StrEnum):
    """How pressing a ticket is."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class Channel(StrEnum):
    """The door a ticket came through."""

    MAIL = "mail"
    REST = "rest"
    GRPC = "grpc"


class EventKind(StrEnum):
    """What a committed change was."""

    TICKET_CREATED = "ticket_created"
    MESSAGE_ADDED = "message_added"
    TICKET_UPDATED = "ticket_updated"
    TICKET_ASSIGNED = "ticket_assigned"
    TICKET_RESOLVED = "ticket_resolved"
    TICKET_CLOSED = "ticket_closed"
    TICKET_REOPENED = "ticket_reopened"
    DUE_FIRED = "due_fired"
    DELIVERY_FAILED = "delivery_failed"
    DELIVERY_IN_DOUBT = "delivery_in_doubt"
    MESSAGE_WITHDRAWN = "message_withdrawn"
    DELIVERY_REPEATED = "delivery_repeated"
    AUTOMATIC_MAIL_RECEIVED = "automatic_mail_received"
    TICKET_SNOOZED = "ticket_snoozed"
    TICKET_WOKEN = "ticket_woken"
    CLOCK_MISSED = "clock_missed"
    LADDER_STEP_TAKEN = "ladder_step_taken"
    DUE_SKIPPED = "due_skipped"
    DUE_MOVED = "due_moved"
    REMINDER_SET = "reminder_set"
    SERVICE_LEVELS_CHANGED = "service_levels_changed"
    PROMISE_MADE = "promise_made"
    PROMISE_MISSED = "promise_missed"
    FOLLOWER_ADDED = "follower_added"
    FOLLOWER_REMOVED = "follower_removed"
    RULE_APPLIED = "rule_applied"
    RULE_CUT = "rule_cut"
    RULE_REQUESTED = "rule_requested"
    POLICY_ENDED = "policy_ended"
    PARENT_SET = "parent_set"
    PARENT_REMOVED = "parent_removed"
    CHILD_ADDED = "child_added"
    CHILD_REMOVED = "child_removed"
    CHILD_REOPENED = "child_reopened"
    CHILDREN_SETTLED = "children_settled"
    CASCADE_ENDED = "cascade_ended"
    CHILDREN_TOLD = "children_told"
    FAMILY_POLICY_SET = "family_policy_set"
    TICKET_MERGED = "ticket_merged"
    MERGE_RECEIVED = "merge_received"
    TICKET_UNMERGED = "ticket_unmerged"
    MERGE_RETURNED = "merge_returned"
    MESSAGE_SPLIT = "message_split"
    DUPLICATE_MARKED = "duplicate_marked"
    DUPLICATE_UNMARKED = "duplicate_unmarked"
    SPAM_MARKED = "spam_marked"
    SPAM_UNMARKED = "spam_unmarked"
    UNREADABLE = "unreadable"


class DueKind(StrEnum):
    """What will happen by itself."""

    IDLE_REMINDER = "idle_reminder"
    IDLE_RESOLVE = "idle_resolve"
    AUTO_CLOSE = "auto_close"
    SNOOZE_WAKE = "snooze_wake"
    CLOCK_LIMIT = "clock_limit"
    LADDER_STEP = "ladder_step"
    REMINDER = "reminder"
    PROMISED_UPDATE = "promised_update"
    RULE = "rule"
    OVERFLOW = "overflow"


class FollowerKind(StrEnum):
    """What kind of person follows a ticket."""

    CUSTOMER = "customer"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class Contact:
    """A customer as the tickets know them; `email` is lower-cased, and empty when none is known."""

    id: UUID
    email: str
    name: str
    organisation_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Ticket:
    """One request from arrival to closure. `version` is the seq of its last event.

    A snoozed one is out of the queue until an instant; a customer's word ends that earlier unless `keep_on_reply`. One
    that was merged or is spam is closed and does not reopen; a duplicate is settled with its original.
    """

    id: UUID
    number: int
    brand_id: UUID
    channel: Channel
    subject: str
    status: TicketStatus
    priority: Priority
    type: str
    tags: tuple[str, ...]
    custom_fields: JsonObject
    team_id: UUID | None
    assignee_id: UUID | None
    requester: Contact
    follow_up_of: UUID | None
    version: int
    created_at: datetime
    updated_at: datetime
    status_since: datetime
    next_due_at: datetime | None
    snoozed_until: datetime | None = None
    snooze_reason: str = ""
    snoozed_by: str = ""
    keep_on_reply: bool = False
    queued_since: datetime | None = None
    category_id: UUID | None = None
    parent_id: UUID | None = None
    children: Children = NO_CHILDREN
    resolution: str = ""
    merged_into: UUID | None = None
    duplicate_of: UUID | None = None
    spam: bool = False


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field's old and new value as JSON text ("null" for none)."""

    field: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Event:
    """One committed change. `effective_at` is the instant it counts from, `occurred_at` when it was committed."""

    ticket_id: UUID
    seq: int
    kind: EventKind
    actor: str
    changes: tuple[FieldChange, ...]
    message_id: UUID | None
    decision_id: UUID | None
    cause: str
    reason: str
    occurred_at: datetime
    effective_at: datetime


@dataclass(frozen=True, slots=True)
class Due:
    """One instant at which something happens by itself; `key` is its kind and epoch, and it fires once per key."""

    key: str
    kind: DueKind
    due_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Brand:
    """A company front and its times; a duration that is None is switched off.

    A public reply can be taken back for `undo_seconds`, and goes out after them. `language` is that of the mails to
    customers which nobody writes by hand. Snoozes are offered in the working time of its calendar.
    """

    id: UUID
    name: str
    address: str
    idle_remind_after: timedelta | None
    idle_resolve_after: timedelta | None
    auto_close_after: timedelta | None
    version: int
    acknowledge: bool = True
    resolved_notice: bool = True
    undo_seconds: int = 5
    staff_notices: bool = True
    language: str = "en"
    family_down: DownPolicy = DownPolicy.CASCADE
    family_up: UpPolicy = UpPolicy.SETTLE
    calendar_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class NewTicket:
    """What a door asks for when it brings a ticket; validated by `services.domain.intake`.

    `sender_unproven` keeps it from the requester's account; no machine answers one that is `automatic`. `uploads` are
    signed handles of files that the caller has put into the object store before. Without a priority it has that of its
    `category` (an id, a name or a place in the tree), which brings its team too, or else a normal one.
    """

    subject: str
    body: str
    requester_email: str
    requester_name: str = ""
    brand: str = ""
    priority: Priority | None = None
    type: str = ""
    tags: tuple[str, ...] = ()
    custom_fields: JsonObject = field(default_factory=dict)
    channel: Channel = Channel.GRPC
    mailbox: str = ""
    raw_source: bytes = b""
    rfc_message_id: str = ""
    sender_unproven: bool = False
    automatic: bool = False
    cc: tuple[str, ...] = ()
    quoted: str = ""
    html: str = ""
    attachments: tuple[NewAttachment, ...] = ()
    uploads: tuple[str, ...] = ()
    category: str = ""
    parent_id: UUID | None = None
