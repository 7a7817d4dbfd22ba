"""A ticket's row, as its events tell it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

# What events do not tell as changes: the id, and what the decisions keep for themselves.
# Two follow from the words of the requester that the events name, and from the priority; the limits from the clocks.
_NOT_TOLD = {"id", "decided_seq", "next_due_at", "sender_proven", "urgency", "queued_since", "planned_revision"}
_NOT_TOLD |= {"first_response_at", "next_response_at", "periodic_update_at", "resolution_at", "limit_at"}


def told(row: Mapping[str, Any]) -> dict[str, Any]:
    """What the events should tell of a row, with ids as text."""
    return {
        name: str(value) if isinstance(value, UUID) else value for name, value in row.items() if name not in _NOT_TOLD
    }


def replay(events: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The row as the events tell it."""
    row: dict[str, Any] = {"team_id": None, "assignee_id": None, "created_at": events[0]["occurred_at"]}
    row |= {"snoozed_until": None, "snooze_reason": "", "snoozed_by": "", "keep_on_reply": False}
    row |= {"category_id": None, "parent_id": None, "resolution": ""}
    row |= {"merged_into": None, "duplicate_of": None, "spam": False}
    for event in events:
        for change in event["changes"]:
            assert row.get(change["field"]) == change["old"], f"the old {change['field']} of event {event['seq']}"
            row[change["field"]] = change["new"]
            if change["field"] == "status":
                row |= {"status_since": event["effective_at"], "status_epoch": event["seq"]}
        row |= {"version": event["seq"], "updated_at": event["occurred_at"]}
    until = row["snoozed_until"]
    return row | {"snoozed_until": until and datetime.fromisoformat(until)}
