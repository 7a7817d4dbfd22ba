"""The part of a decision that gives a ticket an owner: a team, and somebody of it who is free."""

import json
from dataclasses import replace
from uuid import UUID

from services.domain.candidates import needed_skills, plan_assignment, team_facts
from services.domain.decision import Assignment, Step, TraceLine
from services.domain.draft import Draft
from services.domain.facts import EventFacts, WaitingFacts
from services.domain.message import AuthorKind
from services.domain.plan import due_key, words
from services.domain.routing_facts import AssignmentStrategy, RoutingFacts, TeamFacts
from services.domain.ticket import Due, DueKind, EventKind


def give_owner(draft: Draft, routing: RoutingFacts) -> None:
    """A live ticket that somebody waits on gets a team, and an assignee who is still there."""
    if draft.assignment is not None or draft.ticket.status.is_settled:
        return
    asking = (event for event in draft.facts.events if _asks(event, draft, routing))
    event = next(asking, None)
    if event is not None:
        _assign_or_stay(draft, routing, cause=f"event {event.seq}")
    elif draft.ticket.snoozed_until is None and (left := _has_left(draft, routing)):
        _assign_or_stay(draft, routing, cause=left)


def give_to_new_team(draft: Draft, routing: RoutingFacts) -> None:
    """A ticket that a rule or a step of a ladder has put into another team, to nobody there, gets somebody of it; one
    that they give by a strategy, somebody of its team.
    """
    ticket = draft.ticket
    if ticket.assignee_id is not None or ticket.status.is_settled or ticket.snoozed_until is not None:
        return
    planned = draft.assignment.team_id if draft.assignment else draft.facts.ticket.team_id
    if ticket.team_id not in (None, planned) or (draft.strategy is not None and draft.assignment is None):
        cause = draft.steps[-1].cause if draft.steps else "a rule"
        assign_by_strategy(draft, routing, ticket.team_id, cause=cause, strategy=draft.strategy)


def assign_by_strategy(
    draft: Draft,
    routing: RoutingFacts,
    team_id: UUID | None,
    *,
    cause: str,
    strategy: AssignmentStrategy | None = None,
) -> None:
    """Let the ticket go to somebody of the team, by its own strategy or another one; team None is the ticket's own.

    The team must be one that routing has looked at (RoutingFacts.teams).
    """
    facts, team = draft.facts, team_facts(routing, team_id or draft.ticket.team_id)
    waiting = facts.waiting or WaitingFacts(facts.now, facts.ticket.version)
    needed = needed_skills(routing.skills, draft.ticket, facts.brand.id, at=facts.now)
    last = facts.last_assignee_id
    planned = plan_assignment(team, needed, at=facts.now, cause=cause, strategy=strategy, last_assignee_id=last)
    beyond = next((each for each in routing.teams if each.team_id == team.overflow_team_id), None)
    overflow = None
    if beyond is not None and facts.now >= waiting.since + team.overflow_after:
        overflow = plan_assignment(beyond, needed, at=facts.now, cause=cause, last_assignee_id=last)
    draft.assignment = replace(planned, overflow=overflow, revision=routing.revision)
    draft.overflow_due = _overflow_due(team, beyond, waiting) if beyond and team.overflow_after else None
    draft.trace += _trace(draft, draft.assignment, needed=", ".join(f"{each.name} {each.level}" for each in needed))


def let_overflow(draft: Draft, due: Due) -> None:
    """Say that from now on the other team may take it too; who gets it is decided with everything else."""
    draft.steps.append(Step(EventKind.DUE_FIRED, (), f"due {due.key}", due.reason, due.due_at, due.key))


def _assign_or_stay(draft: Draft, routing: RoutingFacts, *, cause: str) -> None:
    ticket = draft.ticket
    if ticket.assignee_id is None or not routing.assignee_active:
        assign_by_strategy(draft, routing, None, cause=cause, strategy=draft.strategy)
        return
    seen = {
        "team": team_facts(routing, ticket.team_id).name,
        "assignee": str(ticket.assignee_id),
        "assignee_active": "true",
        "active_members": str(len(routing.members)),
    }
    draft.trace.append(TraceLine(draft.facts.now, cause, "who owns the ticket", seen, "stays with its assignee"))


def _asks(event: EventFacts, draft: Draft, routing: RoutingFacts) -> bool:
    match event.kind:
        case EventKind.TICKET_CREATED | EventKind.TICKET_REOPENED | EventKind.MERGE_RECEIVED:
            return True
        case EventKind.TICKET_UNMERGED | EventKind.SPAM_UNMARKED:
            return True
        case EventKind.MESSAGE_ADDED:
            return event.author_kind is AuthorKind.CUSTOMER
        case EventKind.TICKET_ASSIGNED if draft.ticket.assignee_id is not None:
            # Given by hand to somebody who is no active member of the staff.
            return not routing.assignee_active
        case EventKind.TICKET_ASSIGNED:
            # Back to the queue by hand stays so, but to another team means: to somebody of that team.
            return any(change.field == "team_id" and json.loads(change.new) for change in event.changes)
    return False


def _has_left(draft: Draft, routing: RoutingFacts) -> str:
    """Why a ticket on which nothing has happened is looked at again; empty when it is not."""
    if draft.ticket.assignee_id is not None:
        return "" if routing.assignee_active else "the assignee left"
    return "the waiting queue" if draft.facts.waiting is not None else ""


def _overflow_due(team: TeamFacts, beyond: TeamFacts, waiting: WaitingFacts) -> Due:
    reason = f"nobody of {team.name} was free for {words(team.overflow_after)}: {beyond.name} may take it"
    return Due(due_key(DueKind.OVERFLOW, waiting.epoch), DueKind.OVERFLOW, waiting.since + team.overflow_after, reason)


def _trace(draft: Draft, assignment: Assignment, *, needed: str) -> list[TraceLine]:
    seen = {
        "team": assignment.team_name,
        "assignee": str(draft.ticket.assignee_id or "nobody"),
        "strategy": assignment.strategy.value,
        "active_members": str(len(assignment.candidates) + len(assignment.passed_over)),
        "candidates": str(len(assignment.candidates)),
    }
    if needed:
        seen["skills"] = needed
    seen |= {str(each.user_id): each.reason for each in assignment.passed_over[:20]}
    cause, now = assignment.cause, draft.facts.now
    return [TraceLine(now, cause, "who owns the ticket", seen, assignment.reason.partition(": ")[2])]
