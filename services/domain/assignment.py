"""Picking one agent out of the candidates. The caller holds the team's cursor row, which makes the pick fair, and the
candidates' own locks, which keep their loads as they were counted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.domain.decision import Assignment
from services.domain.routing_facts import AssignmentStrategy, Candidate

Loads = Mapping[UUID, int]


@dataclass(frozen=True, slots=True)
class Pick:
    """Who gets the ticket and why; nobody: it waits, until one of `fits` is free. `without_limit` says that whoever
    got it takes any number.
    """

    team_id: UUID
    user_id: UUID | None
    reason: str
    fits: tuple[UUID, ...]
    without_limit: bool = False


def pick_round_robin(candidates: Sequence[Candidate], last: UUID | None) -> Candidate | None:
    """The candidate whose id follows `last` in ascending order, from the start again after the end; None if empty."""
    if not candidates:
        return None
    in_order = sorted(candidates, key=lambda candidate: candidate.user_id)
    following = (candidate for candidate in in_order if last is None or candidate.user_id > last)
    return next(following, in_order[0])


def counts_loads(assignment: Assignment) -> bool:
    """Whether it matters how much the candidates have: in turns it does so only where a capacity counts."""
    in_turns = assignment.strategy is AssignmentStrategy.ROUND_ROBIN
    return not in_turns or any(each.capacity for each in assignment.candidates)


def free_of(assignment: Assignment, loads: Loads) -> tuple[Candidate, ...]:
    """The candidates who may take one more."""
    return tuple(
        each for each in assignment.candidates if not each.capacity or loads.get(each.user_id, 0) < each.capacity
    )


def places_of(free: Sequence[Candidate], loads: Loads) -> int | None:
    """How many tickets they may take together; None: without limit."""
    if any(not each.capacity for each in free):
        return None
    return sum(each.capacity - loads.get(each.user_id, 0) for each in free)


def fits_of(assignment: Assignment) -> tuple[UUID, ...]:
    """All whom the ticket may go to one day, of the team and of that which takes what is too much for it."""
    here = [each.user_id for each in assignment.candidates]
    here += [each.user_id for each in assignment.passed_over if each.fits]
    there = fits_of(assignment.overflow) if assignment.overflow else ()
    return tuple(sorted({*here, *there}))


def pick(assignment: Assignment, free: Sequence[Candidate], loads: Loads, *, last: UUID | None) -> Pick:
    """One of those who are free, by the strategy; who is equal takes turns."""
    preferred = next((each for each in free if each.user_id == assignment.preferred_id), None)
    picked = preferred or pick_round_robin(_best(assignment.strategy, free, loads), last)
    if picked is None:
        return Pick(assignment.team_id, None, _waits(assignment), fits_of(assignment))
    why = "had it before" if preferred else picked.reason
    load = loads.get(picked.user_id, 0)
    told = f"{why}, {load} of {picked.capacity} open" if picked.capacity else why
    if not picked.capacity and assignment.strategy is not AssignmentStrategy.ROUND_ROBIN:
        told = f"{why}, {load} open"
    reason = f"{assignment.reason} ({told}{_better(assignment, picked, free)})"
    return Pick(assignment.team_id, picked.user_id, reason, (), without_limit=not picked.capacity)


def waits_behind(assignment: Assignment) -> Pick:
    """Nobody, because the free places are for those who have waited longer or are more urgent."""
    reason = f"waits in the queue of {assignment.team_name}: others are before it"
    return Pick(assignment.team_id, None, reason, fits_of(assignment))


def _best(strategy: AssignmentStrategy, free: Sequence[Candidate], loads: Loads) -> list[Candidate]:
    if not free or strategy is AssignmentStrategy.ROUND_ROBIN:
        return list(free)
    score = max(each.score for each in free)
    best = [each for each in free if each.score == score]
    fewest = min(loads.get(each.user_id, 0) for each in best)
    return [each for each in best if loads.get(each.user_id, 0) == fewest]


def _waits(assignment: Assignment) -> str:
    if not assignment.candidates:
        return assignment.reason
    full = len(assignment.candidates)
    who = f"all {full} who could take it have" if full > 1 else "the one who could take it has"
    return f"waits in the queue of {assignment.team_name}: {who} as many open tickets as they may"


def _better(assignment: Assignment, picked: Candidate, free: Sequence[Candidate]) -> str:
    """What became of somebody with more skill than who was picked."""
    if assignment.strategy is not AssignmentStrategy.SKILL_MATCH:
        return ""
    passed = next((each for each in assignment.passed_over if each.fits and each.score > picked.score), None)
    if passed is not None:
        return f"; the better match {passed.reason}"
    full = any(each.score > picked.score and each not in free for each in assignment.candidates)
    return "; the better match has as many open tickets as they may" if full else ""
