"""What a parent does when its children tell it that they were settled, or are open again.

Only such news settles a parent, never the state of its children alone: so taking the last open child out of a family
settles nobody, and a ticket without children never ends by that.
"""

from dataclasses import replace

from services.domain.decide_clocks import show_clocks
from services.domain.decision import Step, TraceLine
from services.domain.draft import Draft
from services.domain.effects import EffectKind, PlannedEffect
from services.domain.family.model import ChildNews, FamilyFacts, FamilyNews
from services.domain.family.policy import UpPolicy
from services.domain.followers import notice
from services.domain.ticket import EventKind, FieldChange, TicketStatus


def hear_children(draft: Draft) -> None:
    """Take in the news of the children: each is told in the trace, the last settled one may settle the parent."""
    family = draft.facts.family
    if family is None:
        return
    for news in family.inbox:
        if news.news is ChildNews.REOPENED:
            _mark(draft, news)
    settled = [news for news in family.inbox if news.news is ChildNews.SETTLED]
    if settled:
        _hear_settled(draft, family, settled[-1])


def _mark(draft: Draft, news: FamilyNews) -> None:
    """A settled parent says that a child is open again, and stays as it is."""
    cause, reason = f"ticket {news.child_id}", f"#{news.number} is open again"
    if draft.ticket.status.is_settled:
        draft.steps.append(Step(EventKind.CHILD_REOPENED, (), cause, reason, draft.facts.now))
    seen = {"status": draft.ticket.status.value}
    draft.trace.append(TraceLine(news.at, cause, "a child was reopened", seen, reason))


def _hear_settled(draft: Draft, family: FamilyFacts, last: FamilyNews) -> None:
    cause = f"ticket {last.child_id}"
    if draft.ticket.status.is_settled:
        outcome = "nothing: the parent is settled already"
    elif family.open or not family.total:
        outcome = f"nothing: {family.open} of {family.total} children are open"
    elif family.up is UpPolicy.SETTLE:
        outcome = _settle(draft, family, cause)
    else:
        outcome = _tell(draft, family, cause)
    seen = {
        "children": str(family.total),
        "open": str(family.open),
        "policy": family.up.value,
        "status": draft.ticket.status.value,
    }
    draft.trace.append(TraceLine(last.at, cause, "a child was settled", seen, outcome))


def _settle(draft: Draft, family: FamilyFacts, cause: str) -> str:
    """No further than its children: closed when all of them are, else resolved."""
    closed = not family.resolved
    kind = EventKind.TICKET_CLOSED if closed else EventKind.TICKET_RESOLVED
    status = TicketStatus.CLOSED if closed else TicketStatus.RESOLVED
    changes = [FieldChange("status", f'"{draft.ticket.status}"', f'"{status}"')]
    if (until := draft.ticket.snoozed_until) is not None:
        changes.append(FieldChange("snoozed_until", f'"{until.isoformat()}"', "null"))
    reason = f"{status}: all {family.total} children are settled"
    draft.steps.append(Step(kind, tuple(changes), cause, reason, draft.facts.now))
    epoch, before = draft.ticket.version + len(draft.steps), draft.ticket
    draft.ticket = replace(
        draft.ticket, status=status, status_since=draft.facts.now, status_epoch=epoch, snoozed_until=None
    )
    show_clocks(draft, before, at=draft.facts.now, cause=cause)
    if status is TicketStatus.RESOLVED:
        _tell_requester(draft, cause)
    return reason


def _tell_requester(draft: Draft, cause: str) -> None:
    if draft.facts.brand.resolved_notice and draft.ticket.requester_reachable:
        key = f"resolved_notice/{draft.ticket.status_epoch}"
        draft.effects.append(
            PlannedEffect(key, EffectKind.RESOLVED_NOTICE_MAIL, None, not_before=draft.facts.now, cause=cause)
        )


def _tell(draft: Draft, family: FamilyFacts, cause: str) -> str:
    reason = f"all {family.total} children are settled"
    draft.steps.append(Step(EventKind.CHILDREN_SETTLED, (), cause, reason, draft.facts.now))
    assignee_id = draft.ticket.assignee_id
    if assignee_id is not None and draft.facts.brand.staff_notices:
        seq = draft.ticket.version + len(draft.steps)
        draft.effects.append(
            notice(EffectKind.CHILDREN_SETTLED_MAIL, seq, assignee_id, message_id=None, not_before=draft.facts.now)
        )
    return f"{reason}: the assignee is to know"
