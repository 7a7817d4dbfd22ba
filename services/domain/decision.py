"""What a decision is made of. Names are those of protos/duradesk/tickets/v1/decision.proto."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.domain.categories import Category
from services.domain.clocks.model import Clock
from services.domain.family.model import FamilyFacts
from services.domain.ticket import (
    AttachedFile,
    AuthorKind,
    Brand,
    Channel,
    Due,
    EventKind,
    FieldChange,
    FollowerKind,
    JsonObject,
    Priority,
    TicketStatus,
    Visibility,
)


@dataclass(frozen=True, slots=True)
class TicketFacts:
    """A ticket without a customer's text, name or address; `category_path` leads down the tree to its category.

    `custom_fields` are numbers, checks, choices and dates alone. Its plan is of the service levels `planned_revision`;
    `policy_id` is what the rule `policy_rule_id` set.
    """

    id: UUID
    number: int
    channel: Channel
    status: TicketStatus
    status_since: datetime
    status_epoch: int
    priority: Priority
    team_id: UUID | None
    assignee_id: UUID | None
    requester_reachable: bool
    sender_proven: bool
    version: int
    snoozed_until: datetime | None = None
    snooze_epoch: int = 0
    type: str = ""
    tags: tuple[str, ...] = ()
    planned_revision: int = 0
    requester_id: UUID | None = None
    created_at: datetime | None = None
    policy_id: UUID | None = None
    policy_rule_id: UUID | None = None
    category_id: UUID | None = None
    category_path: tuple[UUID, ...] = ()
    organisation_id: UUID | None = None
    custom_fields: JsonObject = field(default_factory=dict)
    parent_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class EventFacts:
    """A committed, undecided event; a message's text stands in by its SHA-256 in hex.

    No machine may answer a message that is `automatic` (RFC 3834). `actor` did it: a user's id, a contact's id or a
    process's name, empty in facts from before it was told; `assignee_id` is whom the event gave the ticket to. A
    decision made what is `decided`; `rule_id` is the rule that somebody wants to run. What a cascade did `tells` the
    requester in this thread or not. Nobody outside is told of one that is `quiet`.
    """

    seq: int
    kind: EventKind
    effective_at: datetime
    message_id: UUID | None = None
    message_hash: str = ""
    visibility: Visibility | None = None
    author_kind: AuthorKind | None = None
    by_requester: bool = False
    automatic: bool = False
    withdrawn: bool = False
    actor: str = ""
    assignee_id: UUID | None = None
    changes: tuple[FieldChange, ...] = ()
    decided: bool = False
    rule_id: UUID | None = None
    in_cascade: bool = False
    tells: bool = False
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class FollowerFacts:
    """Somebody who follows the ticket, by a contact's or a user's id, from the event `since_seq` on."""

    id: UUID
    kind: FollowerKind
    since_seq: int


@dataclass(frozen=True, slots=True)
class FiredDue:
    """A due that fired, by its key, and when it did."""

    key: str
    fired_at: datetime


@dataclass(frozen=True, slots=True)
class MovedDue:
    """A due that somebody moved, by its key, and where to."""

    key: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class ReminderFacts:
    """Somebody of the staff wants to be reminded; `seq` is of the event that says so."""

    seq: int
    user_id: UUID
    remind_at: datetime


class FactNeed(StrEnum):
    """What only rules need of a ticket, and not each of them."""

    RULES = "rules"
    WORDS = "words"
    HISTORY = "history"
    CUSTOM_FIELDS = "custom_fields"
    CATEGORIES = "categories"


@dataclass(frozen=True, slots=True)
class Anchor:
    """An event from which something counts."""

    seq: int
    at: datetime


@dataclass(frozen=True, slots=True)
class HistoryFacts:
    """What had happened to the ticket before the undecided events; what the desk itself wrote counts for nothing.

    `unanswered` is the customer's first word since we last wrote; `customer_automatic` says that a machine wrote the
    customer's last word.
    """

    customer_messages: int = 0
    agent_messages: int = 0
    reopened: int = 0
    customer_wrote: Anchor | None = None
    customer_automatic: bool = False
    agent_wrote: Anchor | None = None
    unanswered: Anchor | None = None
    resolved: Anchor | None = None
    last_act: Anchor | None = None


NO_HISTORY = HistoryFacts()


@dataclass(frozen=True, slots=True)
class RecentRuns:
    """How often a rule has run on the ticket a short while ago."""

    rule_id: UUID
    runs: int


@dataclass(frozen=True, slots=True)
class RuleCut:
    """A version of a rule that ran in a circle; `told` are to know. Routing pauses it."""

    rule_id: UUID
    rule_version: int
    name: str
    reason: str
    told: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class MessageText:
    """The text of a message that came with an undecided event."""

    message_id: UUID
    text: str


@dataclass(frozen=True, slots=True)
class TicketWords:
    """What a decision may look at and nobody keeps beside it: what people wrote, and who they are."""

    subject: str = ""
    requester_name: str = ""
    requester_email: str = ""
    messages: tuple[MessageText, ...] = ()
    custom_fields: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WaitingFacts:
    """The ticket waits for somebody who is free, since then; `epoch` is the version at which it began."""

    since: datetime
    epoch: int


@dataclass(frozen=True, slots=True)
class PromiseFacts:
    """The last promise of an update, by the seq of its event; `kept_at` is when the staff wrote after it."""

    seq: int
    promised_at: datetime
    kept_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a decision on one ticket may look at, read in one transaction.

    `needs` are those that were read; `words` are left out where the decision is stored, `words_hash` stays: the SHA-256
    of subject and requester. A rule in `cut_rules` counts as paused already. Of `categories`
    those are kept that rules name.
    """

    now: datetime
    ticket: TicketFacts
    brand: Brand
    events: tuple[EventFacts, ...]
    more: bool
    planned: tuple[Due, ...]
    fired: tuple[FiredDue, ...]
    clocks: tuple[Clock, ...] = ()
    moved: tuple[MovedDue, ...] = ()
    followers: tuple[FollowerFacts, ...] = ()
    reminders: tuple[ReminderFacts, ...] = ()
    promise: PromiseFacts | None = None
    needs: tuple[FactNeed, ...] = ()
    words: TicketWords | None = None
    words_hash: str = ""
    history: HistoryFacts | None = None
    recent_runs: tuple[RecentRuns, ...] = ()
    cut_rules: tuple[RuleCut, ...] = ()
    categories: tuple[Category, ...] = ()
    waiting: WaitingFacts | None = None
    last_assignee_id: UUID | None = None
    family: FamilyFacts | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody a ticket may go to, and why; not with `capacity` open tickets, where that is not 0. `score` is the sum
    of the levels of the skills that the ticket needs.
    """

    user_id: UUID
    reason: str
    capacity: int = 0
    score: int = 0


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A member of the team whom a ticket cannot go to now, and why not; `fits` says that it is a matter of time."""

    user_id: UUID
    reason: str
    score: int = 0
    fits: bool = False


class AssignmentStrategy(StrEnum):
    """How ApplyDecision picks one of the candidates; LAST_ASSIGNEE is who had it before, else as the team does it."""

    ROUND_ROBIN = "round_robin"
    LEAST_LOADED = "least_loaded"
    SKILL_MATCH = "skill_match"
    LAST_ASSIGNEE = "last_assignee"


@dataclass(frozen=True, slots=True)
class MemberSkill:
    """What somebody can do, at a level from 1 to 5."""

    skill_id: UUID
    level: int


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """An active member of a team at the decision. `works_from` is set outside their working hours, and `away_until`
    when it is known how long they are away.
    """

    user_id: UUID
    capacity: int = 0
    skills: tuple[MemberSkill, ...] = ()
    present: bool = False
    away: bool = False
    away_until: datetime | None = None
    works_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class TeamFacts:
    """A team at the decision. `overflow_after` says how long a ticket waits until the overflow team may take it."""

    team_id: UUID
    name: str
    version: int
    members: tuple[MemberFacts, ...]
    strategy: AssignmentStrategy = AssignmentStrategy.ROUND_ROBIN
    last_assignee_first: bool = False
    needs_presence: bool = False
    counted_statuses: tuple[TicketStatus, ...] = ()
    overflow_team_id: UUID | None = None
    overflow_after: timedelta = timedelta()
    time_zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class SkillFacts:
    """A skill that tickets need which meet the conditions `needs` (text form), at `level` at least."""

    id: UUID
    name: str
    needs: str
    level: int


@dataclass(frozen=True, slots=True)
class ToldTeam:
    """A team that steps of ladders tell, with its active members."""

    team_id: UUID
    user_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class RoutingFacts:
    """Routing's own facts at the moment of the decision: the ticket's team (else the default one), its active members,
    whether the ticket's assignee is still active, the teams that steps of ladders and rules tell, and those that it may
    go to.

    `needs` is what the rules of this revision need of a ticket, `rule_categories` are those that they set. `rule_users`
    are the active ones of those whom rules name, `keepers` the active ones who keep rules, `gone` those whom steps of
    ladders name and who are active no more.
    """

    team_id: UUID
    team_name: str
    team_version: int
    members: tuple[Candidate, ...]
    assignee_active: bool
    service_levels_revision: int = 0
    told_teams: tuple[ToldTeam, ...] = ()
    rules_revision: int = 0
    needs: tuple[FactNeed, ...] = ()
    rule_users: tuple[UUID, ...] = ()
    keepers: tuple[UUID, ...] = ()
    rule_categories: tuple[UUID, ...] = ()
    teams: tuple[TeamFacts, ...] = ()
    skills: tuple[SkillFacts, ...] = ()
    revision: int = 0
    gone: tuple[UUID, ...] = ()


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


class EffectKind(StrEnum):
    """Something to be done outside."""

    REPLY_MAIL = "reply_mail"
    IDLE_REMINDER_MAIL = "idle_reminder_mail"
    ACKNOWLEDGEMENT_MAIL = "acknowledgement_mail"
    RESOLVED_NOTICE_MAIL = "resolved_notice_mail"
    CUSTOMER_WROTE_MAIL = "customer_wrote_mail"
    NOTE_MAIL = "note_mail"
    ASSIGNED_MAIL = "assigned_mail"
    ESCALATED_MAIL = "escalated_mail"
    REMINDER_MAIL = "reminder_mail"
    RULE_REPLY_MAIL = "rule_reply_mail"
    RULE_NOTICE_MAIL = "rule_notice_mail"
    RULE_CUT_MAIL = "rule_cut_mail"
    CHILDREN_SETTLED_MAIL = "children_settled_mail"


@dataclass(frozen=True, slots=True)
class PlannedEffect:
    """Something to be done outside, once per `key`: for the follower `contact_id`, for `user_id` of the staff, or else
    for the requester. `text` is what a rule says in it.
    """

    key: str
    kind: EffectKind
    message_id: UUID | None
    not_before: datetime
    cause: str
    contact_id: UUID | None = None
    user_id: UUID | None = None
    text: str = ""


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
class OutgoingMail:
    """A mail to be sent. `rfc_message_id` has angle brackets and is the same at every attempt (RFC 5322, 3.6.4).

    `html`, if there is any, says the same as `text`.
    """

    from_address: str
    from_name: str
    to_address: str
    to_name: str
    subject: str
    text: str
    rfc_message_id: str
    references: tuple[str, ...]
    auto_submitted: str
    reply_to: str = ""
    html: str = ""
    attachments: tuple[AttachedFile, ...] = ()


@dataclass(frozen=True, slots=True)
class ClaimedEffect:
    """An effect taken for delivery; `fence` proves the lease."""

    fence: int
    attempt: int
    mail: OutgoingMail


class EffectOutcome(StrEnum):
    """How a delivery attempt ended."""

    DONE = "done"
    RETRY = "retry"
    FAILED = "failed"
