"""`decide`: from the facts alone, what is to happen to a ticket now. Pure: the same facts give the same decision.

People's own changes are committed before a decision sees them. A decision adds what follows by itself: it gives the
ticket an owner, sends what was written, and fires the dues whose instant has come, each at its own instant and not at
the moment of processing. The plan of dues is computed anew from the ticket and the brand's present times before
anything fires; the stored plan is only looked at to say in the trace what became of a due that is no longer in it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from services.domain.decision import (
    Assignment,
    AssignmentStrategy,
    Decision,
    EffectKind,
    EventFacts,
    Facts,
    FiredDue,
    PlannedEffect,
    RoutingFacts,
    Step,
    TicketFacts,
    TraceLine,
)
from services.domain.plan import plan_dues
from services.domain.ticket import AuthorKind, Due, DueKind, EventKind, FieldChange, TicketStatus, Visibility


@dataclass
class _Draft:
    """The decision as it grows; `ticket` is the ticket as the steps so far leave it."""

    facts: Facts
    ticket: TicketFacts
    fired: list[FiredDue]
    steps: list[Step] = field(default_factory=list)
    effects: list[PlannedEffect] = field(default_factory=list)
    trace: list[TraceLine] = field(default_factory=list)
    assignment: Assignment | None = None


def decide(facts: Facts, routing: RoutingFacts) -> Decision:
    """What is to happen to the ticket now."""
    draft = _Draft(facts, facts.ticket, list(facts.fired))
    for event in facts.events:
        _send_reply(draft, event)
    _give_owner(draft, routing)
    _explain_moot_dues(draft)
    _fire_dues(draft)
    return Decision(
        ticket_id=facts.ticket.id,
        expected_version=facts.ticket.version,
        decided_seq=facts.events[-1].seq if facts.events else facts.ticket.version,
        steps=tuple(draft.steps),
        assignment=draft.assignment,
        dues=plan_dues(draft.ticket, facts.brand, draft.fired),
        effects=tuple(draft.effects),
        trace=tuple(draft.trace),
    )


def _send_reply(draft: _Draft, event: EventFacts) -> None:
    """An agent's public reply goes to the requester by mail, once per message."""
    by_agent = event.kind is EventKind.MESSAGE_ADDED and event.author_kind is AuthorKind.AGENT
    if not by_agent or event.visibility is not Visibility.PUBLIC or event.message_id is None:
        return
    cause = f"event {event.seq}"
    reachable = draft.ticket.requester_reachable
    if reachable:
        key = f"reply/{event.message_id}"
        draft.effects.append(
            PlannedEffect(key, EffectKind.REPLY_MAIL, event.message_id, not_before=event.effective_at, cause=cause)
        )
    outcome = "mail the reply to the requester" if reachable else "no mail: the requester has no address"
    seen = {"visibility": Visibility.PUBLIC.value, "requester_reachable": str(reachable).lower()}
    draft.trace.append(TraceLine(event.effective_at, cause, "a public reply of an agent", seen, outcome))


def _give_owner(draft: _Draft, routing: RoutingFacts) -> None:
    """A live ticket that somebody waits on gets a team, and an assignee who is still there."""
    asking = (
        event
        for event in draft.facts.events
        if _asks_for_an_owner(event) or _is_given_to_nobody_there(event, draft, routing)
    )
    event = next(asking, None)
    if event is None or draft.ticket.status.is_settled:
        return
    ticket, cause = draft.ticket, f"event {event.seq}"
    seen = {
        "team": routing.team_name,
        "assignee": str(ticket.assignee_id or "nobody"),
        "assignee_active": str(routing.assignee_active).lower(),
        "active_members": str(len(routing.members)),
    }
    if ticket.assignee_id is not None and routing.assignee_active:
        outcome = "stays with its assignee"
    else:
        outcome = (
            "the next in turn of the team's active members"
            if routing.members
            else "waits in the team's queue: the team has no active member"
        )
        draft.assignment = Assignment(
            team_id=routing.team_id,
            strategy=AssignmentStrategy.ROUND_ROBIN,
            candidates=routing.members,
            cause=cause,
            reason=f"round robin in {routing.team_name}: {outcome}",
        )
    draft.trace.append(TraceLine(event.effective_at, cause, "who owns the ticket", seen, outcome))


def _asks_for_an_owner(event: EventFacts) -> bool:
    if event.kind is EventKind.MESSAGE_ADDED:
        return event.author_kind is AuthorKind.CUSTOMER
    return event.kind in (EventKind.TICKET_CREATED, EventKind.TICKET_REOPENED)


def _is_given_to_nobody_there(event: EventFacts, draft: _Draft, routing: RoutingFacts) -> bool:
    """Given by hand to somebody who is no active member of the staff; back to the queue by hand stays so."""
    by_hand = event.kind is EventKind.TICKET_ASSIGNED
    return by_hand and draft.ticket.assignee_id is not None and not routing.assignee_active


def _explain_moot_dues(draft: _Draft) -> None:
    """Say of each due whose instant passed, but which somebody's change overtook, that it did not fire."""
    keys = {due.key for due in plan_dues(draft.ticket, draft.facts.brand, draft.fired)}
    keys.update(due.key for due in draft.fired)
    for due in draft.facts.planned:
        if due.key not in keys and due.due_at <= draft.facts.now:
            seen = {"due_at": due.due_at.isoformat(), "status": draft.ticket.status.value}
            outcome = "did not fire: the ticket has moved on"
            draft.trace.append(TraceLine(due.due_at, f"due {due.key}", due.reason, seen, outcome))


def _fire_dues(draft: _Draft) -> None:
    """Fire what is due, soonest first; each firing may bring or remove others, so the plan is made anew each time."""
    while due := _next_due(plan_dues(draft.ticket, draft.facts.brand, draft.fired), draft.facts):
        _FIRE[due.kind](draft, due)
        draft.fired.append(FiredDue(due.key, draft.facts.now))
        seen = {"due_at": due.due_at.isoformat(), "now": draft.facts.now.isoformat()}
        outcome = draft.steps[-1].reason
        draft.trace.append(TraceLine(due.due_at, f"due {due.key}", due.reason, seen, outcome))


def _next_due(dues: Iterable[Due], facts: Facts) -> Due | None:
    return next((due for due in dues if due.due_at <= facts.now), None)


def _remind(draft: _Draft, due: Due) -> None:
    cause = f"due {due.key}"
    draft.effects.append(
        PlannedEffect(due.key, EffectKind.IDLE_REMINDER_MAIL, None, not_before=due.due_at, cause=cause)
    )
    draft.steps.append(
        Step(EventKind.DUE_FIRED, (), cause, f"reminded the customer: {due.reason}", due.due_at, due.key)
    )


def _resolve(draft: _Draft, due: Due) -> None:
    _settle(draft, due, EventKind.TICKET_RESOLVED, TicketStatus.RESOLVED)


def _close(draft: _Draft, due: Due) -> None:
    _settle(draft, due, EventKind.TICKET_CLOSED, TicketStatus.CLOSED)


def _settle(draft: _Draft, due: Due, kind: EventKind, status: TicketStatus) -> None:
    change = FieldChange("status", f'"{draft.ticket.status}"', f'"{status}"')
    reason = f"{status}: {due.reason}"
    draft.steps.append(Step(kind, (change,), f"due {due.key}", reason, due.due_at, due.key))
    # The step's event gets the next seq; what is planned for the new status is keyed by it.
    epoch = draft.ticket.version + len(draft.steps)
    draft.ticket = replace(draft.ticket, status=status, status_since=due.due_at, status_epoch=epoch)


_FIRE = {DueKind.IDLE_REMINDER: _remind, DueKind.IDLE_RESOLVE: _resolve, DueKind.AUTO_CLOSE: _close}
