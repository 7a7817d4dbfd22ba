"""What the REST API takes and gives, as pydantic models: unknown fields are refused, rules are left to the domain."""

import json
import math
import re
from datetime import datetime, timedelta
from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    PlainSerializer,
    StrictBool,
    WithJsonSchema,
    with_config,
)
from typing_extensions import TypedDict

from services.domain.html import sanitize_html
from services.domain.intake import BODY_LENGTH, NAME_LENGTH, SUBJECT_LENGTH, TAG_LENGTH, TAGS
from services.domain.principal import Role
from services.domain.team import TEAM_NAME_LENGTH
from services.domain.ticket import (
    AuthorKind,
    Channel,
    DueKind,
    EventKind,
    MailReportKind,
    Priority,
    QuarantineState,
    TicketStatus,
    Visibility,
)
from services.domain.user import LONGEST_PASSWORD, SHORTEST_PASSWORD

T = TypeVar("T")

_STRICT = ConfigDict(extra="forbid")
_DEEPEST = 20
_LARGEST_WHOLE = 2**53
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_DURATION = (
    r"^P(?=[0-9T])(?:(?P<weeks>[0-9]{1,6})W)?(?:(?P<days>[0-9]{1,6})D)?"
    r"(?:T(?=[0-9])(?:(?P<hours>[0-9]{1,9})H)?(?:(?P<minutes>[0-9]{1,9})M)?(?:(?P<seconds>[0-9]{1,9})S)?)?$"
)


def parse_duration(value: object) -> timedelta:
    """An ISO 8601 duration in weeks, days, hours, minutes and whole seconds; years and months have no one length."""
    if isinstance(value, timedelta):
        return value
    match = re.match(_DURATION, value, re.ASCII) if isinstance(value, str) else None
    if match is None:
        raise ValueError("must be an ISO 8601 duration of weeks, days, hours, minutes or seconds, e.g. P3D or PT10S")
    return timedelta(**{unit: int(number) for unit, number in match.groupdict().items() if number})


def format_duration(value: timedelta) -> str:
    """The duration as ISO 8601 in days and seconds, e.g. P3D, PT10S or P1DT60S."""
    days = f"{value.days}D" if value.days else ""
    seconds = f"T{value.seconds}S" if value.seconds or not days else ""
    return f"P{days}{seconds}"


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration),
    WithJsonSchema({"type": "string", "format": "duration", "examples": ["P3D", "PT10S"]}),
]


def _carried(value: Any) -> Any:
    """JSON can spell what cannot be carried on: half a surrogate pair, NaN, numbers that no double is equal to."""
    _check(value, depth=0)
    return value


def _check(value: Any, *, depth: int) -> None:
    if depth > _DEEPEST:
        raise ValueError(f"must not be nested deeper than {_DEEPEST} levels")
    if isinstance(value, str) and _SURROGATE.search(value):
        raise ValueError("must be Unicode text")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("must have finite numbers only")
    if isinstance(value, int) and abs(value) > _LARGEST_WHOLE:
        raise ValueError("must have whole numbers up to 2**53 only: write larger ones as text")
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    if isinstance(value, list):
        for item in value:
            _check(item, depth=depth + 1)


_LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
_TAG = r"^[^\s,:\"\x00-\x1f\x7f-\x9f]+$"

# The domain checks these; what follows a type is only said in OpenAPI.
Text = Annotated[str, AfterValidator(_carried)]
Subject = Annotated[Text, Field(json_schema_extra={"minLength": 1, "maxLength": SUBJECT_LENGTH})]
Body = Annotated[Text, Field(json_schema_extra={"maxLength": BODY_LENGTH})]
Words = Annotated[Text, Field(json_schema_extra={"minLength": 1, "maxLength": BODY_LENGTH})]
Email = Annotated[Text, Field(json_schema_extra={"format": "email"})]
Name = Annotated[Text, Field(json_schema_extra={"maxLength": NAME_LENGTH})]
UserName = Annotated[Text, Field(json_schema_extra={"minLength": 1, "maxLength": NAME_LENGTH})]
Title = Annotated[Text, Field(json_schema_extra={"minLength": 1, "maxLength": TEAM_NAME_LENGTH})]
Type = Annotated[Text, Field(json_schema_extra={"maxLength": TAG_LENGTH, "pattern": _LINE})]
Tag = Annotated[Text, Field(json_schema_extra={"minLength": 1, "maxLength": TAG_LENGTH, "pattern": _TAG})]
Tags = Annotated[tuple[Tag, ...], Field(json_schema_extra={"maxItems": TAGS})]
Password = Annotated[Text, Field(json_schema_extra={"minLength": SHORTEST_PASSWORD, "maxLength": LONGEST_PASSWORD})]
JsonFields = Annotated[dict[str, JsonValue], AfterValidator(_carried)]
Version = Annotated[int, Field(strict=True, ge=1, le=_LARGEST_WHOLE)]


class _In(BaseModel):
    model_config = _STRICT


class _Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class Page(BaseModel, Generic[T]):
    """Some items of a list; `next_cursor` asks for the following ones and is null on the last page."""

    items: list[T]
    next_cursor: str | None


class Items(BaseModel, Generic[T]):
    """A whole list."""

    items: list[T]


class TokenOut(_Out):
    """An API token: it is said this once."""

    token: str
    expires_at: datetime


class RequesterIn(_In):
    """Who asks for help."""

    email: Email
    name: Name = ""


class TicketIn(_In):
    """A ticket to be made. Customers ask in their own name and may leave `requester` out.

    `brand` is a brand's name or id; without it the first brand gets the ticket.
    """

    subject: Subject
    body: Body
    requester: RequesterIn | None = None
    brand: Text = ""
    priority: Priority = Priority.NORMAL
    type: Type = ""
    tags: Tags = ()
    custom_fields: JsonFields = {}


@with_config(ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1}))
class TicketPatch(TypedDict, total=False):
    """What is to be different in a ticket. `version` refuses the change if the ticket has another one."""

    subject: Subject
    status: TicketStatus
    priority: Priority
    type: Type
    tags: Tags
    custom_fields: JsonFields
    version: Version


@with_config(ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1}))
class AssignmentIn(TypedDict, total=False):
    """Whom to give a ticket to: null or no assignee puts it into the team's queue, without a team it keeps its own."""

    assignee_id: UUID | None
    team_id: UUID


class ContactOut(_Out):
    """A customer as the tickets know them."""

    id: UUID
    email: str
    name: str


class TicketOut(_Out):
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


class MessageIn(_In):
    """A reply (`public`, goes to the requester) or a note (`internal`, for the staff only)."""

    visibility: Visibility
    body: Words


class AttachmentOut(_Out):
    """A file that came with a message; the message's `html` refers to it as `cid:<content_id>`."""

    id: UUID
    file_name: str
    content_type: str
    size: int
    content_id: str


class MessageOut(_Out):
    """One word in a ticket's conversation.

    `body` is what is new in it and `quoted` what a mail repeats; `html` is all of a mail, harmless: nothing in it runs,
    and the addresses of pictures from elsewhere stand in `data-remote-src`.
    """

    id: UUID
    ticket_id: UUID
    visibility: Visibility
    author_kind: AuthorKind
    author_id: str
    author_name: str
    body: str
    created_at: datetime
    quoted: str
    html: Annotated[str, AfterValidator(sanitize_html)]
    attachments: tuple[AttachmentOut, ...]


class CreatedMessageOut(MessageOut):
    """The message and the ticket it landed on: another one when a closed ticket was followed up."""

    ticket: TicketOut


class FieldChangeOut(_Out):
    """A field's value before and after."""

    field: str
    old: Annotated[JsonValue, BeforeValidator(json.loads)]
    new: Annotated[JsonValue, BeforeValidator(json.loads)]


class EventOut(_Out):
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


class DueOut(_Out):
    """What will happen by itself, when and why."""

    key: str
    kind: DueKind
    due_at: datetime
    reason: str


class DecisionOut(_Out):
    """A stored decision: the facts it saw, what routing saw of its own, and what it decided, with its trace."""

    decision_id: UUID
    ticket_id: UUID
    facts: dict[str, Any]
    routing: dict[str, Any]
    decision: dict[str, Any]
    decided_at: datetime


class TeamIn(_In):
    """A team to be made."""

    name: Title


class TeamOut(_Out):
    """A department; new tickets without a team go to the default one."""

    id: UUID
    name: str
    is_default: bool
    member_ids: tuple[UUID, ...]
    version: int


class UserIn(_In):
    """An account to be made."""

    email: Email
    name: UserName
    role: Literal["owner", "admin", "agent", "light_agent", "customer"]
    password: Password


@with_config(ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1}))
class UserPatch(TypedDict, total=False):
    """What is to be different in an account; a new password or `active: false` ends all its tokens."""

    name: UserName
    role: Literal["owner", "admin", "agent", "light_agent", "customer"]
    active: StrictBool
    password: Password


class UserOut(_Out):
    """An account; `contact_id` is a customer's contact."""

    id: UUID
    email: str
    name: str
    role: Role
    active: bool
    contact_id: UUID | None
    created_at: datetime


class BrandIn(_In):
    """A brand to be made; a time that is null or left out is switched off."""

    name: Title
    address: Email
    idle_remind_after: Duration | None = None
    idle_resolve_after: Duration | None = None
    auto_close_after: Duration | None = None


@with_config(ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1}))
class BrandPatch(TypedDict, total=False):
    """What is to be different in a brand, also for tickets that wait already; null switches a time off."""

    name: Title
    address: Email
    idle_remind_after: Duration | None
    idle_resolve_after: Duration | None
    auto_close_after: Duration | None
    version: Version


class BrandOut(_Out):
    """A company front with its own address and times; a time that is null is switched off."""

    id: UUID
    name: str
    address: str
    idle_remind_after: Duration | None
    idle_resolve_after: Duration | None
    auto_close_after: Duration | None
    version: int


class QuarantinedItemOut(_Out):
    """An inbound item that could not be taken, why, and what became of it; `changed_by` decided that last.

    `releasing` and `retrying` end soon, in `taken` with the ticket's id or in `kept` with the reason why not.
    """

    id: UUID
    channel: Channel
    code: str
    reason: str
    state: QuarantineState
    envelope_sender: str
    recipients: tuple[str, ...]
    ticket_id: UUID | None
    changed_by: str
    changed_at: datetime | None
    created_at: datetime


class CcProposalOut(_Out):
    """An address that a customer's mail named besides us: it has got nothing, and sees nothing."""

    email: str
    message_id: UUID
    created_at: datetime


class MailReportOut(_Out):
    """What a machine told about a mail of ours: whom it does not reach, or not yet, in its own words."""

    id: UUID
    ticket_id: UUID
    kind: MailReportKind
    rfc_message_id: str
    failed: tuple[str, ...]
    delayed: tuple[str, ...]
    sender: str
    subject: str
    text: str
    created_at: datetime
