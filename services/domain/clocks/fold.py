"""A ticket's events as its clocks see them: the ticket as it was at each, and the policy it had then."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from services.domain.clocks.policy import Policy, ServiceLevels, choose_policy
from services.domain.clocks.running import Moment, Word
from services.domain.conditions.evaluate import Facts, evaluate
from services.domain.facts import EventFacts, TicketFacts
from services.domain.message import AuthorKind, Visibility
from services.domain.ticket import EventKind, FieldChange, Priority, TicketStatus
from services.domain.words import labels

# What a condition of a policy may ask about.
POLICY_FIELDS = ("brand", "channel", "priority", "team", "type", "tag", "category", "category_tree", "organisation")


def _optional_id(value: str | None) -> UUID | None:
    return None if value is None else UUID(value)


def _optional_instant(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


_FROM_JSON: Mapping[str, Callable[[Any], Any]] = {
    "status": TicketStatus,
    "priority": Priority,
    "type": str,
    "tags": tuple,
    "team_id": _optional_id,
    "assignee_id": _optional_id,
    "category_id": _optional_id,
    "parent_id": _optional_id,
    "snoozed_until": _optional_instant,
}
# The fields of events that decisions look at.
FOLDED_FIELDS = tuple(_FROM_JSON)
_NEVER_NONE = ("status", "priority", "type", "tags")


def ticket_before(ticket: TicketFacts, events: Iterable[EventFacts]) -> TicketFacts:
    """The ticket as it was before these events."""
    for event in reversed(tuple(events)):
        ticket = _with(ticket, ((change.field, change.old) for change in event.changes))
    return ticket


def ticket_after(ticket: TicketFacts, changes: Iterable[FieldChange]) -> TicketFacts:
    """The ticket with these changes."""
    return _with(ticket, ((change.field, change.new) for change in changes))


def _with(ticket: TicketFacts, told: Iterable[tuple[str, str]]) -> TicketFacts:
    values = {field: json.loads(value) for field, value in told if field in _FROM_JSON}
    # Before it was made a ticket had no status: nothing asks for it then.
    known = {field: value for field, value in values.items() if value is not None or field not in _NEVER_NONE}
    return replace(ticket, **{field: _FROM_JSON[field](value) for field, value in known.items()})


def policy_of(ticket: TicketFacts, brand_id: UUID, levels: ServiceLevels, *, at: datetime) -> Policy | None:
    """The policy that a rule has set, else the first whose conditions the ticket meets."""
    for policy in levels.policies:
        if policy.id == ticket.policy_id:
            return policy
    facts = condition_facts(ticket, brand_id)
    return choose_policy(levels.policies, lambda policy: evaluate(levels.conditions[policy.id], facts, now=at))


def condition_facts(ticket: TicketFacts, brand_id: UUID) -> Facts:
    """What conditions of policies and skills may ask of a ticket."""
    return {
        "brand": (brand_id,),
        "channel": (ticket.channel.value,),
        "priority": (ticket.priority.value,),
        "team": () if ticket.team_id is None else (ticket.team_id,),
        "type": labels(ticket.type),
        "tag": labels(list(ticket.tags)),
        "category": () if ticket.category_id is None else (ticket.category_id,),
        "category_tree": category_line(ticket),
        "organisation": () if ticket.organisation_id is None else (ticket.organisation_id,),
    }


def category_line(ticket: TicketFacts) -> tuple[UUID, ...]:
    """Its category with those above it; of one that it had only for a moment, nobody knows what is above."""
    if ticket.category_id is None:
        return ()
    known = ticket.category_path[-1:] == (ticket.category_id,)
    return ticket.category_path if known else (ticket.category_id,)


def moment_of(event: EventFacts, ticket: TicketFacts, policy: Policy | None, *, woke: bool) -> Moment:
    """The event as the clocks see it; `ticket` is the one after it."""
    return Moment(
        at=event.effective_at,
        seq=event.seq,
        cause=f"event {event.seq}",
        word=_word(event),
        message_id=event.message_id,
        status=ticket.status,
        priority=ticket.priority,
        policy=policy,
        woke=woke,
    )


def _opens(event: EventFacts) -> bool:
    """Whether the ticket waits for us from here on."""
    return any(change.field == "status" and change.new in ('"new"', '"open"') for change in event.changes)


def _word(event: EventFacts) -> Word:
    match event.kind:
        case EventKind.TICKET_CREATED:
            return Word.CREATED
        case EventKind.MESSAGE_WITHDRAWN:
            return Word.WITHDRAWN
        case EventKind.TICKET_REOPENED:
            return Word.REOPENED
        case EventKind.TICKET_MERGED | EventKind.SPAM_MARKED:
            return Word.SET_ASIDE
        case EventKind.MERGE_RECEIVED | EventKind.TICKET_UNMERGED | EventKind.SPAM_UNMARKED if _opens(event):
            return Word.REOPENED
        case EventKind.MESSAGE_ADDED if event.visibility is Visibility.PUBLIC and not event.withdrawn:
            return Word.AGENT_WROTE if event.author_kind is AuthorKind.AGENT else Word.CUSTOMER_WROTE
    return Word.OTHER
