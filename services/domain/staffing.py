"""How teams give their tickets to people, what people can do, and who is here: pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from services.domain.candidates import absence
from services.domain.clocks.policy import CompiledCalendar
from services.domain.clocks.whole import read_conditions
from services.domain.errors import Invalid
from services.domain.intake import clean_line
from services.domain.principal import Role
from services.domain.queue import FreePlace
from services.domain.routing_facts import AssignmentStrategy, MemberFacts, MemberSkill, SkillFacts, TeamFacts
from services.domain.team import Team
from services.domain.ticket import TicketStatus
from services.domain.user import User

LARGEST_CAPACITY = 10_000
HIGHEST_LEVEL = 5
LONGEST_OVERFLOW = timedelta(days=30)
LONGEST_AWAY = timedelta(days=366)
NOTE_LENGTH = 200
SKILL_NAME_LENGTH = 100
NEEDS_LENGTH = 1_000


@dataclass(frozen=True, slots=True)
class MemberRouting:
    """What is different for one member; 0 and None are as the team says."""

    user_id: UUID
    capacity: int = 0
    calendar_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class TeamRouting:
    """How a team gives its tickets to its members. Capacity 0 is without limit, no calendar is all the time; what
    nobody here is free for may go to the overflow team after a wait, or at once when that is zero.
    """

    team_id: UUID
    strategy: AssignmentStrategy = AssignmentStrategy.ROUND_ROBIN
    last_assignee_first: bool = False
    needs_presence: bool = False
    capacity: int = 0
    counted_statuses: tuple[TicketStatus, ...] = (TicketStatus.NEW, TicketStatus.OPEN)
    calendar_id: UUID | None = None
    overflow_team_id: UUID | None = None
    overflow_after: timedelta = timedelta()
    members: tuple[MemberRouting, ...] = ()
    version: int = 0


@dataclass(frozen=True, slots=True)
class SkillHolder:
    """Who has a skill, at a level from 1 to 5."""

    user_id: UUID
    level: int


@dataclass(frozen=True, slots=True)
class Skill:
    """What tickets need that meet its conditions (text form; empty: none does), at `level` at least."""

    id: UUID
    name: str
    needs: str
    level: int
    holders: tuple[SkillHolder, ...] = ()
    version: int = 0


@dataclass(frozen=True, slots=True)
class TeamAvailability:
    """Whether somebody gets tickets of a team now; `reason` says why not."""

    team_id: UUID
    reason: str
    capacity: int
    counted_statuses: tuple[TicketStatus, ...]


@dataclass(frozen=True, slots=True)
class Availability:
    """Who is here: `present` is a sign of an open desk in the last 60 s, `away` what they said themselves."""

    user_id: UUID
    present: bool = False
    seen_at: datetime | None = None
    away: bool = False
    away_until: datetime | None = None
    note: str = ""
    teams: tuple[TeamAvailability, ...] = ()


@dataclass(frozen=True, slots=True)
class Absence:
    """Somebody gets no tickets until then; None: until they say that they are back."""

    until: datetime | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Staffing:
    """All that routing keeps of some teams and of the people in them, read at one moment."""

    now: datetime
    teams: tuple[tuple[Team, TeamRouting], ...]
    skills: tuple[Skill, ...]
    availability: Mapping[UUID, Availability]
    revision: int = 0
    calendars: Mapping[UUID, CompiledCalendar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Places:
    """Who can take tickets now, and who left that has some."""

    places: tuple[FreePlace, ...]
    revision: int
    left_user_ids: tuple[UUID, ...]


def check_team_routing(routing: TeamRouting, members: Collection[UUID]) -> None:
    """Invalid with everything that is wrong, by field."""
    _raise("routing", dict(_routing_problems(routing, members)))


def _routing_problems(routing: TeamRouting, members: Collection[UUID]) -> Iterator[tuple[str, str]]:
    if routing.strategy is AssignmentStrategy.LAST_ASSIGNEE:
        yield "strategy", "must be round_robin, least_loaded or skill_match: the last assignee comes first beside it"
    if not 0 <= routing.capacity <= LARGEST_CAPACITY:
        yield "capacity", f"must be 0 (any number) to {LARGEST_CAPACITY}"
    if any(status.is_settled for status in routing.counted_statuses) or not routing.counted_statuses:
        yield "counted_statuses", "must be some of new, open, pending and on_hold"
    if routing.overflow_team_id == routing.team_id:
        yield "overflow_team_id", "must be another team"
    if not timedelta() <= routing.overflow_after <= LONGEST_OVERFLOW:
        yield "overflow_after", f"must be zero to {LONGEST_OVERFLOW.days} days"
    seen = set()
    for index, member in enumerate(routing.members):
        if member.user_id not in members or member.user_id in seen:
            yield f"members[{index}].user_id", "must be a member of the team, each once"
        if not 0 <= member.capacity <= LARGEST_CAPACITY:
            yield f"members[{index}].capacity", f"must be 0 (as the team says) to {LARGEST_CAPACITY}"
        seen.add(member.user_id)


def check_skill(name: str, needs: str, level: int) -> tuple[str, str]:
    """Name and conditions cleaned; Invalid with everything that is wrong, by field."""
    problems: dict[str, str] = {}
    name, needs = clean_line(name), needs.strip()
    if not 1 <= len(name) <= SKILL_NAME_LENGTH:
        problems["name"] = f"must have 1 to {SKILL_NAME_LENGTH} characters"
    if len(needs) > NEEDS_LENGTH:
        problems["needs"] = f"must have at most {NEEDS_LENGTH} characters"
    elif needs:
        try:
            read_conditions(needs)
        except Invalid as error:
            problems["needs"] = next(iter(error.violations.values()), error.message)
    if not 1 <= level <= HIGHEST_LEVEL:
        problems["level"] = f"must be 1 to {HIGHEST_LEVEL}"
    _raise("skill", problems)
    return name, needs


def check_away(until: datetime | None, note: str, *, now: datetime) -> str:
    """The note, cleaned; Invalid with everything that is wrong, by field."""
    problems: dict[str, str] = {}
    note = clean_line(note)
    if len(note) > NOTE_LENGTH:
        problems["note"] = f"must have at most {NOTE_LENGTH} characters"
    if until is not None and not now < until <= now + LONGEST_AWAY:
        problems["until"] = f"must be in the future, at most {LONGEST_AWAY.days} days from now"
    _raise("absence", problems)
    return note


def _raise(what: str, problems: Mapping[str, str]) -> None:
    if problems:
        told = "; ".join(f"{name} {problem}" for name, problem in problems.items())
        raise Invalid(f"The {what} is not valid: {told}.", violations=problems)


def team_members(team: Team, staff: Iterable[User]) -> tuple[UUID, ...]:
    """The active members; of a default team without any, which a fresh desk has, all agents."""
    active = sorted((user for user in staff if user.is_active_staff), key=lambda user: user.id)
    if team.is_default and not team.member_ids:
        return tuple(user.id for user in active if user.role is not Role.LIGHT_AGENT)
    return tuple(user.id for user in active if user.id in team.member_ids)


def facts_of_team(
    team: Team, routing: TeamRouting, staffing: Staffing, staff: Iterable[User], *, at: datetime
) -> TeamFacts:
    """The team as a decision at this instant sees it."""
    own = {member.user_id: member for member in routing.members}
    levels = _levels(staffing.skills)
    calendar = staffing.calendars.get(routing.calendar_id) if routing.calendar_id else None
    members = tuple(
        _member(user_id, own.get(user_id) or MemberRouting(user_id), routing, staffing, levels, at=at)
        for user_id in team_members(team, staff)
    )
    return TeamFacts(
        team_id=team.id,
        name=team.name,
        version=team.version,
        members=members,
        strategy=routing.strategy,
        last_assignee_first=routing.last_assignee_first,
        needs_presence=routing.needs_presence,
        counted_statuses=routing.counted_statuses,
        overflow_team_id=routing.overflow_team_id,
        overflow_after=routing.overflow_after,
        time_zone=calendar.work.time_zone if calendar else "UTC",
    )


def _member(
    user_id: UUID,
    own: MemberRouting,
    routing: TeamRouting,
    staffing: Staffing,
    levels: Mapping[UUID, tuple[MemberSkill, ...]],
    *,
    at: datetime,
) -> MemberFacts:
    seen = staffing.availability.get(user_id) or Availability(user_id)
    calendar_id = own.calendar_id or routing.calendar_id
    calendar = staffing.calendars.get(calendar_id) if calendar_id else None
    opens = calendar.work.next_open(at) if calendar else at
    return MemberFacts(
        user_id=user_id,
        capacity=own.capacity or routing.capacity,
        skills=levels.get(user_id, ()),
        present=seen.present,
        away=seen.away,
        away_until=seen.away_until,
        works_from=None if opens == at else opens,
    )


def _levels(skills: Iterable[Skill]) -> dict[UUID, tuple[MemberSkill, ...]]:
    found: dict[UUID, tuple[MemberSkill, ...]] = {}
    for skill in skills:
        for holder in skill.holders:
            found[holder.user_id] = (*found.get(holder.user_id, ()), MemberSkill(skill.id, holder.level))
    return found


def skill_facts(skills: Iterable[Skill]) -> tuple[SkillFacts, ...]:
    """The skills that some ticket may need."""
    return tuple(SkillFacts(skill.id, skill.name, skill.needs, skill.level) for skill in skills if skill.needs)


def availability_of(staffing: Staffing, staff: Sequence[User]) -> tuple[Availability, ...]:
    """All active staff, with why they get no tickets of each of their teams now."""
    teams = [facts_of_team(team, routing, staffing, staff, at=staffing.now) for team, routing in staffing.teams]
    people = []
    for user in staff:
        if user.is_active_staff:
            seen = staffing.availability.get(user.id) or Availability(user.id)
            told = (
                TeamAvailability(
                    team.team_id, absence(member, team, at=staffing.now), member.capacity, team.counted_statuses
                )
                for team in teams
                for member in team.members
                if member.user_id == user.id
            )
            away = seen.away and (seen.away_until is None or seen.away_until > staffing.now)
            until, note = (seen.away_until, seen.note) if away else (None, "")
            people.append(Availability(user.id, seen.present, seen.seen_at, away, until, note, tuple(told)))
    return tuple(people)


def places_in(
    staffing: Staffing, staff: Sequence[User], *, waited_for: Collection[UUID], assignees: Collection[UUID]
) -> Places:
    """Who of those that tickets wait for can take one now, and who of the assignees left."""
    active = {user.id for user in staff if user.is_active_staff}
    places = (
        FreePlace(each.user_id, team.capacity, team.counted_statuses)
        for each in availability_of(staffing, staff)
        for team in each.teams
        if each.user_id in waited_for and not team.reason
    )
    left = tuple(sorted(user_id for user_id in assignees if user_id not in active))
    return Places(tuple(dict.fromkeys(places)), revision_of(staffing, staff), left)


def revision_of(staffing: Staffing, staff: Iterable[User]) -> int:
    """Another number whenever teams, skills or the active staff change."""
    active = sorted(f"{user.id} {user.role}" for user in staff if user.is_active_staff)
    digest = sha256("\n".join([str(staffing.revision), *active]).encode()).digest()
    return int.from_bytes(digest[:6], "big")
