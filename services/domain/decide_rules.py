"""The rules' part of a decision: what happens makes rules look, and what they do makes others look.

Rules look at one thing after the other in their order, each at the ticket as the earlier ones left it. Those that did
not run are asked again as long as others have changed the ticket, each runs once at most, and what they did is then
looked at in the same way. A rule that would run because of what it did itself runs in a circle: it is cut, its keepers
are told, and everything done so far stays.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from services.domain.acting import rebased_tags
from services.domain.clocks.fold import ticket_after
from services.domain.conditions.compiled import see
from services.domain.decide_rule_acts import do_acts, plan_acts
from services.domain.decision import RuleRun, Step
from services.domain.draft import Draft
from services.domain.effects import EffectKind
from services.domain.facts import EventFacts, RuleCut, TicketFacts
from services.domain.family.model import FamilyFacts
from services.domain.followers import notice
from services.domain.message import AuthorKind, Visibility
from services.domain.rules.compiled import CompiledRule
from services.domain.rules.happenings import (
    Happening,
    is_seen,
    triggers_of,
    triggers_of_changes,
    triggers_of_news,
)
from services.domain.rules.model import Rule, RuleMoment, Trigger
from services.domain.rules.view import Moment, RuleView, who_did
from services.domain.ticket import Due, EventKind

# A rule that runs so often on a ticket within an hour is cut; so is a chain of so many.
MOST_RUNS = 100
MOST_LINKS = 10
# So often are rules asked again that others may have made fit.
MOST_ROUNDS = 10
_NOTHING = "nothing: it is so already"
_OF_KINDS = {EventKind.CLOCK_MISSED: frozenset({Trigger.CLOCK_MISSED})}


def look_at_event(draft: Draft, event: EventFacts, before: TicketFacts) -> None:
    """Let the rules look at what somebody did."""
    if not draft.rules.rules or not is_seen(event):
        return
    was = None if event.kind is EventKind.TICKET_CREATED else before
    cause = f"event {event.seq}"
    moment = Moment(event.effective_at, was, draft.ticket, event, who_did(event))
    silent = event.automatic or event.quiet
    happening = Happening(moment, triggers_of(event), cause, cause, automatic=silent, only=event.rule_id)
    _run_rules(draft, happening)


def look_at_steps(draft: Draft, *, begun: int, before: TicketFacts, warned: bool = False) -> None:
    """Let the rules look at what came by itself: at the steps from the place `begun` on, as one thing."""
    if not draft.rules.rules or len(draft.steps) == begun:
        return
    first, triggers = draft.steps[begun], {Trigger.CLOCK_WARNED} if warned else set()
    moment = Moment(first.effective_at, before, draft.ticket, None, "desk")
    triggers |= _triggers_from(draft, begun)
    _run_rules(draft, Happening(moment, frozenset(triggers), first.cause, first.cause))


def look_at_news(draft: Draft, family: FamilyFacts, *, begun: int, before: TicketFacts) -> None:
    """Let the rules look at what the children tell, and at what came of it, as one thing."""
    if not draft.rules.rules or not family.inbox:
        return
    last = family.inbox[-1]
    triggers = triggers_of_news(family) | _triggers_from(draft, begun)
    moment = Moment(draft.facts.now, before, draft.ticket, None, "desk")
    _run_rules(draft, Happening(moment, triggers, f"ticket {last.child_id}", f"news {last.id}"))


def _triggers_from(draft: Draft, begun: int) -> frozenset[Trigger]:
    found = (triggers_of_changes(step.changes) | _OF_KINDS.get(step.kind, frozenset()) for step in draft.steps[begun:])
    return frozenset().union(*found)


def run_rule_of_time(draft: Draft, due: Due) -> None:
    """The time that a rule waited for is over."""
    at = due.due_at if draft.at is None else max(due.due_at, draft.at)
    rule_id, cause = UUID(due.key.split("/")[1]), f"due {due.key}"
    moment = Moment(at, draft.ticket, draft.ticket, None, "desk")
    _run_rules(
        draft,
        Happening(
            moment,
            frozenset({Trigger.TIME}),
            cause,
            cause,
            automatic=draft.history.customer_automatic,
            only=rule_id,
            due_key=due.key,
        ),
    )
    if not any(step.due_key == due.key for step in draft.steps):
        draft.steps.append(Step(EventKind.DUE_FIRED, (), cause, f"nothing came of it: {due.reason}", at, due.key))


def rebase_tags(draft: Draft) -> None:
    """Tags are changed one by one: what others did to them since the moment a rule looked at stays."""
    present: Sequence[str] = draft.facts.ticket.tags
    for place, step in enumerate(draft.steps):
        if any(change.field == "tags" for change in step.changes):
            changes = tuple(
                rebased_tags(change, present) if change.field == "tags" else change for change in step.changes
            )
            present = ticket_after(draft.facts.ticket, changes).tags
            draft.steps[place] = replace(step, changes=changes)


def settle_owner(draft: Draft) -> None:
    """Whom a rule gave the ticket to keeps it, and is told; routing picks nobody then."""
    owner = draft.ticket.assignee_id
    if owner is None or owner == draft.facts.ticket.assignee_id:
        return
    given = [
        place
        for place, step in enumerate(draft.steps)
        if any(change.field == "assignee_id" and change.new == f'"{owner}"' for change in step.changes)
    ]
    by_rule = [place for place in given if any(place in run.steps for run in draft.runs)]
    if by_rule:
        draft.assignment, draft.overflow_due = None, None
        if draft.facts.brand.staff_notices:
            seq, at = draft.facts.ticket.version + by_rule[-1] + 1, draft.steps[by_rule[-1]].effective_at
            draft.effects.append(notice(EffectKind.ASSIGNED_MAIL, seq, owner, message_id=None, not_before=at))


def has_to_look_again(draft: Draft) -> bool:
    """Whether some rule waits for whom routing picks, or what one did depends on the team."""
    waiting = {Trigger.ASSIGNEE_CHANGED, Trigger.TEAM_CHANGED} & draft.rules.triggered.keys()
    return draft.assignment is not None and (bool(waiting) or draft.ticket.policy_rule_id is not None)


def _run_rules(draft: Draft, first: Happening) -> None:
    waiting = deque([first])
    while waiting:
        happening = waiting.popleft()
        begun, runs = draft.view(happening.moment), len(draft.runs)
        waiting.extend(_look(draft, happening))
        if draft.watched is not None:
            _watch(draft, draft.watched, happening, begun=begun, runs=runs)


def _look(draft: Draft, happening: Happening) -> list[Happening]:
    """Let the rules look at one thing; what they did is looked at later."""
    if happening.only is not None:
        named = draft.rules.rules.get(happening.only)
        found: Sequence[CompiledRule] = () if named is None or named.problem else (named,)
    else:
        found = draft.rules.looking_at(happening.triggers)
    begun = view = draft.view(happening.moment)
    words = view.words()
    found = [each for each in found if each.clues is None or not each.clues.isdisjoint(words)]
    ran, done = dict[UUID, None](), list[Happening]()
    for _ in range(MOST_ROUNDS):
        known = len(ran)
        for compiled in found:
            if not compiled.holds(view) or compiled.rule.id in ran or not _may_run(draft, compiled.rule, happening):
                continue
            # It would not have run but for those that ran before it: what it does is an effect of theirs, too.
            led = () if not ran or compiled.holds(begun) else tuple(ran)
            done += _run(draft, compiled, replace(happening, chain=(*happening.chain, *led)) if led else happening)
            ran[compiled.rule.id] = None
            if compiled.rule.stop:
                return done
            view = draft.view(happening.moment)
        if len(ran) == known or view is begun:
            break
    return done


def _watch(draft: Draft, rule_id: UUID, happening: Happening, *, begun: RuleView, runs: int) -> None:
    """Tell what the rule that somebody asks about made of it."""
    compiled = draft.rules.rules.get(rule_id)
    if compiled is None:
        return
    at, rule = happening.moment.at, compiled.rule
    run = next((run for run in draft.runs[runs:] if run.rule_id == rule_id), None)
    if run is not None:
        draft.moments.append(RuleMoment(happening.cause, at, True, "; ".join(run.effects), run.condition))
        return
    condition = None if compiled.condition is None else see(compiled.condition, begun)
    why = _why_not(draft, compiled, happening, held=condition is not None and condition.held)
    asked = rule.trigger in happening.triggers
    draft.moments.append(RuleMoment(happening.cause, at, False, why, condition if asked else None))


def _why_not(draft: Draft, compiled: CompiledRule, happening: Happening, *, held: bool) -> str:
    rule = compiled.rule
    if not rule.enabled:
        return "it is switched off"
    if rule.paused_reason:
        return f"it is paused: {rule.paused_reason}"
    if compiled.problem:
        return f"its conditions cannot be asked: {compiled.problem}"
    if rule.trigger not in happening.triggers:
        told = ", ".join(sorted(happening.triggers)) or "something that no rule looks at"
        return f"it looks at {rule.trigger.replace('_', ' ')}, and this was {told.replace('_', ' ')}"
    if rule.brand_ids and draft.facts.brand.id not in rule.brand_ids:
        return "it is not of this brand"
    if draft.is_cut(rule):
        return "it was cut: it ran in a circle"
    if happening.chain and happening.chain[-1] == rule.id:
        return "it did this itself"
    return "a rule before it stopped, or had changed the ticket" if held else "a condition does not hold"


def _may_run(draft: Draft, rule: Rule, happening: Happening) -> bool:
    if rule.brand_ids and draft.facts.brand.id not in rule.brand_ids:
        return False
    # What a rule has done itself is no news to it.
    return not (happening.chain and happening.chain[-1] == rule.id) and not draft.is_cut(rule)


def _run(draft: Draft, compiled: CompiledRule, happening: Happening) -> list[Happening]:
    rule, before = compiled.rule, draft.ticket
    doing = plan_acts(draft, rule, happening)
    if doing.is_nothing and happening.caused_by:
        return []
    if not doing.is_nothing and (why := _circle(draft, rule, happening)):
        _cut(draft, rule, happening, why)
        return []
    assert compiled.condition is not None, "a rule with a problem does not run"
    condition = see(compiled.condition, draft.view(happening.moment))
    begun, run = len(draft.steps), len(draft.runs) + 1
    told = list(do_acts(draft, rule, happening, doing, run=run))
    draft.runs.append(
        RuleRun(
            number=run,
            rule_id=rule.id,
            rule_version=rule.version,
            name=rule.name,
            trigger=rule.trigger.value,
            cause=happening.cause,
            caused_by=happening.caused_by,
            at=happening.moment.at,
            condition=condition,
            effects=(*told, *doing.refused) or (_NOTHING,),
            steps=tuple(range(begun, len(draft.steps))),
        )
    )
    return _effects(draft, rule, happening, before=before, begun=begun, run=run)


def _circle(draft: Draft, rule: Rule, happening: Happening) -> str:
    """Why the rule is not to run any more; empty when it may."""
    if rule.id in happening.chain:
        names = [draft.rules.rules[link].rule.name for link in happening.chain[happening.chain.index(rule.id) :]]
        return f"{' → '.join([*names, rule.name])} is a circle"
    if len(happening.chain) >= MOST_LINKS:
        return f"it is the end of a chain of {MOST_LINKS} rules"
    recent = {each.rule_id: each.runs for each in draft.facts.recent_runs}
    here = sum(1 for run in draft.runs if run.rule_id == rule.id and run.effects != (_NOTHING,))
    runs = recent.get(rule.id, 0) + here
    return f"it ran {runs} times on this ticket within an hour" if runs >= MOST_RUNS else ""


def _cut(draft: Draft, rule: Rule, happening: Happening, why: str) -> None:
    owner = () if rule.owner_id is None else (rule.owner_id,)
    told = tuple(dict.fromkeys((*owner, *draft.routing.keepers)))
    draft.cuts.append(RuleCut(rule.id, rule.version, rule.name, why, told))
    reason = f"the rule {rule.name} is paused: {why}"
    draft.steps.append(Step(EventKind.RULE_CUT, (), happening.cause, reason, happening.moment.at))


def _effects(
    draft: Draft, rule: Rule, happening: Happening, *, before: TicketFacts, begun: int, run: int
) -> list[Happening]:
    """What the rule did, for other rules to look at."""
    found = []
    for step in draft.steps[begun:]:
        triggers = _triggers_of(step)
        if triggers:
            moment = Moment(happening.moment.at, before, draft.ticket, _event_of(step), "desk")
            found.append(
                replace(
                    happening,
                    moment=moment,
                    triggers=triggers,
                    cause=f"run {run}",
                    caused_by=run,
                    chain=(*happening.chain, rule.id),
                    only=None,
                    due_key="",
                )
            )
    return found


def _triggers_of(step: Step) -> frozenset[Trigger]:
    if step.note:
        return frozenset({Trigger.NOTE_ADDED})
    if step.reply:
        return frozenset({Trigger.AGENT_REPLIED})
    if step.parent_id is not None:
        return frozenset({Trigger.PARENT_SET})
    return triggers_of_changes(step.changes)


def _event_of(step: Step) -> EventFacts | None:
    if not (step.note or step.reply):
        return None
    visibility = Visibility.INTERNAL if step.note else Visibility.PUBLIC
    return EventFacts(0, step.kind, step.effective_at, visibility=visibility, author_kind=AuthorKind.AGENT)
