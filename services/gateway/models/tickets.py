"""What the REST API takes and gives of tickets: their fields, their activity and what happens next."""

import json
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, ConfigDict, Field, JsonValue, with_config
from typing_extensions import TypedDict

from services.domain.ticket import Channel, DueKind, EventKind, Priority, TicketStatus
from services.gateway.models.base import (
    Body,
    Email,
    In,
    JsonFields,
    Name,
    Out,
    Subject,
    Tags,
    Text,
    Type,
    Uploads,
    Version,
)


class RequesterIn(In):
    """Who asks for help."""

    email: Email
    name: Name = ""


class TicketIn(In):
    """A ticket to be made. Customers ask in their own name and may leave `requester` out.

    `brand` is a brand's name or id; without it the first brand gets the ticket. `category` is a category's id, name or
    place in the tree, and brings its team and priority; without any the priority is normal. With a `parent_id` it is a
    child.
    """

    subject: Subject
    body: Body
    requester: RequesterIn | None = None
    brand: Text = ""
    priority: Priority | None = None
    category: Text = ""
    type: Type = ""
    tags: Tags = ()
    custom_fields: JsonFields = Field(default={})
    uploads: Uploads = ()
    parent_id: UUID | None = None


@with_config(ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1}))
class TicketPatch(TypedDict, total=False):
    """What is to be different in a ticket. `version` refuses the change if the ticket has another one."""

    subject: Subject
    status: TicketStatus
    priority: Priority
    type: Type
    tags: Tags
    custom_fields: JsonFields
    category_id: UUID | None
    resolution: Text
    version: Version


@with_config(ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1}))
class AssignmentIn(TypedDict, total=False):
    """Whom to give a ticket to: null or no assignee puts it into the team's queue, without a team it keeps its own."""

    assignee_id: UUID | None
    team_id: UUID


class ContactOut(Out):
    """A customer as the tickets know them."""

    id: UUID
    email: str
    name: str
    organisation_id: UUID | None


class ChildrenOut(Out):
    """How many children a ticket has, and how many of them are neither resolved nor closed."""

    total: int
    open: int


class TicketOut(Out):
    """A ticket; `version` counts its changes."""

    id: UUID
    number: int
    brand_id: UUID
    channel: Channel
    subject: str
    status: TicketStatus
    priority: Priority
    type: str
    tags: tuple[str, ...]
    custom_fields: dict[str, JsonValue]
    team_id: UUID | None
    assignee_id: UUID | None
    requester: ContactOut
    follow_up_of: UUID | None
    version: int
    created_at: datetime
    updated_at: datetime
    status_since: datetime
    next_due_at: datetime | None
    snoozed_until: datetime | None
    snooze_reason: str
    snoozed_by: str
    keep_on_reply: bool
    category_id: UUID | None
    parent_id: UUID | None
    children: ChildrenOut
    resolution: str
    merged_into: UUID | None
    duplicate_of: UUID | None
    spam: bool


class FieldChangeOut(Out):
    """A field's value before and after."""

    field: str
    old: Annotated[JsonValue, BeforeValidator(json.loads)]
    new: Annotated[JsonValue, BeforeValidator(json.loads)]


class EventOut(Out):
    """One committed change and why; `effective_at` is the instant it counts from."""

    seq: int
    kind: EventKind
    actor: str
    changes: tuple[FieldChangeOut, ...]
    message_id: UUID | None
    decision_id: UUID | None
    cause: str
    reason: str
    occurred_at: datetime
    effective_at: datetime


class DueOut(Out):
    """What will happen by itself, when and why."""

    key: str
    kind: DueKind
    due_at: datetime
    reason: str


class DecisionOut(Out):
    """A stored decision: the facts it saw, what routing saw of its own, and what it decided, with its trace."""

    decision_id: UUID
    ticket_id: UUID
    facts: dict[str, Any]
    routing: dict[str, Any]
    decision: dict[str, Any]
    decided_at: datetime
