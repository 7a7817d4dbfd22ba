"""What a decision is made of. Names are those of protos/duradesk/tickets/v1/decision.proto."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.domain.clocks.model import Clock
from services.domain.effects import PlannedEffect
from services.domain.facts import Facts, HistoryFacts, RuleCut
from services.domain.routing_facts import AssignmentStrategy, Candidate, PassedOver, RoutingFacts
from services.domain.ticket import Channel, Due, EventKind, FieldChange, JsonObject, Priority, TicketStatus

NO_HISTORY = HistoryFacts()


@dataclass(frozen=True, slots=True)
class ConditionSeen:
    """A condition with the value it saw: `check` is "all of", "any of", "not", or the test in the text form."""

    check: str
    seen: str
    held: bool
    parts: tuple["ConditionSeen", ...] = ()


@dataclass(frozen=True, slots=True)
class RuleRun:
    """A rule that ran: because of an event, a due or the run `caused_by` (0: none), what it saw, and what it did.

    `number` counts from 1 within the decision; `steps` are the places of its steps in the decision's.
    """

    number: int
    rule_id: UUID
    rule_version: int
    name: str
    trigger: str
    cause: str
    caused_by: int
    at: datetime
    condition: ConditionSeen | None
    effects: tuple[str, ...]
    steps: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One automatic change: becomes one event. `due_key` is set when the step is a due, `note` when it is a note of the
    desk itself, `reply` when it is a word of the desk to the customer: a template. `follower_id` follows from here on,
    `policy_id` is the policy that the rule `policy_rule_id` sets, `parent_id` whose child the ticket becomes.
    """

    kind: EventKind
    changes: tuple[FieldChange, ...]
    cause: str
    reason: str
    effective_at: datetime
    due_key: str = ""
    note: str = ""
    reply: str = ""
    follower_id: UUID | None = None
    policy_id: UUID | None = None
    policy_rule_id: UUID | None = None
    parent_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Assignment:
    """Whom the ticket may go to; when none of the candidates is free, `overflow` is tried, and else it waits in the
    team's queue.
    """

    team_id: UUID
    strategy: AssignmentStrategy
    candidates: tuple[Candidate, ...]
    cause: str
    reason: str
    team_name: str = ""
    preferred_id: UUID | None = None
    counted_statuses: tuple[TicketStatus, ...] = ()
    passed_over: tuple[PassedOver, ...] = ()
    overflow: "Assignment | None" = None
    revision: int = 0


@dataclass(frozen=True, slots=True)
class TraceLine:
    """One line of "why": what was looked at, the values seen, what came of it."""

    at: datetime
    cause: str
    check: str
    seen: dict[str, str]
    outcome: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to happen to the ticket now. It holds only for `expected_version`.

    `look_again` says that some rule has to see who was picked.
    """

    ticket_id: UUID
    expected_version: int
    decided_seq: int
    steps: tuple[Step, ...]
    assignment: Assignment | None
    dues: tuple[Due, ...]
    effects: tuple[PlannedEffect, ...]
    trace: tuple[TraceLine, ...]
    clocks: tuple[Clock, ...] = ()
    runs: tuple[RuleRun, ...] = ()
    cuts: tuple[RuleCut, ...] = ()
    look_again: bool = False
    family_news: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class SeenFacts:
    """What a decision saw; without one, what it would see now."""

    facts: Facts
    decision_id: UUID | None = None
    routing: RoutingFacts | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a ticket's workflow needs to wait. `due_in_seconds` counts from the answer, by the database's clock.

    `parent_to_tell` has news of this ticket to read; `cascade_id` is the one to carry out.
    """

    ticket_id: UUID
    number: int
    status: TicketStatus
    priority: Priority
    channel: Channel
    brand_name: str
    next_due_at: datetime | None
    due_in_seconds: float
    next_due_reason: str
    open_effects: tuple[UUID, ...]
    more: bool
    parent_to_tell: UUID | None = None
    cascade_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Nudge:
    """One ticket that the relay is to signal, with what its workflow's title and search attributes need.

    `traceparent` is the trace of the last change that asked for it, if anybody traces.
    """

    ticket_id: UUID
    number: int
    channel: Channel
    brand_name: str
    status: TicketStatus
    priority: Priority
    next_due_at: datetime | None
    traceparent: str = ""


@dataclass(frozen=True, slots=True)
class StoredDecision:
    """A decision with what it saw, each in protobuf's JSON form."""

    decision_id: UUID
    ticket_id: UUID
    facts: JsonObject
    routing: JsonObject
    decision: JsonObject
    decided_at: datetime
