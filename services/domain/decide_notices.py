"""What the requester is told when somebody else resolved their ticket."""

from datetime import datetime

from services.domain.draft import Draft
from services.domain.effects import EffectKind, PlannedEffect

UNREACHABLE = "no mail: the requester has no address"


def plan_resolved_notice(draft: Draft, *, at: datetime, cause: str) -> str:
    """Have the requester told, if they are to be; what came of it, in words."""
    if not draft.facts.brand.resolved_notice:
        return "no notice: the brand sends none"
    if not draft.ticket.requester_reachable:
        return UNREACHABLE
    key = f"resolved_notice/{draft.ticket.status_epoch}"
    draft.effects.append(PlannedEffect(key, EffectKind.RESOLVED_NOTICE_MAIL, None, at, cause))
    return "tell the requester"
