"""Service level policies as people keep them: which tickets, how fast, in whose hours, and what happens if not.

Policies are tried in their order, and the first whose conditions a ticket meets is its policy.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from services.domain.actions import MOST_ACTIONS, Action, ActionKind, action_problems
from services.domain.calendars.working_time import WorkingTime
from services.domain.clocks.model import ALL_THE_TIME, ClockKind, Reckoning
from services.domain.conditions.tree import Condition
from services.domain.errors import Invalid
from services.domain.intake import NAME_LENGTH
from services.domain.ticket import Priority, TicketStatus

LONGEST_TARGET = timedelta(days=365)
MOST_STEPS = 20
STEP_NAME_LENGTH = 40
CONDITIONS_LENGTH = 1_000
# What a step may do: no word to a customer, and nothing that would end the clock it belongs to.
LADDER_KINDS = (
    ActionKind.RAISE_PRIORITY,
    ActionKind.ASSIGN,
    ActionKind.ADD_TAG,
    ActionKind.NOTIFY,
    ActionKind.NOTE,
)
DEFAULT_PAUSES = (TicketStatus.PENDING, TicketStatus.ON_HOLD)


class StepWhen(StrEnum):
    """What a step's place is counted from."""

    SHARE = "share"
    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class LadderStep:
    """At `share` percent of the target, or so long before or after the limit, all in working time.

    `name` is what a step is known by: it fires once for each epoch of a clock, whatever else of it is changed.
    """

    name: str
    when: StepWhen
    actions: tuple[Action, ...]
    share: int = 0
    offset: timedelta = timedelta()

    def threshold(self, target: timedelta) -> timedelta:
        """How much the clock shows when the step fires; not above zero when there is no such moment."""
        match self.when:
            case StepWhen.SHARE:
                return target * self.share / 100
            case StepWhen.BEFORE:
                return target - self.offset
            case StepWhen.AFTER:
                return target + self.offset


@dataclass(frozen=True, slots=True)
class Ladder:
    """Steps before and after a limit."""

    id: UUID
    name: str
    steps: tuple[LadderStep, ...]
    version: int = 1


@dataclass(frozen=True, slots=True)
class Target:
    """How long a clock may take on tickets of a priority; without one, on those that no other target names."""

    clock: ClockKind
    duration: timedelta
    priority: Priority | None = None


@dataclass(frozen=True, slots=True)
class ClockLadder:
    """Which ladder a clock has."""

    clock: ClockKind
    ladder_id: UUID


@dataclass(frozen=True, slots=True)
class Policy:
    """Targets for the tickets that meet `conditions` (text form; empty: all), in a calendar's time or all the time."""

    id: UUID
    name: str
    position: int
    conditions: str
    calendar_id: UUID | None
    targets: tuple[Target, ...]
    ladders: tuple[ClockLadder, ...] = ()
    pauses: tuple[TicketStatus, ...] = DEFAULT_PAUSES
    version: int = 1

    def target_of(self, clock: ClockKind, priority: Priority) -> timedelta | None:
        """How long the clock may take at this priority; None when it does not matter."""
        found = {target.priority: target.duration for target in self.targets if target.clock is clock}
        return found.get(priority, found.get(None))


@dataclass(frozen=True, slots=True)
class CompiledCalendar:
    """A calendar of a certain version, ready to reckon with."""

    id: UUID
    version: int
    work: WorkingTime
    name: str = ""


@dataclass(frozen=True, slots=True)
class ServiceLevels:
    """All that a decision needs of policies: with the ladders and calendars they name, and their conditions read."""

    policies: tuple[Policy, ...] = ()
    ladders: Mapping[UUID, Ladder] = field(default_factory=dict)
    calendars: Mapping[UUID, CompiledCalendar] = field(default_factory=dict)
    conditions: Mapping[UUID, Condition] = field(default_factory=dict)
    revision: int = 0

    def reckoning(self, policy: Policy | None) -> Reckoning:
        """How time counts under the policy."""
        calendar = self.calendar(policy)
        return ALL_THE_TIME if calendar is None else calendar.work

    def calendar(self, policy: Policy | None) -> CompiledCalendar | None:
        """The policy's calendar; None for all the time."""
        return self.calendars.get(policy.calendar_id) if policy is not None and policy.calendar_id else None

    @property
    def named_users(self) -> frozenset[UUID]:
        """The users whom some step names."""
        actions = (action for ladder in self.ladders.values() for step in ladder.steps for action in step.actions)
        return frozenset(action.user_id for action in actions if action.user_id is not None)

    @property
    def told_teams(self) -> frozenset[UUID]:
        """The teams whose members some step tells."""
        return self._teams(ActionKind.NOTIFY)

    @property
    def assigned_teams(self) -> frozenset[UUID]:
        """The teams to which some step gives tickets."""
        return self._teams(ActionKind.ASSIGN)

    def _teams(self, kind: ActionKind) -> frozenset[UUID]:
        actions = (action for ladder in self.ladders.values() for step in ladder.steps for action in step.actions)
        return frozenset(action.team_id for action in actions if action.kind is kind and action.team_id)

    def steps(self, policy: Policy | None, clock: ClockKind) -> tuple[LadderStep, ...]:
        """The ladder of a clock under the policy."""
        if policy is None:
            return ()
        found = (self.ladders.get(named.ladder_id) for named in policy.ladders if named.clock is clock)
        return tuple(step for ladder in found if ladder is not None for step in ladder.steps)


NO_SERVICE_LEVELS = ServiceLevels()


def choose_policy(policies: Sequence[Policy], meets: Callable[[Policy], bool]) -> Policy | None:
    """The first policy in order whose conditions the ticket meets; None when there is none."""
    ordered = sorted(policies, key=lambda policy: (policy.position, str(policy.id)))
    return next((policy for policy in ordered if meets(policy)), None)


def check_policy(policy: Policy) -> None:
    """Invalid with everything that is wrong, by field; what other things it names is for the store to know."""
    _raise_if("policy", dict(_policy_problems(policy)))


def check_ladder(ladder: Ladder) -> None:
    """Invalid with everything that is wrong, by field."""
    _raise_if("ladder", dict(_ladder_problems(ladder)))


def _raise_if(what: str, problems: dict[str, str]) -> None:
    if problems:
        told = "; ".join(f"{name} {message}" for name, message in problems.items())
        raise Invalid(f"The {what} is not valid: {told}.", violations=problems)


def _policy_problems(policy: Policy) -> Iterator[tuple[str, str]]:
    if not 1 <= len(policy.name) <= NAME_LENGTH:
        yield "name", f"must have 1 to {NAME_LENGTH} characters"
    if len(policy.conditions) > CONDITIONS_LENGTH:
        yield "conditions", f"must have at most {CONDITIONS_LENGTH} characters"
    if not policy.targets:
        yield "targets", "must have at least one"
    seen = set()
    for index, target in enumerate(policy.targets):
        if not timedelta() < target.duration <= LONGEST_TARGET:
            yield f"targets[{index}].duration", f"must be above zero and at most {LONGEST_TARGET.days} days"
        if (target.clock, target.priority) in seen:
            yield f"targets[{index}]", "names the same clock and priority as another one"
        seen.add((target.clock, target.priority))
    if len({ladder.clock for ladder in policy.ladders}) < len(policy.ladders):
        yield "ladders", "must name each clock at most once"
    for index, status in enumerate(policy.pauses):
        if status.is_settled:
            yield f"pauses[{index}]", "must be new, open, pending or on_hold: settled tickets have no running clock"


def _ladder_problems(ladder: Ladder) -> Iterator[tuple[str, str]]:
    if not 1 <= len(ladder.name) <= NAME_LENGTH:
        yield "name", f"must have 1 to {NAME_LENGTH} characters"
    if not 1 <= len(ladder.steps) <= MOST_STEPS:
        yield "steps", f"must be 1 to {MOST_STEPS}"
    names = [step.name for step in ladder.steps]
    for index, step in enumerate(ladder.steps):
        where = f"steps[{index}]"
        if not 1 <= len(step.name) <= STEP_NAME_LENGTH or "/" in step.name:
            yield f"{where}.name", f"must have 1 to {STEP_NAME_LENGTH} characters and no slash"
        if names.index(step.name) < index:
            yield f"{where}.name", "must be unlike that of every other step"
        if step.when is StepWhen.SHARE and not 1 <= step.share <= 1000:
            yield f"{where}.share", "must be 1 to 1000 percent of the target"
        if step.when is not StepWhen.SHARE and not timedelta() <= step.offset <= LONGEST_TARGET:
            yield f"{where}.offset", f"must be zero to {LONGEST_TARGET.days} days"
        if not 1 <= len(step.actions) <= MOST_ACTIONS:
            yield f"{where}.actions", f"must be 1 to {MOST_ACTIONS}"
        for number, action in enumerate(step.actions):
            for problem in _action_problems(action):
                yield f"{where}.actions[{number}]", problem


def _action_problems(action: Action) -> Iterator[str]:
    if action.kind not in LADDER_KINDS:
        yield f"must be one of {', '.join(LADDER_KINDS)}"
    yield from action_problems(action)
