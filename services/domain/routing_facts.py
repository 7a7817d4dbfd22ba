"""What a decision sees of teams and the people in them. Names are those of protos/duradesk/routing/v1."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.domain.facts import FactNeed
from services.domain.ticket import TicketStatus


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
