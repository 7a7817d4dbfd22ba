"""Who of a team may get a ticket now, who may not and why: pure, and before anybody counts what is on their desks."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from uuid import UUID
from zoneinfo import ZoneInfo

from services.domain.clocks.fold import condition_facts
from services.domain.clocks.whole import read_conditions
from services.domain.conditions.evaluate import evaluate
from services.domain.conditions.tree import Condition
from services.domain.decision import Assignment
from services.domain.facts import TicketFacts
from services.domain.routing_facts import (
    AssignmentStrategy,
    Candidate,
    MemberFacts,
    PassedOver,
    RoutingFacts,
    SkillFacts,
    TeamFacts,
)

WORDS = {
    AssignmentStrategy.ROUND_ROBIN: "round robin",
    AssignmentStrategy.LEAST_LOADED: "fewest open tickets",
    AssignmentStrategy.SKILL_MATCH: "best match of skills",
    AssignmentStrategy.LAST_ASSIGNEE: "last assignee",
}


def needed_skills(
    skills: Sequence[SkillFacts], ticket: TicketFacts, brand_id: UUID, *, at: datetime
) -> tuple[SkillFacts, ...]:
    """The skills whose conditions the ticket meets; one without conditions is never asked for."""
    facts = condition_facts(ticket, brand_id)
    return tuple(skill for skill in skills if skill.needs and evaluate(_conditions(skill.needs), facts, now=at))


@lru_cache(maxsize=1000)
def _conditions(text: str) -> Condition:
    return read_conditions(text)


def team_facts(routing: RoutingFacts, team_id: UUID | None) -> TeamFacts:
    """What routing saw of the team; of one that it did not look at, the ticket's own."""
    known = {team.team_id: team for team in routing.teams}
    found = known.get(team_id or routing.team_id) or known.get(routing.team_id)
    if found is not None:
        return found
    # Facts from before teams were told.
    members = tuple(MemberFacts(member.user_id) for member in routing.members)
    return TeamFacts(routing.team_id, routing.team_name, routing.team_version, members)


def plan_assignment(
    team: TeamFacts,
    needed: Sequence[SkillFacts],
    *,
    at: datetime,
    cause: str,
    strategy: AssignmentStrategy | None = None,
    last_assignee_id: UUID | None = None,
) -> Assignment:
    """Whom of the team the ticket may go to at this instant, the best first, by the team's strategy or another one."""
    wanted = strategy or team.strategy
    first = wanted is AssignmentStrategy.LAST_ASSIGNEE or team.last_assignee_first
    chosen = team.strategy if wanted is AssignmentStrategy.LAST_ASSIGNEE else wanted
    asked = needed if chosen is AssignmentStrategy.SKILL_MATCH else ()
    candidates, passed_over = _divide(team, asked, at=at)
    return Assignment(
        team_id=team.team_id,
        team_name=team.name,
        strategy=chosen,
        candidates=candidates,
        passed_over=passed_over,
        preferred_id=last_assignee_id if first else None,
        counted_statuses=team.counted_statuses,
        cause=cause,
        reason=f"{WORDS[chosen]} in {team.name}: {_outcome(candidates, passed_over)}",
    )


def _divide(
    team: TeamFacts, needed: Sequence[SkillFacts], *, at: datetime
) -> tuple[tuple[Candidate, ...], tuple[PassedOver, ...]]:
    candidates, passed_over = [], []
    for member in team.members:
        levels = {skill.skill_id: skill.level for skill in member.skills}
        score = sum(levels.get(skill.id, 0) for skill in needed)
        lacking = [skill for skill in needed if levels.get(skill.id, 0) < skill.level]
        told = ", ".join(f"{skill.name} {levels[skill.id]}" for skill in needed if skill.id in levels)
        missing = "" if lacking else absence(member, team, at=at)
        if lacking:
            passed_over.append(PassedOver(member.user_id, _lack(lacking, levels), score))
        elif missing:
            passed_over.append(PassedOver(member.user_id, missing, score, fits=True))
        else:
            reason = told or f"an active member of {team.name}"
            candidates.append(Candidate(member.user_id, reason, member.capacity, score))
    candidates.sort(key=lambda candidate: (-candidate.score, candidate.user_id))
    passed_over.sort(key=lambda passed: (-passed.score, passed.user_id))
    return tuple(candidates), tuple(passed_over)


def _lack(lacking: Sequence[SkillFacts], levels: Mapping[UUID, int]) -> str:
    parts = (
        f"has {skill.name} {levels[skill.id]}, not {skill.level}"
        if skill.id in levels
        else f"does not have {skill.name}"
        for skill in lacking
    )
    return " and ".join(parts)


def absence(member: MemberFacts, team: TeamFacts, *, at: datetime) -> str:
    """Why somebody cannot get a ticket at this instant; empty when they can."""
    if member.away and (member.away_until is None or member.away_until > at):
        return f"is away until {_time(member.away_until, team, at=at)}" if member.away_until else "is away"
    if member.works_from is not None:
        return f"works again from {_time(member.works_from, team, at=at)}"
    if team.needs_presence and not member.present:
        return "is not here: no open desk for a minute"
    return ""


def _time(instant: datetime, team: TeamFacts, *, at: datetime) -> str:
    zone = ZoneInfo(team.time_zone)
    local, here = instant.astimezone(zone), at.astimezone(zone)
    day = "" if local.date() == here.date() else f"{local.date().isoformat()} "
    return f"{day}{local:%H:%M}{' UTC' if team.time_zone == 'UTC' else ''}"


def _outcome(candidates: Sequence[Candidate], passed_over: Sequence[PassedOver]) -> str:
    if candidates and not passed_over:
        return "the next in turn of the team's active members"
    if candidates:
        return f"one of the {len(candidates)} who can take it" if len(candidates) > 1 else "the one who can take it"
    if not passed_over:
        return "waits in the team's queue: the team has no active member"
    if any(passed.fits for passed in passed_over):
        first = next(passed for passed in passed_over if passed.fits)
        others = sum(passed.fits for passed in passed_over) - 1
        more = f", and {others} more cannot either" if others else ""
        return f"waits in the team's queue: the best match {first.reason}{more}"
    return f"waits in the team's queue: nobody has the skills, the nearest {passed_over[0].reason}"
