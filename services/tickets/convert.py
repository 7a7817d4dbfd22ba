"""Rows and JSON as domain objects, and back."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.domain.family.policy import Children, DownPolicy, UpPolicy
from services.domain.mail_reports import MailReport, MailReportKind
from services.domain.message import Attachment, AuthorKind, EffectState, Message, MessageDelivery, Visibility
from services.domain.quarantine import QuarantinedItem, QuarantineState
from services.domain.ticket import (
    Channel,
    Contact,
    Due,
    DueKind,
    Event,
    EventKind,
    FieldChange,
    JsonObject,
    Priority,
    Ticket,
    TicketStatus,
)

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TicketFields:
    """What can be changed of a ticket by hand; an enum is None when it is not said."""

    subject: str = ""
    status: TicketStatus | None = None
    priority: Priority | None = None
    type: str = ""
    tags: tuple[str, ...] = ()
    custom_fields: JsonObject = field(default_factory=dict)
    category_id: UUID | None = None
    resolution: str = ""


@dataclass(frozen=True, slots=True)
class BrandFields:
    """What can be said of a brand; a time that is None is switched off, the other settings are then not said."""

    name: str = ""
    address: str = ""
    idle_remind_after: timedelta | None = None
    idle_resolve_after: timedelta | None = None
    auto_close_after: timedelta | None = None
    acknowledge: bool | None = None
    resolved_notice: bool | None = None
    undo_seconds: int | None = None
    staff_notices: bool | None = None
    language: str | None = None
    family_down: DownPolicy | None = None
    family_up: UpPolicy | None = None
    calendar_id: UUID | None = None


def ticket_of(row: Row) -> Ticket:
    """The ticket of a row with `ticket_columns`; its requester is in `requester_email` and `requester_name`."""
    return Ticket(
        id=row["id"],
        number=row["number"],
        brand_id=row["brand_id"],
        channel=Channel(row["channel"]),
        subject=row["subject"],
        status=TicketStatus(row["status"]),
        priority=Priority(row["priority"]),
        type=row["type"],
        tags=tuple(row["tags"]),
        custom_fields=row["custom_fields"],
        team_id=row["team_id"],
        assignee_id=row["assignee_id"],
        requester=Contact(
            row["requester_id"], row["requester_email"], row["requester_name"], row["requester_organisation_id"]
        ),
        follow_up_of=row["follow_up_of"],
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        status_since=row["status_since"],
        next_due_at=row["next_due_at"],
        snoozed_until=row["snoozed_until"],
        snooze_reason=row["snooze_reason"],
        snoozed_by=row["snoozed_by"],
        keep_on_reply=row["keep_on_reply"],
        queued_since=row["queued_since"],
        category_id=row["category_id"],
        parent_id=row["parent_id"],
        children=Children(row["children"], row["open_children"]),
        resolution=row["resolution"],
        merged_into=row["merged_into"],
        duplicate_of=row["duplicate_of"],
        spam=row["spam"],
    )


def json_of(value: Any) -> Any:
    """A ticket field's value as JSON can hold it."""
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, dict):
        return {name: json_of(part) for name, part in value.items()}
    return [json_of(part) for part in value] if isinstance(value, tuple) else value


def _optional_id(value: str | None) -> UUID | None:
    return None if value is None else UUID(value)


def _optional_instant(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


_FROM_JSON: dict[str, Callable[[Any], Any]] = {
    "status": TicketStatus,
    "priority": Priority,
    "tags": tuple,
    "team_id": _optional_id,
    "assignee_id": _optional_id,
    "category_id": _optional_id,
    "parent_id": _optional_id,
    "snoozed_until": _optional_instant,
    "merged_into": _optional_id,
    "duplicate_of": _optional_id,
}


def new_values(changes: Iterable[FieldChange]) -> dict[str, Any]:
    """The new value of each changed field, as `Ticket` has it."""
    return {change.field: _FROM_JSON.get(change.field, _same)(json.loads(change.new)) for change in changes}


def _same(value: Any) -> Any:
    return value


def message_of(row: Row) -> Message:
    """The message of a row."""
    return Message(
        id=row["id"],
        ticket_id=row["ticket_id"],
        visibility=Visibility(row["visibility"]),
        author_kind=AuthorKind(row["author_kind"]),
        author_id=row["author_id"],
        author_name=row["author_name"],
        body=row["body"],
        created_at=row["created_at"],
        quoted=row["quoted"],
        html=row["html"],
        attachments=tuple(attachment_of({**file, "id": UUID(file["id"])}) for file in row["attachments"]),
        withdrawn_at=row["withdrawn_at"],
        delivery=tuple(message_delivery_of(mail) for mail in row["delivery"]),
    )


def message_delivery_of(mail: JsonObject) -> MessageDelivery:
    """A reply's mail out of JSON, where instants and ids are text."""
    updated_at = datetime.fromisoformat(mail["updated_at"])
    return MessageDelivery(UUID(mail["id"]), mail["recipient"], EffectState(mail["state"]), mail["detail"], updated_at)


def attachment_of(row: Row) -> Attachment:
    """The attachment of a row."""
    return Attachment(row["id"], row["file_name"], row["content_type"], row["size"], row["content_id"])


def event_kind_of(kind: str) -> EventKind:
    """The kind as people read it; a newer release, of which this is the rollback, may have written others."""
    try:
        return EventKind(kind)
    except ValueError:
        return EventKind.UNREADABLE


def event_of(row: Row) -> Event:
    """The event of a row; the values of its changes become JSON text."""
    return Event(
        ticket_id=row["ticket_id"],
        seq=row["seq"],
        kind=event_kind_of(row["kind"]),
        actor=row["actor"],
        changes=field_changes_of(row["changes"]),
        message_id=row["message_id"],
        decision_id=row["decision_id"],
        cause=row["cause"],
        reason=row["reason"],
        occurred_at=row["occurred_at"],
        effective_at=row["effective_at"],
    )


def field_changes_of(changes: Iterable[Mapping[str, Any]]) -> tuple[FieldChange, ...]:
    """An event's changes, their values as JSON text."""
    return tuple(
        FieldChange(change["field"], json.dumps(change["old"]), json.dumps(change["new"])) for change in changes
    )


def due_of(row: Row) -> Due:
    """The due of a row."""
    return Due(row["key"], DueKind(row["kind"]), row["due_at"], row["reason"])


def quarantined_of(row: Row) -> QuarantinedItem:
    """The quarantined item of a row."""
    return QuarantinedItem(
        id=row["id"],
        channel=Channel(row["channel"]),
        code=row["code"],
        reason=row["reason"],
        raw_source=row["raw_source"],
        created_at=row["created_at"],
        state=QuarantineState(row["state"]),
        changed_by=row["changed_by"],
        changed_at=row["changed_at"],
        ticket_id=row["ticket_id"],
        envelope_sender=row["envelope_sender"],
        recipients=tuple(row["recipients"]),
    )


def mail_report_of(row: Row) -> MailReport:
    """The report of a row."""
    return MailReport(
        id=row["id"],
        ticket_id=row["ticket_id"],
        kind=MailReportKind(row["kind"]),
        rfc_message_id=row["rfc_message_id"],
        failed=tuple(row["failed"]),
        delayed=tuple(row["delayed"]),
        sender=row["sender"],
        subject=row["subject"],
        text=row["text"],
        created_at=row["created_at"],
    )
