"""What the REST API takes and gives of calendars, escalation ladders and service level policies."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from services.domain.actions import ActionKind
from services.domain.calendars.model import Weekday
from services.domain.clocks.model import ClockKind
from services.domain.clocks.policy import DEFAULT_PAUSES, StepWhen
from services.domain.routing_facts import AssignmentStrategy
from services.domain.ticket import Priority, TicketStatus
from services.gateway.models.base import Duration, In, Out, Text, Title, Version

Time = Annotated[Text, Field(json_schema_extra={"pattern": r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$"})]
Share = Annotated[int, Field(strict=True, ge=0, le=1000)]
Position = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]


class WorkingHoursIn(In):
    """An interval of a weekday by the wall clock, `09:00` to `17:00`; `24:00` is the day's end."""

    weekday: Weekday
    opens: Time
    closes: Time


class ClosedDayIn(In):
    """A day without work, `2026-12-24`; a yearly one returns whatever year it is written with."""

    day: Annotated[Text, Field(json_schema_extra={"format": "date"})]
    name: Text = ""
    yearly: bool = False


class CalendarIn(In):
    """When a team works: weekly hours in an IANA time zone, without public holidays and closed days."""

    name: Title
    time_zone: Text
    hours: tuple[WorkingHoursIn, ...]
    countries: tuple[Text, ...] = ()
    closed_days: tuple[ClosedDayIn, ...] = ()
    version: Version | None = None


class WorkingHoursOut(Out):
    """An interval of a weekday."""

    weekday: Weekday
    opens: str
    closes: str


class ClosedDayOut(Out):
    """A day without work."""

    day: str
    name: str
    yearly: bool


class CalendarOut(Out):
    """A calendar; `version` counts its changes."""

    id: UUID
    name: str
    time_zone: str
    hours: tuple[WorkingHoursOut, ...]
    countries: tuple[str, ...]
    closed_days: tuple[ClosedDayOut, ...]
    version: int


class LadderActionIn(In):
    """What a step does; `raise_priority` without a priority raises it by one, `notify` mails a user or a team."""

    kind: ActionKind
    priority: Priority | None = None
    team_id: UUID | None = None
    user_id: UUID | None = None
    tag: Text = ""
    note: Text = ""
    strategy: AssignmentStrategy | None = None


class LadderStepIn(In):
    """At a `share` of the target in percent, or `offset` of working time before or after the limit."""

    name: Text
    when: StepWhen
    actions: tuple[LadderActionIn, ...]
    share: Share = 0
    offset: Duration = Field(default="PT0S", validate_default=True)


class LadderIn(In):
    """Steps before and after a limit, known by their names: each happens once for each epoch of a clock."""

    name: Title
    steps: tuple[LadderStepIn, ...]
    version: Version | None = None


class LadderActionOut(Out):
    """What a step does."""

    kind: ActionKind
    priority: Priority | None
    team_id: UUID | None
    user_id: UUID | None
    tag: str
    note: str
    strategy: AssignmentStrategy | None


class LadderStepOut(Out):
    """A step of a ladder."""

    name: str
    when: StepWhen
    actions: tuple[LadderActionOut, ...]
    share: int
    offset: Duration


class LadderOut(Out):
    """An escalation ladder."""

    id: UUID
    name: str
    steps: tuple[LadderStepOut, ...]
    version: int


class TargetIn(In):
    """How long a clock may take at a priority; null: at those that no other target of the clock names."""

    clock: ClockKind
    duration: Duration
    priority: Priority | None = None


class ClockLadderIn(In):
    """Which ladder a clock has."""

    clock: ClockKind
    ladder_id: UUID


class PolicyIn(In):
    """Which tickets have to be answered how fast, in whose hours. Policies are tried by `position`.

    `conditions` is a filter of brand, channel, priority, team, type and tag; the first policy that fits counts.
    """

    name: Title
    position: Position = 0
    conditions: Text = ""
    calendar_id: UUID | None = None
    targets: tuple[TargetIn, ...]
    ladders: tuple[ClockLadderIn, ...] = ()
    pauses: tuple[TicketStatus, ...] = DEFAULT_PAUSES
    version: Version | None = None


class TargetOut(Out):
    """How long a clock may take at a priority."""

    clock: ClockKind
    duration: Duration
    priority: Priority | None


class ClockLadderOut(Out):
    """Which ladder a clock has."""

    clock: ClockKind
    ladder_id: UUID


class PolicyOut(Out):
    """A service level policy."""

    id: UUID
    name: str
    position: int
    conditions: str
    calendar_id: UUID | None
    targets: tuple[TargetOut, ...]
    ladders: tuple[ClockLadderOut, ...]
    pauses: tuple[TicketStatus, ...]
    version: int


class PreviewIn(In):
    """One change that is not saved: what is to be made or to take the place of `replaced_id`, or `deleted_id`."""

    replaced_id: UUID | None = None
    calendar: CalendarIn | None = None
    escalation_ladder: LadderIn | None = None
    sla_policy: PolicyIn | None = None
    deleted_id: UUID | None = None


class MovedLimitOut(Out):
    """A limit that moves; null where there was, or is to be, none. It is `late` when it passes at once."""

    ticket_id: UUID
    number: int
    clock: ClockKind
    old_due_at: datetime | None
    new_due_at: datetime | None
    late: bool


class PreviewOut(Out):
    """Of `tickets` that are open and measured: limits that move, those that pass at once, steps that are taken at once.

    Not `complete`: there were more tickets than one look takes."""

    tickets: int
    moved: int
    late: int
    steps: int
    examples: tuple[MovedLimitOut, ...]
    complete: bool
