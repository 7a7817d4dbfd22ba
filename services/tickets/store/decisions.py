"""What a decision may look at, and storing one with all that it changes."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from services.domain.assignment import Pick
from services.domain.clocks.fold import FOLDED_FIELDS
from services.domain.decision import Decision, Plan, Step
from services.domain.effects import EffectKind, PlannedEffect
from services.domain.errors import Conflict, Invalid, NotFound
from services.domain.facts import EventFacts, FactNeed, Facts, FiredDue, FollowerFacts, TicketFacts, WaitingFacts
from services.domain.family.policy import DownPolicy, UpPolicy
from services.domain.followers import notice
from services.domain.message import AuthorKind, Visibility
from services.domain.ticket import (
    Brand,
    Channel,
    Due,
    DueKind,
    EventKind,
    FieldChange,
    FollowerKind,
    JsonObject,
    Priority,
    Ticket,
    TicketStatus,
)
from services.domain.ticket_fields import TicketField, decidable
from services.tickets.convert import due_of, field_changes_of, json_of, new_values
from services.tickets.store.categories import read_categories
from services.tickets.store.clocks import keep_clocks, read_clocks, read_moved_dues
from services.tickets.store.duplicates import settle_duplicates
from services.tickets.store.events import Connection, LockedTicket, append_event, lock_ticket
from services.tickets.store.inbox import read_family_facts, take_news
from services.tickets.store.kinship import why_blocked
from services.tickets.store.notes import add_note
from services.tickets.store.outbox import free_outbox
from services.tickets.store.parents import link_by_rule, lock_parents
from services.tickets.store.promises import read_promise
from services.tickets.store.reminders import read_reminders
from services.tickets.store.rules import (
    add_reply,
    add_rule_follower,
    keep_runs,
    read_history,
    read_open_cuts,
    read_recent_runs,
    read_words,
    reply_effect,
    rule_values,
    set_rule_policy,
    words_hash,
)
from services.tickets.store.statements import QUERIES
from services.tickets.store.ticket_fields import read_fields
from services.tickets.store.waiting import keep_queue, pick_assignee

ACTOR = "duradesk"
# A decision takes at most so many events at once; the next one takes the rest.
EVENTS = 200

Row = Mapping[str, Any]
_CUSTOM_FIELDS = FieldChange("custom_fields", "false", "true")


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """What is kept of a decision, in protobuf's JSON form: what it saw, under which service levels, and what it was."""

    facts: JsonObject
    routing: JsonObject
    decision: JsonObject
    service_levels_revision: int = 0


async def get_for_decision(conn: Connection, ticket_id: UUID, *, needs: Collection[FactNeed] = ()) -> Facts:
    """The facts of one moment, with the events that are not yet decided, and what rules need; NotFound."""
    parameters = {"ticket_id": ticket_id, "events": EVENTS, "fields": list(FOLDED_FIELDS)}
    row = await (await conn.execute(QUERIES["get_for_decision"], parameters)).fetchone()
    if row is None:
        raise NotFound("This ticket does not exist.")
    events = tuple(_event_of(event) for event in row["events"][:EVENTS])
    wordy = FactNeed.WORDS in needs or FactNeed.CUSTOM_FIELDS in needs
    words = await read_words(conn, ticket_id, events, version=row["version"]) if wordy else None
    return Facts(
        now=row["now"],
        ticket=ticket_facts_of(row, fields=await read_fields(conn, row["brand_id"]) if row["custom_fields"] else ()),
        brand=_brand_of(row),
        events=events,
        more=len(row["events"]) > EVENTS,
        planned=tuple(due_of({**due, "due_at": datetime.fromisoformat(due["due_at"])}) for due in row["planned"]),
        fired=tuple(FiredDue(due["key"], datetime.fromisoformat(due["fired_at"])) for due in row["fired"]),
        clocks=await read_clocks(conn, ticket_id) if row["has_clocks"] else (),
        moved=await read_moved_dues(conn, ticket_id) if row["has_moved_dues"] else (),
        reminders=await read_reminders(conn, ticket_id) if row["has_reminders"] else (),
        promise=await read_promise(conn, ticket_id) if row["has_promises"] else None,
        followers=tuple(_follower_of(follower) for follower in row["followers"]),
        needs=tuple(need for need in FactNeed if need in needs),
        words=words,
        words_hash=words_hash(words) if words is not None else "",
        history=await read_history(conn, ticket_id) if FactNeed.HISTORY in needs else None,
        recent_runs=await read_recent_runs(conn, ticket_id) if FactNeed.RULES in needs and row["has_runs"] else (),
        cut_rules=await read_open_cuts(conn) if FactNeed.RULES in needs and row["has_cuts"] else (),
        categories=await read_categories(conn) if FactNeed.CATEGORIES in needs else (),
        waiting=WaitingFacts(row["waiting_since"], row["waiting_epoch"]) if row["waiting_since"] else None,
        last_assignee_id=row["last_assignee_id"],
        family=await read_family_facts(conn, ticket_id) if row["has_family"] else None,
    )


async def apply_decision(conn: Connection, decision: Decision, *, facts: Facts, record: DecisionRecord) -> Plan:
    """Store the decision and all it changes, and answer the plan; Conflict when the facts are not the present ones.

    A decision that changes nothing writes nothing, but answers the nudge that asked for it.
    """
    await lock_parents(conn, decision)
    locked = await lock_ticket(conn, decision.ticket_id)
    _check_current(decision, facts=facts, locked=locked)
    assignment = decision.assignment
    picked = await pick_assignee(conn, assignment, locked.ticket, facts) if assignment else None
    dues = _dues_of(decision, picked)
    replan = await _planned_dues(conn, decision.ticket_id) != set(dues)
    rewound = decision.clocks != facts.clocks
    # Who waits on in vain is looked at again and again: that is no news.
    moved = picked is not None and (picked.user_id is not None or facts.waiting is None)
    await take_news(conn, decision)
    heard = bool(decision.family_news)
    if facts.events or decision.steps or moved or decision.effects or replan or rewound or heard:
        decision_id = await _store_decision(conn, decision, record)
        for step in decision.steps:
            locked = await _take_step(conn, locked, step, facts=facts, decision_id=decision_id)
        look_from = locked.ticket.version
        effects: list[PlannedEffect] = []
        if assignment is not None and picked is not None:
            assigned = await _assign(conn, locked, picked, cause=assignment.cause, decision_id=decision_id)
            if facts.brand.staff_notices:
                effects += _told_assignee(locked.ticket, assigned.ticket)
            locked = assigned
        effects += (*decision.effects, *await keep_runs(conn, decision, decision_id=decision_id))
        await _plan_effects(conn, decision.ticket_id, effects, decision_id=decision_id)
        happened = [event.kind for event in facts.events] + [step.kind for step in decision.steps]
        await settle_duplicates(conn, locked, happened, actor=ACTOR)
        await keep_clocks(conn, decision.ticket_id, decision.clocks, known=facts.clocks)
        if replan:
            await _replan(conn, decision.ticket_id, dues)
    await keep_queue(conn, locked.ticket, facts, assignment, picked)
    decided_seq = decision.decided_seq if facts.more else locked.ticket.version
    look_again = decision.look_again and not facts.more and locked.ticket.version > look_from
    if look_again:
        decided_seq = look_from
    parameters = {"decided_seq": decided_seq, "planned_revision": record.service_levels_revision}
    return await _mark_decided(conn, decision.ticket_id, parameters, more=facts.more or look_again)


def _check_current(decision: Decision, *, facts: Facts, locked: LockedTicket) -> None:
    """Somebody may have changed the ticket, or decided on the same events, since the facts were read."""
    if (facts.ticket.id, facts.ticket.version) != (decision.ticket_id, decision.expected_version):
        raise Invalid("The decision does not belong to the facts: send the facts that it was made of.")
    decided_meanwhile = bool(facts.events) and facts.events[0].seq <= locked.decided_seq
    if locked.ticket.version != decision.expected_version or decided_meanwhile:
        raise Conflict("The ticket changed since the facts were read: read them again and decide again.")


async def _planned_dues(conn: Connection, ticket_id: UUID) -> set[Due]:
    rows = await (await conn.execute(QUERIES["read_planned_dues"], {"ticket_id": ticket_id})).fetchall()
    return {due_of(row) for row in rows}


async def _store_decision(conn: Connection, decision: Decision, record: DecisionRecord) -> UUID:
    parameters = {
        "ticket_id": decision.ticket_id,
        "version": decision.expected_version,
        "decided_seq": decision.decided_seq,
        "facts": Jsonb(record.facts),
        "routing": Jsonb(record.routing),
        "decision": Jsonb(record.decision),
    }
    row = await (await conn.execute(QUERIES["store_decision"], parameters)).fetchone()
    assert row is not None
    decision_id: UUID = row["id"]
    return decision_id


async def _take_step(
    conn: Connection, locked: LockedTicket, step: Step, *, facts: Facts, decision_id: UUID
) -> LockedTicket:
    ticket = locked.ticket
    if step.due_key:
        due = {"ticket_id": ticket.id, "key": step.due_key, "due_at": step.effective_at, "fired_at": facts.now}
        if await (await conn.execute(QUERIES["fire_due"], due)).fetchone() is None:
            raise Conflict(f"The due {step.due_key} has fired already: read the facts again and decide again.")
    if step.parent_id is not None:
        return await link_by_rule(conn, locked, step, actor=ACTOR, decision_id=decision_id)
    if reason := await why_blocked(conn, ticket, new_values(step.changes)):
        # Told once, and over: the children's own news settle the parent later.
        step = replace(step, kind=EventKind.TICKET_UPDATED, changes=(), reason=reason)
    message_id = await add_note(conn, ticket, step.note, author=ACTOR) if step.note else None
    if step.reply:
        message_id = await add_reply(conn, ticket, step.reply, brand=facts.brand)
        await _plan_effects(conn, ticket.id, [reply_effect(message_id, step)], decision_id=decision_id)
    taken = await append_event(
        conn,
        locked,
        step.kind,
        actor=ACTOR,
        changes=rule_values(ticket, step.changes),
        message_id=message_id,
        decision_id=decision_id,
        cause=step.cause,
        reason=step.reason,
        effective_at=step.effective_at,
    )
    if step.follower_id is not None:
        await add_rule_follower(conn, taken, step.follower_id)
    if step.policy_id is not None or step.kind is EventKind.POLICY_ENDED:
        await set_rule_policy(conn, ticket.id, step)
    return taken


def _dues_of(decision: Decision, picked: Pick | None) -> tuple[Due, ...]:
    """What is planned; nothing overflows that somebody has got."""
    waits = picked is not None and picked.user_id is None
    return tuple(due for due in decision.dues if waits or due.kind is not DueKind.OVERFLOW)


async def _assign(
    conn: Connection, locked: LockedTicket, picked: Pick, *, cause: str, decision_id: UUID
) -> LockedTicket:
    """Give the ticket to who was picked, or put it into the team's queue."""
    changes = {"team_id": picked.team_id, "assignee_id": picked.user_id}
    if all(getattr(locked.ticket, field) == value for field, value in changes.items()):
        return locked
    return await append_event(
        conn,
        locked,
        EventKind.TICKET_ASSIGNED,
        actor=ACTOR,
        changes=changes,
        decision_id=decision_id,
        cause=cause,
        reason=picked.reason,
    )


def _told_assignee(before: Ticket, after: Ticket) -> Iterable[PlannedEffect]:
    """Who was picked is known only here, in the transaction that picked them."""
    if after.assignee_id is not None and after.assignee_id != before.assignee_id:
        yield notice(
            EffectKind.ASSIGNED_MAIL, after.version, after.assignee_id, message_id=None, not_before=after.updated_at
        )


async def _plan_effects(
    conn: Connection, ticket_id: UUID, effects: Sequence[PlannedEffect], *, decision_id: UUID
) -> None:
    if effects:
        planned = Jsonb([_effect_row(effect) for effect in effects])
        parameters = {"ticket_id": ticket_id, "decision_id": decision_id, "effects": planned}
        await conn.execute(QUERIES["plan_effects"], parameters)


def _effect_row(effect: PlannedEffect) -> JsonObject:
    return {
        "id": str(uuid4()),
        "key": effect.key,
        "kind": effect.kind,
        "message_id": json_of(effect.message_id),
        "contact_id": json_of(effect.contact_id),
        "user_id": json_of(effect.user_id),
        "not_before": json_of(effect.not_before),
        "text": effect.text,
    }


async def _replan(conn: Connection, ticket_id: UUID, dues: tuple[Due, ...]) -> None:
    rows = [{"key": due.key, "kind": due.kind, "due_at": json_of(due.due_at), "reason": due.reason} for due in dues]
    parameters = {"ticket_id": ticket_id, "keys": [due.key for due in dues], "dues": Jsonb(rows)}
    await conn.execute(QUERIES["replan"], parameters)


async def _mark_decided(conn: Connection, ticket_id: UUID, parameters: Mapping[str, int], *, more: bool) -> Plan:
    row = await (await conn.execute(QUERIES["mark_decided"], {"ticket_id": ticket_id, **parameters})).fetchone()
    assert row is not None
    if not row["answered"]:
        await free_outbox(conn, ticket_id)
    return Plan(
        ticket_id=row["ticket_id"],
        number=row["number"],
        status=TicketStatus(row["status"]),
        priority=Priority(row["priority"]),
        channel=Channel(row["channel"]),
        brand_name=row["brand_name"],
        next_due_at=row["next_due_at"],
        due_in_seconds=row["due_in_seconds"],
        next_due_reason=row["next_due_reason"],
        open_effects=tuple(row["open_effects"]),
        more=more or row["has_news"],
        parent_to_tell=row["parent_to_tell"],
        cascade_id=row["cascade_id"],
    )


def _follower_of(follower: JsonObject) -> FollowerFacts:
    kind = FollowerKind.CUSTOMER if follower["contact_id"] else FollowerKind.STAFF
    return FollowerFacts(UUID(follower["follower_id"]), kind, follower["since_seq"])


def ticket_facts_of(row: Row, *, fields: Iterable[TicketField]) -> TicketFacts:
    """A ticket's row as decisions see it."""
    return TicketFacts(
        id=row["id"],
        number=row["number"],
        channel=Channel(row["channel"]),
        status=TicketStatus(row["status"]),
        status_since=row["status_since"],
        status_epoch=row["status_epoch"],
        priority=Priority(row["priority"]),
        team_id=row["team_id"],
        assignee_id=row["assignee_id"],
        requester_reachable=row["requester_reachable"],
        sender_proven=row["sender_proven"],
        version=row["version"],
        snoozed_until=row["snoozed_until"],
        snooze_epoch=row["snooze_epoch"],
        type=row["type"],
        tags=tuple(row["tags"]),
        planned_revision=row["planned_revision"],
        requester_id=row["requester_id"],
        created_at=row["created_at"],
        policy_id=row["policy_id"],
        policy_rule_id=row["policy_rule_id"],
        category_id=row["category_id"],
        category_path=tuple(row["category_path"]),
        organisation_id=row["organisation_id"],
        custom_fields=decidable(fields, row["custom_fields"]),
        parent_id=row["parent_id"],
    )


def _brand_of(row: Row) -> Brand:
    return Brand(
        id=row["brand_id"],
        name=row["brand_name"],
        address=row["brand_address"],
        idle_remind_after=row["idle_remind_after"],
        idle_resolve_after=row["idle_resolve_after"],
        auto_close_after=row["auto_close_after"],
        version=row["brand_version"],
        acknowledge=row["acknowledge"],
        resolved_notice=row["resolved_notice"],
        undo_seconds=row["undo_seconds"],
        staff_notices=row["staff_notices"],
        language=row["language"],
        family_down=DownPolicy(row["family_down"]),
        family_up=UpPolicy(row["family_up"]),
    )


def _event_of(event: JsonObject) -> EventFacts:
    """An event out of JSON, where instants and ids are text."""
    return EventFacts(
        seq=event["seq"],
        kind=EventKind(event["kind"]),
        effective_at=datetime.fromisoformat(event["effective_at"]),
        message_id=UUID(event["message_id"]) if event["message_id"] else None,
        message_hash=event["message_hash"] or "",
        visibility=Visibility(event["visibility"]) if event["visibility"] else None,
        author_kind=AuthorKind(event["author_kind"]) if event["author_kind"] else None,
        by_requester=event["by_requester"],
        automatic=event["automatic"],
        withdrawn=event["withdrawn"],
        actor=event["actor"],
        assignee_id=UUID(event["assignee_id"]) if event["assignee_id"] else None,
        # What people wrote into custom fields is not copied into decisions, only that they did.
        changes=(*field_changes_of(event["changes"]), *([_CUSTOM_FIELDS] if event["changes_custom_fields"] else [])),
        decided=event["decided"],
        rule_id=UUID(event["rule_id"]) if event["rule_id"] else None,
        in_cascade=event["in_cascade"],
        tells=event["tells"],
        quiet=event["quiet"],
    )
