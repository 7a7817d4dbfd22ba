"""What the REST API takes and gives of families."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from services.domain.family.model import MOST_GROUPED, CascadeAct, CascadeState, ChildOutcome
from services.domain.family.policy import DownPolicy, FamilyPolicy, UpPolicy
from services.domain.intake import RESOLUTION_LENGTH
from services.gateway.models.base import In, Out, Subject, Text
from services.gateway.models.tickets import ChildrenOut, TicketOut

SettlingAct = Literal["resolve", "close"]


class ParentIn(In):
    """Whose child the ticket is to be."""

    parent_id: UUID


class GroupIn(In):
    """Which tickets belong together, and what their parent is called; without a subject like the first of them."""

    ticket_ids: Annotated[tuple[UUID, ...], Field(json_schema_extra={"minItems": 2, "maxItems": MOST_GROUPED})]
    subject: Subject | Literal[""] = ""


class SettleIn(In):
    """What solved the ticket, and whether the customers of children that are settled with it are told."""

    resolution: Annotated[Text, Field(json_schema_extra={"maxLength": RESOLUTION_LENGTH})] = ""
    silent: bool = False


class FamilyPolicyIn(In):
    """How parent and children settle each other; null is as the brand has it."""

    down: DownPolicy | None = None
    up: UpPolicy | None = None

    def as_policy(self) -> FamilyPolicy:
        """The same for the domain."""
        return FamilyPolicy(self.down, self.up)


class FamilyPolicyOut(Out):
    """What a parent has of its own; null is as the brand has it."""

    down: DownPolicy | None
    up: UpPolicy | None


class ChildProblemOut(Out):
    """A child that was not changed, and why."""

    ticket_id: UUID
    number: int
    outcome: ChildOutcome
    reason: str


class CascadeOut(Out):
    """How far a cascade is. `problems` are the first 100 that you may see, `hidden` counts those you may not.

    It can be taken back until `undo_until`, and after that as long as the parent is open.
    """

    id: UUID
    parent_id: UUID
    act: CascadeAct
    state: CascadeState
    actor: str
    undo_of: UUID | None
    total: int
    done: int
    skipped: int
    failed: int
    problems: tuple[ChildProblemOut, ...]
    hidden: int
    created_at: datetime
    finished_at: datetime | None
    undo_until: datetime | None


class FamilyOut(Out):
    """The family of a ticket; without a parent it has none, or none that you may see.

    `hidden` counts the children that you may not see, `reopened` those that are open although the parent is settled.
    """

    parent: TicketOut | None
    down: DownPolicy | None
    up: UpPolicy | None
    own: FamilyPolicyOut
    children: ChildrenOut
    hidden: int
    reopened: int
    cascade: CascadeOut | None


class PreviewedChildOut(Out):
    """What settling the parent would do to one child; without a reason nothing keeps it."""

    ticket_id: UUID
    number: int
    settles: bool
    tells: bool
    reason: str


class SettlePreviewOut(Out):
    """What settling a ticket would do to its children: how many it settles and skips, how many customers it tells."""

    down: DownPolicy
    act: CascadeAct
    blocked: bool
    settles: int
    skips: int
    tells: int
    hidden: int
    children: tuple[PreviewedChildOut, ...]
