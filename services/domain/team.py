"""Teams, and what routing looks at when it decides: pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

from services.domain.errors import Invalid
from services.domain.intake import clean_line
from services.domain.principal import PERMISSIONS, Role
from services.domain.routing_facts import Candidate, RoutingFacts, ToldTeam
from services.domain.user import User

TEAM_NAME_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Team:
    """A department. New tickets without a team go to the default one. `version` counts its changes."""

    id: UUID
    name: str
    is_default: bool
    member_ids: tuple[UUID, ...]
    version: int


def check_team_name(name: str) -> str:
    """The name, cleaned; Invalid when it is empty or too long."""
    name = clean_line(name)
    if not 1 <= len(name) <= TEAM_NAME_LENGTH:
        problem = f"must have 1 to {TEAM_NAME_LENGTH} characters, not {len(name)}"
        raise Invalid(f"The team is not valid: name {problem}.", violations={"name": problem})
    return name


def routing_facts(team: Team, staff: Iterable[User], *, assignee_id: UUID | None) -> RoutingFacts:
    """Who of the staff may get a ticket of this team, by user id, each with the reason."""
    active = _active(staff)
    return RoutingFacts(
        team_id=team.id,
        team_name=team.name,
        team_version=team.version,
        members=_candidates(team, active),
        assignee_active=any(user.id == assignee_id for user in active),
    )


def told_teams(teams: Iterable[Team], staff: Iterable[User], *, ids: Collection[UUID]) -> tuple[ToldTeam, ...]:
    """Those of the teams that steps of ladders tell, each with its active members."""
    active = _active(staff)
    return tuple(
        ToldTeam(team.id, tuple(found.user_id for found in _candidates(team, active)))
        for team in teams
        if team.id in ids
    )


def gone_users(staff: Iterable[User], *, named: Collection[UUID]) -> tuple[UUID, ...]:
    """Those of the named users who are no active members of the staff any more."""
    return tuple(sorted(set(named) - {user.id for user in _active(staff)}))


def people_of_rules(staff: Iterable[User], *, named: Collection[UUID]) -> tuple[tuple[UUID, ...], tuple[UUID, ...]]:
    """The active ones of those whom rules name, and of those who keep rules."""
    active = _active(staff)
    keepers = tuple(user.id for user in active if "rules.manage" in PERMISSIONS[user.role])
    return tuple(user.id for user in active if user.id in named), keepers


def _active(staff: Iterable[User]) -> list[User]:
    return sorted((user for user in staff if user.is_active_staff), key=lambda user: user.id)


def _candidates(team: Team, active: list[User]) -> tuple[Candidate, ...]:
    if team.is_default and not team.member_ids:
        # On a fresh desk nobody has joined a team yet, and the first ticket must not wait for that.
        reason = "the team has no members yet, so every agent may get it"
        return tuple(Candidate(user.id, reason) for user in active if user.role is not Role.LIGHT_AGENT)
    reason = f"an active member of {team.name}"
    return tuple(Candidate(user.id, reason) for user in active if user.id in team.member_ids)
