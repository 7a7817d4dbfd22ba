"""The words of a help desk as types. Field names are those of protos/duradesk/tickets/v1: one name greps through."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

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


class Visibility(StrEnum):
    """Public messages go to the requester; internal ones reach no customer by any route."""

    PUBLIC = "public"
    INTERNAL = "internal"


class AuthorKind(StrEnum):
    """Which side wrote a message."""

    CUSTOMER = "customer"
    AGENT = "agent"


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


class DueKind(StrEnum):
    """What will happen by itself."""

    IDLE_REMINDER = "idle_reminder"
    IDLE_RESOLVE = "idle_resolve"
    AUTO_CLOSE = "auto_close"


@dataclass(frozen=True, slots=True)
class Contact:
    """A customer as the tickets know them; `email` is lower-cased, and empty when none is known."""

    id: UUID
    email: str
    name: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """One request from arrival to closure. `version` is the seq of its last event."""

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


@dataclass(frozen=True, slots=True)
class Message:
    """One word in a ticket's conversation."""

    id: UUID
    ticket_id: UUID
    visibility: Visibility
    author_kind: AuthorKind
    author_id: str
    author_name: str
    body: str
    created_at: datetime
    withdrawn_at: datetime | None = None


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

    A public reply can be taken back for `undo_seconds`, and goes out after them.
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


@dataclass(frozen=True, slots=True)
class NewTicket:
    """What a door asks for when it brings a ticket; validated by `services.domain.intake`."""

    subject: str
    body: str
    requester_email: str
    requester_name: str = ""
    brand: str = ""
    priority: Priority = Priority.NORMAL
    type: str = ""
    tags: tuple[str, ...] = ()
    custom_fields: JsonObject = field(default_factory=dict)
    channel: Channel = Channel.GRPC
    mailbox: str = ""
    raw_source: bytes = b""
    rfc_message_id: str = ""


@dataclass(frozen=True, slots=True)
class NewMessage:
    """What somebody wants to say on a ticket; the sender is set when a door speaks for a customer."""

    visibility: Visibility
    body: str
    sender_email: str = ""
    sender_name: str = ""
    raw_source: bytes = b""
    rfc_message_id: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class QuarantinedItem:
    """An inbound item that could not be taken, kept with its source and the reason."""

    id: UUID
    channel: Channel
    code: str
    reason: str
    raw_source: bytes
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NewQuarantinedItem:
    """An inbound item that a door could not take; `code` is a stable UPPER_SNAKE word, e.g. "NO_SENDER"."""

    channel: Channel
    code: str
    reason: str
    raw_source: bytes


@dataclass(frozen=True, slots=True)
class StoredDecision:
    """A decision with what it saw, each in protobuf's JSON form."""

    decision_id: UUID
    ticket_id: UUID
    facts: JsonObject
    routing: JsonObject
    decision: JsonObject
    decided_at: datetime
