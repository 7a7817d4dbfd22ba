"""Picking one agent out of the candidates. The caller holds the team's cursor row, which makes the pick fair."""

from collections.abc import Sequence
from uuid import UUID

from services.domain.decision import Candidate


def pick_round_robin(candidates: Sequence[Candidate], last: UUID | None) -> Candidate | None:
    """The candidate whose id follows `last` in ascending order, from the start again after the end; None if empty."""
    if not candidates:
        return None
    in_order = sorted(candidates, key=lambda candidate: candidate.user_id)
    following = (candidate for candidate in in_order if last is None or candidate.user_id > last)
    return next(following, in_order[0])
