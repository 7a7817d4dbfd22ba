"""Rules and tickets as tests want them: say only what matters."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from services.domain.actions import Action, ActionKind
from services.domain.clocks.fold import ticket_after
from services.domain.clocks.policy import NO_SERVICE_LEVELS, ServiceLevels
from services.domain.decide import decide
from services.domain.decision import Decision
from services.domain.facts import EventFacts, Facts, FiredDue, HistoryFacts, MessageText, TicketFacts, TicketWords
from services.domain.message import AuthorKind, Visibility
from services.domain.routing_facts import RoutingFacts, ToldTeam
from services.domain.rules.check import clean_rule
from services.domain.rules.compiled import RuleSet, compile_rules
from services.domain.rules.model import Rule, Since, Trigger, Wait
from services.domain.ticket import EventKind, FieldChange, Priority, TicketStatus
from tests.unit.factories import (
    ANN,
    BEN,
    CAT,
    NOON,
    TEAM,
    make_brand,
    make_event,
    make_facts,
    make_routing,
    make_ticket,
)

HOUR = timedelta(hours=1)
KEEPER = UUID(int=21)
_places = count(1)

ROUTING = make_routing(told_teams=(ToldTeam(TEAM, (ANN, BEN)),), rule_users=(ANN, BEN, CAT), keepers=(KEEPER,))


def priority(to: str) -> Action:
    return Action(ActionKind.SET_PRIORITY, priority=Priority(to))


def status(to: str) -> Action:
    return Action(ActionKind.SET_STATUS, status=TicketStatus(to))


def tag(name: str) -> Action:
    return Action(ActionKind.ADD_TAG, tag=name)


def reply(text: str = "Thank you, {name}.") -> Action:
    return Action(ActionKind.REPLY, text=text)


def make_rule(name: str, *actions: Action, on: Trigger = Trigger.TICKET_CREATED, when: str = "", **more: Any) -> Rule:
    """A rule after those made before it."""
    wanted = {"conditions": when, "position": next(_places), **more}
    return clean_rule(Rule(uuid5(NAMESPACE_OID, name), name, on, actions or (tag(name),), **wanted))


# One for everything that happens in a family, named after it.
ON_FAMILIES = tuple(
    make_rule(f"on {on}", on=on)
    for on in (
        Trigger.PARENT_SET,
        Trigger.PARENT_REMOVED,
        Trigger.PARENT_SETTLED,
        Trigger.CHILD_ADDED,
        Trigger.CHILD_REMOVED,
        Trigger.CHILD_SETTLED,
        Trigger.CHILDREN_SETTLED,
        Trigger.CHILD_REOPENED,
    )
)


def every(after: timedelta, since: Since, *actions: Action, name: str = "timed", when: str = "", **more: Any) -> Rule:
    return make_rule(name, *actions, on=Trigger.TIME, when=when, wait=Wait(after, since), **more)


def new_ticket(**overrides: Any) -> TicketFacts:
    wanted = {"status": TicketStatus.NEW, "status_epoch": 1, "version": 1, "created_at": NOON}
    return make_ticket(**wanted | overrides)


def created(**overrides: Any) -> Facts:
    """A new ticket, with what its customer wrote."""
    text, subject = overrides.pop("text", ""), overrides.pop("subject", "Parcel")
    event = make_event(
        1,
        message_id=UUID(int=1),
        visibility=Visibility.PUBLIC,
        author_kind=AuthorKind.CUSTOMER,
        by_requester=True,
        automatic=overrides.pop("automatic", False),
        actor=str(UUID(int=77)),
    )
    ticket = new_ticket(**overrides.pop("ticket", {}))
    words = TicketWords(subject, "Cleo", "cleo@example.com", (MessageText(UUID(int=1), text),))
    known = {"words": words, "history": HistoryFacts(), "brand": make_brand(acknowledge=False, undo_seconds=0)}
    return make_facts(ticket=ticket, events=(event,), **known | overrides)


def goes_on(facts: Facts, decision: Decision, event: EventFacts | None = None, *, after: timedelta = HOUR) -> Facts:
    """The facts of the next decision: with what the last one did, and one event if there is one."""
    now = facts.now + after
    ticket = replace(facts.ticket, version=facts.ticket.version + len(decision.steps))
    for number, step in enumerate(decision.steps, start=1):
        ticket = ticket_after(ticket, step.changes)
        if any(change.field == "status" for change in step.changes):
            ticket = replace(ticket, status_since=step.effective_at, status_epoch=facts.ticket.version + number)
    fired = [FiredDue(step.due_key, facts.now) for step in decision.steps if step.due_key]
    events: tuple[EventFacts, ...] = ()
    if event is not None:
        events = (replace(event, seq=ticket.version + 1, effective_at=now),)
        ticket = replace(ticket_after(ticket, event.changes), version=ticket.version + 1)
    return replace(facts, now=now, ticket=ticket, events=events, fired=(*facts.fired, *fired), clocks=decision.clocks)


def says(author: str, text: str = "", **overrides: Any) -> EventFacts:
    """Somebody writes: "customer", "agent", "note"."""
    kind = AuthorKind.CUSTOMER if author == "customer" else AuthorKind.AGENT
    visibility = Visibility.INTERNAL if author == "note" else Visibility.PUBLIC
    actor = str(UUID(int=77) if author == "customer" else ANN)
    wanted = {"message_id": UUID(int=2), "author_kind": kind, "visibility": visibility, "actor": actor}
    return make_event(2, EventKind.MESSAGE_ADDED, **wanted | {"by_requester": author == "customer"} | overrides)


def changes(field: str, old: str, new: str, **overrides: Any) -> EventFacts:
    change = FieldChange(field, f'"{old}"', f'"{new}"')
    wanted = {"changes": (change,), "actor": str(ANN), "kind": EventKind.TICKET_UPDATED}
    return make_event(2, **wanted | overrides)


def play(
    facts: Facts, *rules: Rule, routing: RoutingFacts = ROUTING, levels: ServiceLevels = NO_SERVICE_LEVELS
) -> Decision:
    return decide(facts, routing, levels, ready(*rules))


def ready(*rules: Rule) -> RuleSet:
    return compile_rules(rules)


def after(facts: Facts, decision: Decision) -> TicketFacts:
    """The ticket as the decision leaves it."""
    ticket = facts.ticket
    for step in decision.steps:
        ticket = ticket_after(ticket, step.changes)
    return ticket


def ran(decision: Decision) -> list[str]:
    """The rules that ran, in their order."""
    return [run.name for run in decision.runs]


def at(hours: float) -> datetime:
    return NOON + hours * HOUR
