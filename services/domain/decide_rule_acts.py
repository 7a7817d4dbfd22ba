"""What a rule does: planned on the ticket as it is, and then the steps and mails that do it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from services.domain.acting import Acted, act, notes_of, people_told
from services.domain.actions import Action, ActionKind, strategy_of
from services.domain.clocks.model import ALL_THE_TIME
from services.domain.clocks.running import Word
from services.domain.decide_clocks import show_clocks
from services.domain.decide_notices import plan_resolved_notice
from services.domain.decision import Step
from services.domain.draft import Draft
from services.domain.effects import EffectKind, PlannedEffect
from services.domain.errors import Invalid
from services.domain.facts import TicketFacts
from services.domain.rules.happenings import Happening
from services.domain.rules.model import Rule
from services.domain.ticket import EventKind, FieldChange, FollowerKind

_KINDS = {'"resolved"': EventKind.TICKET_RESOLVED, '"closed"': EventKind.TICKET_CLOSED}


@dataclass(frozen=True, slots=True)
class Doing:
    """What a rule would do."""

    acted: Acted
    policy_id: UUID | None
    snoozed_until: datetime | None
    followers: tuple[UUID, ...]
    notes: tuple[str, ...]
    replies: tuple[str, ...]
    told: tuple[tuple[UUID, str], ...]
    refused: tuple[str, ...]
    parent_id: UUID | None = None

    @property
    def is_nothing(self) -> bool:
        """Whether the ticket is so already, and nobody is told anything."""
        changed = self.acted.changes or self.policy_id or self.snoozed_until or self.followers or self.parent_id
        return not (changed or self.notes or self.replies or self.told)


def plan_acts(draft: Draft, rule: Rule, happening: Happening) -> Doing:
    """What the rule would do to the ticket as it is now, and what of it may not be, with the reason."""
    since = {change.field for event in draft.later for change in event.changes}
    users = draft.routing.rule_users
    acted = act(rule.actions, draft.ticket, changed_since=since, users=users, categories=draft.facts.categories)
    refused, at = list(acted.refused), happening.moment.at
    replies = [action.text for action in rule.actions if action.kind is ActionKind.REPLY]
    if replies and (why := _why_no_reply(draft, happening)):
        refused.append(f"no reply: {why}")
        replies = []
    followers = {follower.id for follower in draft.facts.followers if follower.kind is FollowerKind.STAFF}
    followers |= {step.follower_id for step in draft.steps if step.follower_id is not None}
    parent_id, why = _parent(draft, rule.actions)
    refused += [why] if why else []
    policies = [action.policy_id for action in rule.actions if action.kind is ActionKind.SET_SLA_POLICY]
    policy_id = policies[-1] if policies else None
    return Doing(
        acted=acted,
        policy_id=policy_id if policy_id != draft.ticket.policy_id else None,
        snoozed_until=_snoozed_until(draft, rule.actions, acted.ticket, at=at),
        followers=tuple(
            action.user_id
            for action in rule.actions
            if action.kind is ActionKind.ADD_FOLLOWER
            and action.user_id is not None
            and action.user_id in users
            and action.user_id not in followers
        ),
        notes=notes_of(rule.actions),
        replies=tuple(replies),
        told=_told(draft, rule.actions),
        refused=tuple(refused),
        parent_id=parent_id,
    )


def _parent(draft: Draft, actions: Sequence[Action]) -> tuple[UUID | None, str]:
    """Whose child the ticket is to become, or why not; whether it may is known when the step is taken."""
    wanted = [action.parent_id for action in actions if action.kind is ActionKind.LINK_TO_PARENT]
    if not wanted or draft.ticket.parent_id == wanted[-1]:
        return None, ""
    if draft.ticket.parent_id is not None:
        return None, "not linked: the ticket has another parent already"
    return wanted[-1], ""


def _told(draft: Draft, actions: Sequence[Action]) -> tuple[tuple[UUID, str], ...]:
    """Whom the actions tell, with what they say to them, everybody once."""
    told: dict[UUID, str] = {}
    for action in actions:
        for person in people_told([action], draft.told_teams):
            told.setdefault(person, action.note)
    return tuple(told.items())


def _why_no_reply(draft: Draft, happening: Happening) -> str:
    if happening.automatic:
        return "a machine wrote what it would answer"
    return "" if draft.ticket.requester_reachable else "the requester has no address"


def _snoozed_until(draft: Draft, actions: Sequence[Action], ticket: TicketFacts, *, at: datetime) -> datetime | None:
    """The instant that a snooze ends; None for none, on a settled ticket, and when it is over already."""
    wanted = [action for action in actions if action.kind is ActionKind.SNOOZE and action.duration is not None]
    if not wanted or ticket.status.is_settled:
        return None
    action = wanted[-1]
    assert action.duration is not None
    calendar = draft.levels.calendars.get(action.calendar_id) if action.calendar_id is not None else None
    try:
        until = (calendar.work if calendar else ALL_THE_TIME).add_working_time(at, action.duration)
    except Invalid:
        return None
    return until if until > draft.facts.now and until != ticket.snoozed_until else None


def do_acts(draft: Draft, rule: Rule, happening: Happening, doing: Doing, *, run: int) -> Sequence[str]:
    """Take the steps and plan the mails; what was done, in words."""
    told: list[str] = []
    _change(draft, rule, happening, doing, told)
    draft.strategy = strategy_of(rule.actions) or draft.strategy
    if doing.snoozed_until is not None:
        _snooze(draft, rule, happening, doing.snoozed_until)
        told.append(f"snoozed until {doing.snoozed_until.isoformat()}")
    for person in doing.followers:
        step = _step(EventKind.FOLLOWER_ADDED, rule, happening)
        draft.steps.append(replace(step, cause=f"user {person}", follower_id=person))
        told.append(f"{person} follows")
    if doing.parent_id is not None:
        draft.steps.append(replace(_step(EventKind.PARENT_SET, rule, happening), parent_id=doing.parent_id))
        draft.ticket = replace(draft.ticket, parent_id=doing.parent_id)
        told.append(f"linked to its parent {doing.parent_id}")
    for note in doing.notes:
        draft.steps.append(replace(_step(EventKind.MESSAGE_ADDED, rule, happening), note=note))
        told.append("left a note")
    for reply in doing.replies:
        draft.steps.append(replace(_step(EventKind.MESSAGE_ADDED, rule, happening), reply=reply))
        told.append("replied to the customer")
    for person, text in doing.told:
        words = f"{rule.name}: {text}" if text else rule.name
        key = f"rule/{rule.id}/{rule.version}/{happening.root.partition(' ')[2]}/{run}/{person}"
        at = happening.moment.at
        draft.effects.append(
            PlannedEffect(key, EffectKind.RULE_NOTICE_MAIL, None, at, happening.cause, user_id=person, text=words)
        )
        told.append(f"told {person} by mail")
    return told


def _change(draft: Draft, rule: Rule, happening: Happening, doing: Doing, told: list[str]) -> None:
    """One step for all fields that change, and for the due if there is one."""
    changes, at = doing.acted.changes, happening.moment.at
    if not (changes or doing.policy_id or happening.due_key):
        return
    before = draft.ticket
    status = next((change for change in changes if change.field == "status"), None)
    kind = _kind(status) if changes or doing.policy_id else EventKind.DUE_FIRED
    step = replace(_step(kind, rule, happening), changes=changes, due_key=happening.due_key)
    if doing.policy_id is not None:
        step = replace(step, policy_id=doing.policy_id, policy_rule_id=rule.id)
    draft.steps.append(step)
    draft.ticket = doing.acted.ticket
    if doing.policy_id is not None:
        draft.ticket = replace(draft.ticket, policy_id=doing.policy_id, policy_rule_id=rule.id)
        told.append(f"service level policy {doing.policy_id}")
    if status is not None:
        draft.ticket = replace(draft.ticket, status_since=at, status_epoch=draft.ticket.version + len(draft.steps))
    told += doing.acted.brought
    told += [f"{change.field}: {'' if change.old == 'false' else change.old} → {change.new}" for change in changes]
    word = Word.REOPENED if kind is EventKind.TICKET_REOPENED else Word.OTHER
    show_clocks(draft, before, at=at, cause=f"rule {rule.id}", word=word)
    if kind is EventKind.TICKET_RESOLVED:
        plan_resolved_notice(draft, at=at, cause=happening.cause)


def _kind(status: FieldChange | None) -> EventKind:
    if status is None:
        return EventKind.RULE_APPLIED
    reopened = EventKind.TICKET_REOPENED if status.old in _KINDS else EventKind.RULE_APPLIED
    return _KINDS.get(status.new, reopened)


def _snooze(draft: Draft, rule: Rule, happening: Happening, until: datetime) -> None:
    before = draft.ticket
    old = "null" if before.snoozed_until is None else f'"{before.snoozed_until.isoformat()}"'
    changes = (
        FieldChange("snoozed_until", old, f'"{until.isoformat()}"'),
        FieldChange("snoozed_by", '""', '"duradesk"'),
    )
    draft.steps.append(replace(_step(EventKind.TICKET_SNOOZED, rule, happening), changes=changes))
    epoch = before.version + len(draft.steps)
    draft.ticket = replace(before, snoozed_until=until, snooze_epoch=epoch)
    show_clocks(draft, before, at=happening.moment.at, cause=f"rule {rule.id}")


def _step(kind: EventKind, rule: Rule, happening: Happening) -> Step:
    return Step(kind, (), happening.cause, f"rule {rule.name}", happening.moment.at)
