"""What the REST API takes and gives of replies to all children."""

from datetime import datetime
from uuid import UUID

from pydantic import AwareDatetime

from services.domain.bulk import BulkState
from services.domain.family.model import ChildOutcome
from services.gateway.models.base import In, Out, Words


class BroadcastIn(In):
    """What each child gets, {name}, {number} and {subject} being its own, and by when its customer hears again."""

    body: Words
    next_update_at: AwareDatetime | None = None


class UntoldOut(Out):
    """A child that got nothing, and why."""

    ticket_id: UUID
    number: int
    outcome: ChildOutcome
    reason: str


class BroadcastOut(Out):
    """A reply to all children and how far it is."""

    id: UUID
    parent_id: UUID
    body: str
    author_id: str
    author_name: str
    state: BulkState
    total: int
    done: int
    skipped: int
    failed: int
    problems: tuple[UntoldOut, ...]
    created_at: datetime
