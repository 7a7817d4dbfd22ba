"""What the REST API takes and gives of bulks."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from services.domain.bulk import MOST_TICKETS, BulkAct, BulkOutcome, BulkState, TicketChange
from services.domain.snooze import REASON_LENGTH
from services.domain.ticket import Priority
from services.gateway.models.base import In, Out, Tags, Text


class TicketChangeIn(In):
    """One change for many tickets.

    `assign` takes the assignee and the team that are said, null for nobody; one that is left out is kept. `update`
    takes priority and tags, `macro` runs the macro of `macro_id`, `snooze` takes the rest.
    """

    act: BulkAct
    assignee_id: UUID | None = None
    team_id: UUID | None = None
    priority: Priority | None = None
    add_tags: Tags = ()
    remove_tags: Tags = ()
    snooze_until: AwareDatetime | None = None
    snooze_reason: Annotated[Text, Field(json_schema_extra={"maxLength": REASON_LENGTH})] = ""
    keep_on_reply: bool = False
    macro_id: UUID | None = None

    def as_change(self) -> TicketChange:
        """The same for the domain."""
        return TicketChange(
            **dict(self),
            keep_assignee="assignee_id" not in self.model_fields_set,
            keep_team="team_id" not in self.model_fields_set,
        )


class BulkIn(In):
    """The tickets, by id or as a filter finds them now, and what is to be changed."""

    ticket_ids: Annotated[tuple[UUID, ...], Field(json_schema_extra={"maxItems": MOST_TICKETS})] = ()
    filter: Annotated[str, Field(max_length=1000)] = ""
    change: TicketChangeIn


class TicketChangeOut(Out):
    """The change that a bulk makes."""

    act: BulkAct
    assignee_id: UUID | None
    keep_assignee: bool
    team_id: UUID | None
    keep_team: bool
    priority: Priority | None
    add_tags: tuple[str, ...]
    remove_tags: tuple[str, ...]
    snooze_until: datetime | None
    snooze_reason: str
    keep_on_reply: bool
    macro_id: UUID | None


class BulkProblemOut(Out):
    """A ticket that was not changed, and why."""

    ticket_id: UUID
    number: int
    outcome: BulkOutcome
    reason: str


class BulkOut(Out):
    """How far a bulk is; `problems` are the first 100. Until `undo_until` it can be taken back."""

    id: UUID
    change: TicketChangeOut
    undo_of: UUID | None
    state: BulkState
    total: int
    done: int
    skipped: int
    failed: int
    problems: tuple[BulkProblemOut, ...]
    created_at: datetime
    finished_at: datetime | None
    undo_until: datetime | None
