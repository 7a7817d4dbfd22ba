"""What could not be taken and is kept, and what may be done with it.

Field names are those of protos/duradesk/tickets/v1. kept -> releasing | retrying -> taken, or kept again; or deleted.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.domain.errors import InvalidTransition
from services.domain.ticket import Channel


class QuarantineState(StrEnum):
    """What somebody wants with a quarantined item, or what became of it."""

    KEPT = "kept"
    RELEASING = "releasing"
    RETRYING = "retrying"
    TAKEN = "taken"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class QuarantinedItem:
    """An inbound item that could not be taken, kept with its source (empty in lists) and the reason.

    `changed_by` released, retried or deleted it last; `ticket_id` is what it became.
    """

    id: UUID
    channel: Channel
    code: str
    reason: str
    raw_source: bytes
    created_at: datetime
    state: QuarantineState
    changed_by: str
    changed_at: datetime | None
    ticket_id: UUID | None
    envelope_sender: str
    recipients: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NewQuarantinedItem:
    """An inbound item that a door could not take; `code` is a stable UPPER_SNAKE word, e.g. "NO_SENDER"."""

    channel: Channel
    code: str
    reason: str
    raw_source: bytes
    envelope_sender: str = ""
    recipients: tuple[str, ...] = ()


def check_want(old: QuarantineState, new: QuarantineState) -> bool:
    """Whether to have a door release or retry it: not again, not after it was taken; InvalidTransition when deleted."""
    if old is QuarantineState.DELETED:
        raise InvalidTransition("The item was deleted: its source is gone.", metadata={"state": old})
    return old not in (new, QuarantineState.TAKEN)


def check_delete(old: QuarantineState) -> bool:
    """Whether to forget its source: not again; InvalidTransition when it was taken."""
    if old is QuarantineState.TAKEN:
        raise InvalidTransition("The item was taken as a ticket: it cannot be deleted here.", metadata={"state": old})
    return old is not QuarantineState.DELETED
