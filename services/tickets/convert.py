"""Rows and JSON as domain objects, and back."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

from services.domain.ticket import (
    Channel,
    Contact,
    FieldChange,
    Priority,
    Ticket,
    TicketStatus,
)

Row = Mapping[str, Any]


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
        requester=Contact(row["requester_id"], row["requester_email"], row["requester_name"]),
        follow_up_of=row["follow_up_of"],
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        status_since=row["status_since"],
        next_due_at=row["next_due_at"],
    )


def json_of(value: Any) -> Any:
    """A ticket field's value as JSON can hold it."""
    if isinstance(value, UUID):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def _optional_id(value: str | None) -> UUID | None:
    return None if value is None else UUID(value)


_FROM_JSON: dict[str, Callable[[Any], Any]] = {
    "status": TicketStatus,
    "priority": Priority,
    "tags": tuple,
    "team_id": _optional_id,
    "assignee_id": _optional_id,
}


def new_values(changes: Iterable[FieldChange]) -> dict[str, Any]:
    """The new value of each changed field, as `Ticket` has it."""
    return {change.field: _FROM_JSON.get(change.field, _same)(json.loads(change.new)) for change in changes}


def _same(value: Any) -> Any:
    return value
