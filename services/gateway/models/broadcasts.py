"""What the REST API takes and gives of replies to all children."""

from datetime import datetime
from uuid import UUID

from pydantic import AwareDatetime, Field

from services.domain.bulk import BulkState
from services.domain.family.model import ChildOutcome
from services.domain.intake import LANGUAGES
from services.gateway.models.base import In, Out, Words


class BroadcastIn(In):
    """What each child gets, {name}, {number} and {subject} being its own, and by when its customer hears again.

    A child whose brand writes in a language of the `translations` gets that one instead of the body.
    """

    body: Words
    translations: dict[str, Words] = Field(
        default_factory=dict, json_schema_extra={"propertyNames": {"enum": list(LANGUAGES)}}
    )
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
    translations: dict[str, str]
    author_id: str
    author_name: str
    state: BulkState
    total: int
    done: int
    skipped: int
    failed: int
    problems: tuple[UntoldOut, ...]
    created_at: datetime
