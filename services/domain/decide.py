"""`decide`: from the facts alone, what is to happen to a ticket now. Pure: the same facts give the same decision.

People's own changes are committed before a decision sees them. A decision adds what follows by itself: it gives the
ticket an owner, sends what was written, and fires the dues whose instant has come, each at its own instant and not at
the moment of processing. The plan of dues is computed anew from the ticket and the brand's present times before
anything fires; the stored plan is only looked at to say in the trace what became of a due that is no longer in it.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from services.domain.clocks.ladder import find_step
from services.domain.clocks.policy import NO_SERVICE_LEVELS, LadderStep, ServiceLevels, StepWhen
from services.domain.decide_clocks import fold_events, pass_limit, show_clocks, take_ladder_step
from services.domain.decide_family import hear_children
from services.domain.decide_notices import UNREACHABLE, plan_resolved_notice
from services.domain.decide_owner import give_owner, give_to_new_team, let_overflow
from services.domain.decide_promise import miss_promise
from services.domain.decide_rules import (
    has_to_look_again,
    look_at_event,
    look_at_news,
    look_at_steps,
    rebase_tags,
    run_rule_of_time,
    settle_owner,
)
from services.domain.decision import NO_HISTORY, Decision, Step, TraceLine
from services.domain.draft import Draft
from services.domain.effects import EffectKind, PlannedEffect
from services.domain.facts import EventFacts, Facts, FiredDue
from services.domain.followers import customers_following, plan_notices
from services.domain.message import AuthorKind, Visibility
from services.domain.plan import due_key
from services.domain.routing_facts import RoutingFacts
from services.domain.rules.compiled import NO_RULES, RuleSet
from services.domain.rules.model import RuleMoment
from services.domain.ticket import Due, DueKind, EventKind, FieldChange, TicketStatus

# The key of an acknowledgement to somebody who did not prove to be the sender.
NEUTRAL_KEY = "acknowledgement/neutral"


def decide(
    facts: Facts, routing: RoutingFacts, levels: ServiceLevels = NO_SERVICE_LEVELS, rules: RuleSet = NO_RULES
) -> Decision:
    """What is to happen to the ticket now."""
    draft = _draft(facts, routing, levels, rules)
    return Decision(
        ticket_id=facts.ticket.id,
        expected_version=facts.ticket.version,
        decided_seq=facts.events[-1].seq if facts.events else facts.ticket.version,
        steps=tuple(draft.steps),
        assignment=draft.assignment,
        dues=draft.plan(),
        effects=tuple(draft.effects),
        trace=tuple(draft.trace),
        clocks=draft.clocks,
        runs=tuple(draft.runs),
        cuts=tuple(draft.cuts),
        look_again=has_to_look_again(draft),
        family_news=tuple(news.id for news in facts.family.inbox) if facts.family else (),
    )


def explain_rule(
    facts: Facts, routing: RoutingFacts, levels: ServiceLevels, rules: RuleSet, rule_id: UUID
) -> tuple[RuleMoment, ...]:
    """What a rule made of each thing that a decision on these facts looks at: why it ran, or why not."""
    return tuple(_draft(facts, routing, levels, rules, watched=rule_id).moments)


def _draft(
    facts: Facts, routing: RoutingFacts, levels: ServiceLevels, rules: RuleSet, *, watched: UUID | None = None
) -> Draft:
    if facts.words is not None:
        # All custom fields, and not only those that are kept beside the decision.
        facts = replace(facts, ticket=replace(facts.ticket, custom_fields=facts.words.custom_fields))
    draft = Draft(
        facts,
        facts.ticket,
        list(facts.fired),
        routing=routing,
        levels=levels,
        clocks=facts.clocks,
        told_teams=routing.told_teams,
        rules=rules,
        history=facts.history or NO_HISTORY,
        watched=watched,
    )
    for event in facts.events:
        _acknowledge(draft, event)
        _send_reply(draft, event)
        _tell_resolved(draft, event)
        _tell_staff(draft, event)
    fold_events(draft, fire=_fire, look=look_at_event)
    give_owner(draft, routing)
    _hear_children(draft)
    _explain_moot_dues(draft)
    _fire_dues(draft)
    give_to_new_team(draft, routing)
    settle_owner(draft)
    rebase_tags(draft)
    return draft


def _hear_children(draft: Draft) -> None:
    before, begun = draft.ticket, len(draft.steps)
    hear_children(draft)
    if draft.facts.family is not None:
        look_at_news(draft, draft.facts.family, begun=begun, before=before)


def _send_reply(draft: Draft, event: EventFacts) -> None:
    """An agent's public reply goes to the requester and the customers who follow, once to each, when it cannot be taken
    back any more.
    """
    by_agent = event.kind is EventKind.MESSAGE_ADDED and event.author_kind is AuthorKind.AGENT
    if not by_agent or event.visibility is not Visibility.PUBLIC or event.message_id is None:
        return
    cause = f"event {event.seq}"
    reachable, undo_seconds = draft.ticket.requester_reachable, draft.facts.brand.undo_seconds
    following = customers_following(draft.facts, event)
    if event.withdrawn:
        outcome = "no mail: it was taken back"
    elif not reachable and not following:
        outcome = UNREACHABLE
    else:
        people = ["the requester"] if reachable else []
        people += [f"{len(following)} followers"] if following else []
        outcome = f"mail the reply to {' and '.join(people)} after {undo_seconds} s to take it back"
        not_before = event.effective_at + timedelta(seconds=undo_seconds)
        key, kind = f"reply/{event.message_id}", EffectKind.REPLY_MAIL
        if reachable:
            draft.effects.append(PlannedEffect(key, kind, event.message_id, not_before, cause))
        draft.effects += [
            PlannedEffect(f"{key}/{person}", kind, event.message_id, not_before, cause, contact_id=person)
            for person in following
        ]
    seen = {
        "visibility": Visibility.PUBLIC.value,
        "requester_reachable": _word(reachable),
        "withdrawn": _word(event.withdrawn),
    }
    draft.trace.append(TraceLine(event.effective_at, cause, "a public reply of an agent", seen, outcome))


def _acknowledge(draft: Draft, event: EventFacts) -> None:
    """The requester of a new ticket is told that it arrived, unless a machine wrote it (RFC 3834, 2).

    Who signed in, or whose mail is theirs for certain, gets its words; all others get a mail that repeats nothing.
    """
    if event.kind is not EventKind.TICKET_CREATED:
        return
    cause, proven = f"event {event.seq}", event.by_requester and draft.ticket.sender_proven
    if not draft.facts.brand.acknowledge:
        outcome = "no acknowledgement: the brand sends none"
    elif event.quiet:
        outcome = "no acknowledgement: it was split out of a ticket that they know of"
    elif event.automatic:
        outcome = "no acknowledgement: a machine wrote it"
    elif not draft.ticket.requester_reachable:
        outcome = UNREACHABLE
    else:
        outcome = "acknowledge it" if proven else "acknowledge it with a neutral mail: nobody proved to be the sender"
        key = "acknowledgement" if proven else NEUTRAL_KEY
        draft.effects.append(
            PlannedEffect(key, EffectKind.ACKNOWLEDGEMENT_MAIL, event.message_id, event.effective_at, cause)
        )
    seen = {"automatic": _word(event.automatic), "proven": _word(proven)}
    draft.trace.append(TraceLine(event.effective_at, cause, "a new request", seen, outcome))


def _tell_resolved(draft: Draft, event: EventFacts) -> None:
    """The requester is told that somebody else resolved the ticket, if it still is; by a cascade also of its end."""
    settled = (EventKind.TICKET_RESOLVED, EventKind.TICKET_CLOSED) if event.tells else (EventKind.TICKET_RESOLVED,)
    if event.kind not in settled:
        return
    cause, ticket = f"event {event.seq}", draft.ticket
    lasts = ticket.status is TicketStatus.RESOLVED and ticket.status_epoch == event.seq
    # The parent may be closed right after it was resolved: the customers of its children are told all the same.
    lasts = lasts or (event.tells and ticket.status.is_settled)
    if event.by_requester:
        outcome = "no notice: the requester did it"
    elif event.in_cascade and not event.tells:
        outcome = "no notice: it was settled with its parent, and this customer is not told here"
    elif event.quiet:
        outcome = "no notice: the requester is told of the original"
    elif not lasts:
        outcome = "no notice: it is not so any more"
    else:
        # Not before a reply that came with it, and late enough for a slip to be mended.
        undo = timedelta(seconds=draft.facts.brand.undo_seconds)
        outcome = plan_resolved_notice(draft, at=event.effective_at + undo, cause=cause)
    seen = {"by_requester": _word(event.by_requester), "status": ticket.status.value}
    draft.trace.append(TraceLine(event.effective_at, cause, "the ticket was resolved", seen, outcome))


def _tell_staff(draft: Draft, event: EventFacts) -> None:
    """Assignee and followers of the staff are told of what others did."""
    notices = plan_notices(draft.facts, event)
    if notices:
        draft.effects += notices
        seen = {"assignee": str(draft.ticket.assignee_id or "nobody"), "actor": event.actor}
        outcome = f"tell {len(notices)} of the staff by mail"
        draft.trace.append(TraceLine(event.effective_at, f"event {event.seq}", "who is to know", seen, outcome))


def _word(value: bool) -> str:
    return str(value).lower()


def _explain_moot_dues(draft: Draft) -> None:
    """Say of each due whose instant passed, but which somebody's change overtook, that it did not fire."""
    keys = {due.key for due in draft.plan()}
    keys.update(due.key for due in draft.fired)
    for due in draft.facts.planned:
        if due.key not in keys and due.due_at <= draft.facts.now:
            seen = {"due_at": due.due_at.isoformat(), "status": draft.ticket.status.value}
            outcome = "did not fire: the ticket has moved on"
            draft.trace.append(TraceLine(due.due_at, f"due {due.key}", due.reason, seen, outcome))


def _fire_dues(draft: Draft) -> None:
    """Fire what is due, soonest first; each firing may bring or remove others, so the plan is made anew each time."""
    while due := _next_due(draft.plan(), draft.facts):
        _fire(draft, due)


def _fire(draft: Draft, due: Due) -> None:
    before, begun = draft.ticket, len(draft.steps)
    policy = draft.policy(due.due_at)
    ladder_step = find_step(due.key, draft.clocks, policy, draft.levels) if due.kind is DueKind.LADDER_STEP else None
    _FIRE[due.kind](draft, due)
    draft.fired.append(FiredDue(due.key, draft.facts.now))
    seen = {"due_at": due.due_at.isoformat(), "now": draft.facts.now.isoformat()}
    outcome = next(step.reason for step in draft.steps if step.due_key == due.key)
    draft.trace.append(TraceLine(due.due_at, f"due {due.key}", due.reason, seen, outcome))
    # A rule's own effects are seen as it has them.
    if due.kind is not DueKind.RULE:
        show_clocks(draft, before, at=due.due_at, cause=f"due {due.key}")
        look_at_steps(draft, begun=begun, before=before, warned=_warns(ladder_step))


def _warns(step: LadderStep | None) -> bool:
    return step is not None and step.when is not StepWhen.AFTER


def _next_due(dues: Iterable[Due], facts: Facts) -> Due | None:
    return next((due for due in dues if due.due_at <= facts.now), None)


def _remind(draft: Draft, due: Due) -> None:
    cause = f"due {due.key}"
    draft.effects.append(
        PlannedEffect(due.key, EffectKind.IDLE_REMINDER_MAIL, None, not_before=due.due_at, cause=cause)
    )
    draft.steps.append(
        Step(EventKind.DUE_FIRED, (), cause, f"reminded the customer: {due.reason}", due.due_at, due.key)
    )


def _resolve(draft: Draft, due: Due) -> None:
    _settle(draft, due, EventKind.TICKET_RESOLVED, TicketStatus.RESOLVED)


def _close(draft: Draft, due: Due) -> None:
    _settle(draft, due, EventKind.TICKET_CLOSED, TicketStatus.CLOSED)


def _settle(draft: Draft, due: Due, kind: EventKind, status: TicketStatus) -> None:
    change = FieldChange("status", f'"{draft.ticket.status}"', f'"{status}"')
    reason = f"{status}: {due.reason}"
    draft.steps.append(Step(kind, (change,), f"due {due.key}", reason, due.due_at, due.key))
    # The step's event gets the next seq; what is planned for the new status is keyed by it.
    epoch = draft.ticket.version + len(draft.steps)
    draft.ticket = replace(draft.ticket, status=status, status_since=due.due_at, status_epoch=epoch)
    if status is TicketStatus.RESOLVED:
        cause = f"due {due.key}"
        outcome = plan_resolved_notice(draft, at=due.due_at, cause=cause)
        draft.trace.append(TraceLine(due.due_at, cause, "the ticket was resolved", {}, outcome))


def _wake(draft: Draft, due: Due) -> None:
    """Back into the queue with the status it had; who waits for the customer's answer waits anew from here."""
    changes = [FieldChange("snoozed_until", f'"{due.due_at.isoformat()}"', "null")]
    epoch = draft.ticket.version + len(draft.steps) + 1
    draft.ticket = replace(draft.ticket, snoozed_until=None)
    if draft.ticket.status is TicketStatus.PENDING:
        changes.append(FieldChange("status", '"pending"', '"pending"'))
        draft.ticket = replace(draft.ticket, status_since=due.due_at, status_epoch=epoch)
    reason = f"back in the queue: {due.reason}"
    draft.steps.append(Step(EventKind.TICKET_WOKEN, tuple(changes), f"due {due.key}", reason, due.due_at, due.key))


def _remind_colleague(draft: Draft, due: Due) -> None:
    cause = f"due {due.key}"
    draft.effects += [
        PlannedEffect(due.key, EffectKind.REMINDER_MAIL, None, due.due_at, cause, user_id=wanted.user_id)
        for wanted in draft.facts.reminders
        if due_key(DueKind.REMINDER, wanted.seq) == due.key
    ]
    draft.steps.append(Step(EventKind.DUE_FIRED, (), cause, f"told by mail: {due.reason}", due.due_at, due.key))


_FIRE = {
    DueKind.IDLE_REMINDER: _remind,
    DueKind.IDLE_RESOLVE: _resolve,
    DueKind.AUTO_CLOSE: _close,
    DueKind.SNOOZE_WAKE: _wake,
    DueKind.CLOCK_LIMIT: pass_limit,
    DueKind.LADDER_STEP: take_ladder_step,
    DueKind.REMINDER: _remind_colleague,
    DueKind.PROMISED_UPDATE: miss_promise,
    DueKind.OVERFLOW: let_overflow,
    DueKind.RULE: run_rule_of_time,
}
