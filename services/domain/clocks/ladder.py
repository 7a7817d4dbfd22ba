"""The dues of a ticket's clocks: their limits, and the steps of their ladders before and after."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from services.domain.clocks.model import Clock, instant_of
from services.domain.clocks.policy import LadderStep, Policy, ServiceLevels
from services.domain.ticket import Due, DueKind


def plan_clocks(clocks: Sequence[Clock], policy: Policy | None, levels: ServiceLevels) -> Iterator[Due]:
    """What the live clocks of a ticket bring, fired or not; nothing on a ticket that is settled or snoozed."""
    work = levels.reckoning(policy)
    for clock in clocks:
        if not clock.is_live or clock.target is None:
            continue
        words = clock.kind.replace("_", " ")
        if clock.due_at is not None and clock.carried < clock.target:
            yield Due(limit_key(clock), DueKind.CLOCK_LIMIT, _not_before(clock, clock.due_at), f"limit of {words}")
        for step in levels.steps(policy, clock.kind):
            threshold = step.threshold(clock.target)
            # What an earlier epoch has passed is over.
            due_at = None if threshold <= clock.carried else instant_of(clock, threshold, work)
            if due_at is not None:
                reason = f"step {step.name} of {words}"
                yield Due(step_key(clock, step), DueKind.LADDER_STEP, _not_before(clock, due_at), reason)


def limit_key(clock: Clock) -> str:
    """The name under which a clock's limit passes once: "clock_limit/first_response/1"."""
    return f"{DueKind.CLOCK_LIMIT}/{clock.kind}/{clock.epoch}"


def step_key(clock: Clock, step: LadderStep) -> str:
    """The name under which a step fires once: "ladder_step/first_response/1/warning"."""
    return f"{DueKind.LADDER_STEP}/{clock.kind}/{clock.epoch}/{step.name}"


def step_words(key: str) -> str:
    """What a mail about an escalation, whose key begins with the due's, calls it: "step warning of first response"."""
    if key.startswith(f"{DueKind.PROMISED_UPDATE}/"):
        return "the update promised to the customer is overdue"
    _, clock, _, name, *_ = key.split("/")
    return f"step {name} of {clock.replace('_', ' ')}"


def find_step(key: str, clocks: Sequence[Clock], policy: Policy | None, levels: ServiceLevels) -> LadderStep | None:
    """The step that a due names."""
    for clock in clocks:
        for step in levels.steps(policy, clock.kind):
            if step_key(clock, step) == key:
                return step
    return None


def _not_before(clock: Clock, due_at: datetime) -> datetime:
    return due_at if clock.steps_from is None else max(due_at, clock.steps_from)
