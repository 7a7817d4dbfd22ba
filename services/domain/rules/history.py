"""What had happened to a ticket, event by event: what conditions count and times are counted from."""

from dataclasses import replace

from services.domain.facts import Anchor, EventFacts, HistoryFacts
from services.domain.message import AuthorKind, Visibility
from services.domain.ticket import EventKind, TicketStatus

DESK = "duradesk"
# What nobody did, whatever process wrote it down.
NOT_ACTS = frozenset(
    {
        EventKind.DUE_FIRED,
        EventKind.DELIVERY_FAILED,
        EventKind.DELIVERY_IN_DOUBT,
        EventKind.AUTOMATIC_MAIL_RECEIVED,
        EventKind.CLOCK_MISSED,
        EventKind.LADDER_STEP_TAKEN,
        EventKind.RULE_APPLIED,
        EventKind.RULE_CUT,
        # To be linked is no work on a ticket.
        EventKind.PARENT_SET,
        EventKind.PARENT_REMOVED,
        EventKind.CHILD_ADDED,
        EventKind.CHILD_REMOVED,
        EventKind.CHILD_REOPENED,
        EventKind.CASCADE_ENDED,
        EventKind.FAMILY_POLICY_SET,
    }
)
_SETTLED = tuple(f'"{status}"' for status in TicketStatus if status.is_settled)


def history_after(history: HistoryFacts, event: EventFacts) -> HistoryFacts:
    """The history with the event."""
    here = Anchor(event.seq, event.effective_at)
    if event.message_id is not None and not event.withdrawn and event.actor != DESK:
        if event.author_kind is AuthorKind.CUSTOMER:
            history = replace(
                history,
                customer_messages=history.customer_messages + 1,
                customer_wrote=here,
                customer_automatic=event.automatic,
                unanswered=history.unanswered or here,
            )
        elif event.visibility is Visibility.PUBLIC and event.kind is EventKind.MESSAGE_ADDED:
            history = replace(history, agent_messages=history.agent_messages + 1, agent_wrote=here, unanswered=None)
    for change in event.changes:
        if change.field == "status" and change.new == '"resolved"' and change.old != change.new:
            history = replace(history, resolved=here)
        if change.field == "status" and change.old in _SETTLED and change.new not in _SETTLED:
            history = replace(history, reopened=history.reopened + 1)
    if event.actor != DESK and event.kind not in NOT_ACTS:
        history = replace(history, last_act=here)
    return history
