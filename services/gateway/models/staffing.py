"""What the REST API takes and gives of how teams give their tickets, of skills and of who is here."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, StrictBool

from services.domain.routing_facts import AssignmentStrategy
from services.domain.staffing import HIGHEST_LEVEL, LARGEST_CAPACITY, NEEDS_LENGTH, NOTE_LENGTH
from services.domain.ticket import Priority, TicketStatus
from services.gateway.models.base import Duration, In, Out, Text, Title, Version

Capacity = Annotated[int, Field(strict=True, ge=0, le=LARGEST_CAPACITY)]
Level = Annotated[int, Field(strict=True, ge=1, le=HIGHEST_LEVEL)]
Needs = Annotated[Text, Field(json_schema_extra={"maxLength": NEEDS_LENGTH})]
Note = Annotated[Text, Field(json_schema_extra={"maxLength": NOTE_LENGTH})]


class MemberRoutingIn(In):
    """What is different for one member: another capacity, other hours."""

    user_id: UUID
    capacity: Capacity = 0
    calendar_id: UUID | None = None


class TeamRoutingIn(In):
    """How a team gives its tickets. Capacity 0 is any number, no calendar is all the time; with `needs_presence` only
    members whose desk is open get tickets. What nobody is free for may go to the overflow team after a wait.
    """

    strategy: Literal["round_robin", "least_loaded", "skill_match"] = "round_robin"
    last_assignee_first: StrictBool = False
    needs_presence: StrictBool = False
    capacity: Capacity = 0
    counted_statuses: tuple[Literal["new", "open", "pending", "on_hold"], ...] = ("new", "open")
    calendar_id: UUID | None = None
    overflow_team_id: UUID | None = None
    overflow_after: Duration = Field(default="PT0S", validate_default=True)
    members: tuple[MemberRoutingIn, ...] = ()
    version: Version | None = None


class MemberRoutingOut(Out):
    """What is different for one member."""

    user_id: UUID
    capacity: int
    calendar_id: UUID | None


class TeamRoutingOut(Out):
    """How a team gives its tickets."""

    team_id: UUID
    strategy: AssignmentStrategy
    last_assignee_first: bool
    needs_presence: bool
    capacity: int
    counted_statuses: tuple[TicketStatus, ...]
    calendar_id: UUID | None
    overflow_team_id: UUID | None
    overflow_after: Duration
    members: tuple[MemberRoutingOut, ...]
    version: int


class SkillIn(In):
    """What tickets need that meet the conditions `needs` (text form, with ids; empty: none does), at least so well."""

    name: Title
    needs: Needs = ""
    level: Level = 1
    version: Version | None = None


class HolderIn(In):
    """How well somebody has a skill."""

    level: Level


class HolderOut(Out):
    """Who has a skill, and how well: 1 to 5."""

    user_id: UUID
    level: int


class SkillOut(Out):
    """A skill with who has it."""

    id: UUID
    name: str
    needs: str
    level: int
    holders: tuple[HolderOut, ...]
    version: int


class AwayIn(In):
    """No tickets until then; without an instant until they are back."""

    until: AwareDatetime | None = None
    note: Note = ""


class TeamAvailabilityOut(Out):
    """Whether somebody gets tickets of a team now: `reason` says why not, and is empty when they do."""

    team_id: UUID
    reason: str
    capacity: int
    counted_statuses: tuple[TicketStatus, ...]


class AvailabilityOut(Out):
    """Whether somebody is here: `present` is an open desk in the last 60 s."""

    user_id: UUID
    present: bool
    seen_at: datetime | None
    away: bool
    away_until: datetime | None
    note: str
    teams: tuple[TeamAvailabilityOut, ...]


class WaitingTicketOut(Out):
    """A ticket in its team's queue, and why it waits; the first is at position 1."""

    ticket_id: UUID
    number: int
    team_id: UUID
    position: int
    waiting_since: datetime
    reason: str
    priority: Priority


class QueuePlaceOut(Out):
    """Where a ticket is in its team's queue, and when another team may take it."""

    team_id: UUID
    position: int
    waiting_since: datetime
    reason: str
    overflow_at: datetime | None


class QueueOut(Out):
    """The ticket's place; null when it waits for nobody."""

    place: QueuePlaceOut | None
