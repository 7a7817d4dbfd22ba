"""The dues of rules of time: so long after something, once for each time it happens, gone when it is moot.

Such a due is planned only while the rule's conditions hold: what a ticket shows as coming does come unless somebody
changes the ticket. A settled ticket waits for nothing but in its status, a closed or snoozed one for nothing at all.
"""

from collections.abc import Iterator
from datetime import datetime

from services.domain.clocks.model import ALL_THE_TIME
from services.domain.clocks.policy import ServiceLevels
from services.domain.errors import Invalid
from services.domain.facts import Anchor, HistoryFacts, TicketFacts
from services.domain.rules.compiled import CompiledRule
from services.domain.rules.model import Rule, Since, Wait
from services.domain.ticket import DueKind, TicketStatus


def rule_due_key(rule: Rule, anchor: Anchor) -> str:
    """The name under which a rule of time runs once: "rule/<rule id>/<seq>"."""
    return f"{DueKind.RULE}/{rule.id}/{anchor.seq}"


def waiting_rules(
    rules: tuple[CompiledRule, ...], ticket: TicketFacts, history: HistoryFacts, levels: ServiceLevels
) -> Iterator[tuple[CompiledRule, Anchor, datetime]]:
    """The rules of time that wait on the ticket as it is, since what, and until when."""
    for compiled in rules:
        wait = compiled.rule.wait
        anchor = None if wait is None else _anchor(wait.since, ticket, history)
        runs_from = compiled.rule.runs_from
        if wait is not None and anchor is not None and (runs_from is None or anchor.at >= runs_from):
            due_at = _due_at(wait, anchor, levels)
            if due_at is not None:
                yield compiled, anchor, due_at


def _anchor(since: Since, ticket: TicketFacts, history: HistoryFacts) -> Anchor | None:
    if ticket.snoozed_until is not None or ticket.status is TicketStatus.CLOSED:
        return None
    if ticket.status.is_settled and since is not Since.STATUS:
        return None
    match since:
        case Since.CREATED:
            return None if ticket.created_at is None else Anchor(1, ticket.created_at)
        case Since.STATUS:
            return Anchor(ticket.status_epoch, ticket.status_since)
        case Since.UNANSWERED:
            return history.unanswered
        case Since.ANSWERED:
            return None if history.unanswered is not None else history.agent_wrote
        case Since.LAST_ACT:
            return history.last_act


def _due_at(wait: Wait, anchor: Anchor, levels: ServiceLevels) -> datetime | None:
    if wait.calendar_id is None:
        return ALL_THE_TIME.add_working_time(anchor.at, wait.after)
    calendar = levels.calendars.get(wait.calendar_id)
    if calendar is None:
        return None
    try:
        return calendar.work.add_working_time(anchor.at, wait.after)
    except Invalid:
        return None
