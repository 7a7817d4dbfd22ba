"""What a ticket's activity says when other service levels move what was planned for its clocks."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from services.domain.clocks.model import Clock
from services.domain.clocks.policy import Policy, ServiceLevels
from services.domain.ticket import Due

_MOST_TOLD = 6


def tell_moves(
    planned: Sequence[Due],
    planned_anew: Sequence[Due],
    policy: Policy | None,
    levels: ServiceLevels,
    *,
    clocks: Sequence[Clock] = (),
) -> str:
    """The reason, with the policy and the calendar that count now: "policy Gold version 2, calendar Prague version 3:
    limit of first response moves from … to …"; empty when nothing moves. `clocks` are as they were measured before.
    """
    moves = tuple(_moves({due.key: due for due in planned}, {due.key: due for due in planned_anew}))
    if not moves:
        return ""
    more = f"; and {len(moves) - _MOST_TOLD} more" if len(moves) > _MOST_TOLD else ""
    deleted = "the policy was deleted, " if _is_deleted(clocks, levels) else ""
    return f"{deleted}{_terms(policy, levels)}: {'; '.join(moves[:_MOST_TOLD])}{more}"


def _moves(before: dict[str, Due], after: dict[str, Due]) -> Iterator[str]:
    for key, due in after.items():
        old = before.get(key)
        if old is None:
            yield f"{due.reason} is at {_instant(due.due_at)}"
        elif old.due_at != due.due_at:
            yield f"{due.reason} moves from {_instant(old.due_at)} to {_instant(due.due_at)}"
    for key, due in before.items():
        if key not in after:
            yield f"{due.reason} is gone, it was at {_instant(due.due_at)}"


def _is_deleted(clocks: Sequence[Clock], levels: ServiceLevels) -> bool:
    """Whether a policy is gone by which something is measured."""
    known = {policy.id for policy in levels.policies}
    return any(clock.is_live and clock.policy_id is not None and clock.policy_id not in known for clock in clocks)


def _terms(policy: Policy | None, levels: ServiceLevels) -> str:
    if policy is None:
        return "no policy applies"
    calendar = levels.calendar(policy)
    reckoned = f", calendar {calendar.name} version {calendar.version}" if calendar is not None else ""
    return f"policy {policy.name} version {policy.version}{reckoned}"


def _instant(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
