"""The clocks' part of a decision: events and dues in the order of their instants, and what steps of ladders do."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from services.domain.acting import changes_of, notes_of, people_told, rebased_tags, without_gone
from services.domain.actions import Action, strategy_of
from services.domain.clocks.changed_levels import tell_moves
from services.domain.clocks.fold import moment_of, ticket_after, ticket_before
from services.domain.clocks.ladder import find_step
from services.domain.clocks.model import ClockKind
from services.domain.clocks.replan import MeasuredTicket, look_ahead, reckon_anew
from services.domain.clocks.running import Moment, Word, run_clocks
from services.domain.decide_policy import end_policy
from services.domain.decision import Step, TraceLine
from services.domain.draft import Draft
from services.domain.effects import EffectKind, PlannedEffect
from services.domain.facts import EventFacts, FiredDue, TicketFacts
from services.domain.message import AuthorKind, Visibility
from services.domain.rules.history import history_after
from services.domain.ticket import Due, DueKind, EventKind

_CLOCK_DUES = (DueKind.CLOCK_LIMIT, DueKind.LADDER_STEP)
# The dues that fire between events: what people do later makes the others moot.
_DUES_BETWEEN = (*_CLOCK_DUES, DueKind.RULE)
Fire = Callable[[Draft, Due], None]
Look = Callable[[Draft, EventFacts, TicketFacts], None]


def fold_events(draft: Draft, *, fire: Fire, look: Look) -> None:
    """Fold events and the dues of clocks and rules in the order of their instants, each at its own.

    So an answer at 11:59 keeps the limit of 12:00 from passing, however late both are seen.
    """
    if not draft.levels.policies and not draft.clocks and not draft.rules.rules:
        return
    events, present = draft.facts.events, draft.ticket
    draft.ticket = ticket_before(present, events)
    _tell_changed_levels(draft, present)
    for index, event in enumerate(events):
        _fire_clock_dues(draft, before=event.effective_at, events=events[index:], present=present, fire=fire)
        draft.at, draft.later = event.effective_at, events[index + 1 :]
        earlier, draft.ticket = draft.ticket, _after(draft, event)
        draft.history = history_after(draft.history, event)
        end_policy(draft, earlier, at=event.effective_at, cause=f"event {event.seq}")
        woke = earlier.snoozed_until is not None and draft.ticket.snoozed_until is None
        policy = draft.policy(event.effective_at)
        draft.clocks = run_clocks(draft.clocks, moment_of(event, draft.ticket, policy, woke=woke), draft.levels)
        look(draft, event, earlier)
    # The same terms change nothing; new ones apply from now on, with what was measured before.
    _bring_up(draft)
    _explain_terms(draft)


def _tell_changed_levels(draft: Draft, present: TicketFacts) -> None:
    """Say what moves because of service levels that changed since the plan was made, before any event is looked at."""
    facts, levels = draft.facts, draft.levels
    if present.planned_revision == levels.revision or present.status.is_settled or not facts.clocks:
        return
    by_hand = {due.key for due in facts.moved} | {due.key for due in facts.fired}
    planned = tuple(due for due in facts.planned if due.kind in _CLOCK_DUES and due.key not in by_hand)
    measured = MeasuredTicket(draft.ticket, facts.brand.id, facts.clocks, tuple(by_hand), planned)
    planned_anew, policy = look_ahead(measured, levels, at=facts.now).dues, draft.policy(facts.now)
    reason = tell_moves(planned, planned_anew, policy, levels, clocks=facts.clocks)
    if reason:
        draft.steps.append(Step(EventKind.SERVICE_LEVELS_CHANGED, (), "service levels", reason, facts.now))


def _after(draft: Draft, event: EventFacts) -> TicketFacts:
    """The ticket after an event; of tags only those that the event itself names change."""
    changes = [
        rebased_tags(change, draft.ticket.tags) if change.field == "tags" and change.old != "null" else change
        for change in event.changes
    ]
    return ticket_after(draft.ticket, changes)


def _bring_up(draft: Draft) -> None:
    facts = draft.facts
    draft.clocks = reckon_anew(draft.clocks, draft.ticket, draft.levels, brand_id=facts.brand.id, at=facts.now)


def _explain_terms(draft: Draft) -> None:
    """Say under which policy and target a clock is measured from now on, where that is new."""
    known = {(clock.kind, clock.epoch): clock.reason for clock in draft.facts.clocks}
    for clock in draft.clocks:
        if clock.is_live and clock.reason != known.get((clock.kind, clock.epoch), ""):
            seen = {"policy_id": str(clock.policy_id or "none"), "policy_version": str(clock.policy_version)}
            cause = clock.reason.partition(":")[0]
            draft.trace.append(TraceLine(draft.facts.now, cause, f"service level of {clock.kind}", seen, clock.reason))


def _fire_clock_dues(
    draft: Draft, *, before: datetime, events: Sequence[EventFacts], present: TicketFacts, fire: Fire
) -> None:
    """Fire the clocks' dues of before an event, unless the ticket has been put away since or the warning is idle."""
    answered = {
        clock.kind for clock in draft.clocks if clock.is_live and any(_ends(clock.kind, event) for event in events)
    }
    put_away = present.status.is_settled or present.snoozed_until is not None
    while due := next((due for due in draft.plan() if due.due_at < before and due.kind in _DUES_BETWEEN), None):
        limit_passed = due.kind is DueKind.CLOCK_LIMIT
        if put_away or (not limit_passed and any(f"/{kind}/" in due.key for kind in answered)):
            _leave_out(draft, due)
        else:
            fire(draft, due)


def _ends(kind: ClockKind, event: EventFacts) -> bool:
    answer = event.kind is EventKind.MESSAGE_ADDED and event.author_kind is AuthorKind.AGENT
    return answer and event.visibility is Visibility.PUBLIC and kind is not ClockKind.RESOLUTION


def _leave_out(draft: Draft, due: Due) -> None:
    draft.fired.append(FiredDue(due.key, draft.facts.now))
    seen = {"due_at": due.due_at.isoformat(), "now": draft.facts.now.isoformat()}
    outcome = "did not fire: the ticket has moved on since"
    draft.trace.append(TraceLine(due.due_at, f"due {due.key}", due.reason, seen, outcome))


def show_clocks(draft: Draft, before: TicketFacts, *, at: datetime, cause: str, word: Word = Word.OTHER) -> None:
    """Let the clocks see what a due or a rule did; what changed nothing of the ticket is nothing to them."""
    if draft.ticket == before:
        return
    seq = draft.ticket.version + len(draft.steps)
    end_policy(draft, before, at=at, cause=cause)
    ticket = draft.ticket
    moment = Moment(
        at=at,
        seq=seq,
        cause=cause,
        word=word,
        message_id=None,
        status=ticket.status,
        priority=ticket.priority,
        policy=draft.policy(at),
        woke=before.snoozed_until is not None and ticket.snoozed_until is None,
    )
    if draft.clocks:
        draft.clocks = run_clocks(draft.clocks, moment, draft.levels)


def pass_limit(draft: Draft, due: Due) -> None:
    """Tell that a clock has measured as much as it may."""
    draft.steps.append(Step(EventKind.CLOCK_MISSED, (), f"due {due.key}", f"late: {due.reason}", due.due_at, due.key))


def take_ladder_step(draft: Draft, due: Due) -> None:
    """Do what the step says, but for what somebody has set since it was due."""
    policy = draft.policy(due.due_at)
    step = find_step(due.key, draft.clocks, policy, draft.levels)
    assert step is not None, "the due was planned from it"
    later = {
        change.field for event in draft.facts.events if event.effective_at > due.due_at for change in event.changes
    }
    actions = tuple(without_gone(step.actions, draft.routing.gone))
    _explain_gone(draft, due, step.actions)
    changes = changes_of(actions, draft.ticket, changed_since=later)
    draft.ticket = ticket_after(draft.ticket, changes)
    draft.strategy = strategy_of(actions) or draft.strategy
    kind, cause = EventKind.LADDER_STEP_TAKEN, f"due {due.key}"
    draft.steps.append(Step(kind, changes, cause, f"escalated: {due.reason}", due.due_at, due.key))
    draft.steps += [
        Step(EventKind.MESSAGE_ADDED, (), cause, f"noted: {due.reason}", due.due_at, note=note)
        for note in notes_of(actions)
    ]
    _tell(draft, due, people_told(actions, draft.told_teams))


def _explain_gone(draft: Draft, due: Due, actions: Sequence[Action]) -> None:
    """Say whom the step named who has left since it was written."""
    for user_id in dict.fromkeys(action.user_id for action in actions if action.user_id in draft.routing.gone):
        seen = {"user_id": str(user_id)}
        outcome = "left out: they are no active member of the staff any more"
        draft.trace.append(TraceLine(due.due_at, f"due {due.key}", "whom the step names", seen, outcome))


def _tell(draft: Draft, due: Due, people: Sequence[UUID]) -> None:
    """One mail to each of them; whether they may still see the ticket is looked at when it is sent."""
    cause = f"due {due.key}"
    draft.effects += [
        PlannedEffect(f"{due.key}/{person}", EffectKind.ESCALATED_MAIL, None, due.due_at, cause, user_id=person)
        for person in people
    ]
    if people:
        draft.trace.append(
            TraceLine(due.due_at, cause, "who is to know", {}, f"tell {len(people)} of the staff by mail")
        )
