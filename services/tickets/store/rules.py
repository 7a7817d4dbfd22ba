"""What decisions ask for rules, and what rules leave on tickets."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from services.common.ids import ordered_id
from services.domain.categories import with_present
from services.domain.conditions.fields import CUSTOM
from services.domain.decision import Decision, Step
from services.domain.effects import EffectKind, PlannedEffect
from services.domain.facts import (
    Anchor,
    EventFacts,
    FactNeed,
    Facts,
    HistoryFacts,
    MessageText,
    RecentRuns,
    RuleCut,
    TicketWords,
)
from services.domain.followers import MOST_FOLLOWERS
from services.domain.message import AuthorKind, Visibility
from services.domain.rules.history import NOT_ACTS
from services.domain.rules.runs import RuleRuns
from services.domain.templates import fill_reply
from services.domain.ticket import Brand, FieldChange, JsonObject, Ticket
from services.domain.words import LONGEST_TEXT
from services.tickets.convert import new_values
from services.tickets.store.categories import read_categories
from services.tickets.store.events import Connection, LockedTicket
from services.tickets.store.statements import QUERIES
from services.tickets.store.tickets import body_hash
from services.tickets.store.words import add_message_words

_DESK = "duradesk"


async def read_words(conn: Connection, ticket_id: UUID, events: tuple[EventFacts, ...], *, version: int) -> TicketWords:
    """Subject, requester and custom fields as they were at this version, and the texts of the events' messages."""
    parameters = {
        "ticket_id": ticket_id,
        "version": version,
        "message_ids": [event.message_id for event in events if event.message_id is not None],
        "longest": LONGEST_TEXT,
    }
    row = await (await conn.execute(QUERIES["read_ticket_words"], parameters)).fetchone()
    assert row is not None, "the facts of the ticket were read a moment ago"
    messages = tuple(MessageText(UUID(each["message_id"]), each["text"]) for each in row["messages"])
    return TicketWords(row["subject"], row["requester_name"], row["requester_email"], messages, row["custom_fields"])


def words_hash(words: TicketWords) -> str:
    """What subject and requester are known by where they are not kept."""
    fields = json.dumps(words.custom_fields, sort_keys=True)
    told = f"{fields}\x00{words.subject}\x00{words.requester_name}\x00{words.requester_email}"
    return sha256(told.encode()).hexdigest()


async def read_history(conn: Connection, ticket_id: UUID, *, until_seq: int | None = None) -> HistoryFacts:
    """What had happened until this event; None: before the undecided ones."""
    parameters = {"ticket_id": ticket_id, "not_acts": sorted(NOT_ACTS), "until_seq": until_seq}
    row = await (await conn.execute(QUERIES["read_history"], parameters)).fetchone()
    assert row is not None
    return HistoryFacts(
        customer_messages=row["customer_messages"],
        agent_messages=row["agent_messages"],
        reopened=row["reopened"],
        customer_wrote=_anchor_of(row["customer_wrote"]),
        customer_automatic=row["customer_automatic"],
        agent_wrote=_anchor_of(row["agent_wrote"]),
        unanswered=_anchor_of(row["unanswered"]),
        resolved=_anchor_of(row["resolved"]),
        last_act=_anchor_of(row["last_act"]),
    )


async def as_then(conn: Connection, facts: Facts) -> Facts:
    """The facts of a stored decision with all that rules may need: what is not kept beside it is read again.

    A text that is not what it was, by its hash, is left out.
    """
    ticket = facts.ticket
    words = await read_words(conn, ticket.id, facts.events, version=ticket.version)
    hashes = {event.message_id: event.message_hash for event in facts.events}
    known = tuple(each for each in words.messages if body_hash(each.text) == hashes.get(each.message_id))
    until_seq = facts.events[0].seq - 1 if facts.events else ticket.version
    return replace(
        facts,
        words=replace(words, messages=known),
        history=facts.history or await read_history(conn, ticket.id, until_seq=until_seq),
        categories=with_present(facts.categories, await read_categories(conn)),
        needs=tuple(FactNeed),
    )


async def read_recent_runs(conn: Connection, ticket_id: UUID) -> tuple[RecentRuns, ...]:
    """How often rules have run on the ticket within the last hour."""
    rows = await (await conn.execute(QUERIES["read_recent_runs"], {"ticket_id": ticket_id})).fetchall()
    return tuple(RecentRuns(row["rule_id"], row["runs"]) for row in rows)


async def list_rule_runs(conn: Connection, rule_ids: Sequence[UUID]) -> tuple[RuleRuns, ...]:
    """How much each of these rules has done, on whichever ticket, in their order."""
    rows = await (await conn.execute(QUERIES["list_rule_runs"], {"rule_ids": rule_ids})).fetchall()
    return tuple(RuleRuns(row["rule_id"], row["last_ran_at"], row["recent_runs"]) for row in rows)


async def read_open_cuts(conn: Connection) -> tuple[RuleCut, ...]:
    """Rules that were cut, on whichever ticket, and that routing may not have paused yet."""
    rows = await (await conn.execute(QUERIES["read_open_cuts"])).fetchall()
    return tuple(RuleCut(row["rule_id"], row["rule_version"], "", row["reason"]) for row in rows)


async def confirm_cut(conn: Connection, rule_id: UUID, *, rule_version: int) -> None:
    """Routing has paused the rule."""
    await conn.execute(QUERIES["confirm_cut"], {"rule_id": rule_id, "rule_version": rule_version})


async def keep_runs(conn: Connection, decision: Decision, *, decision_id: UUID) -> tuple[PlannedEffect, ...]:
    """Count what rules did; the mails to those who keep a rule that was cut for the first time."""
    for run in decision.runs:
        if run.steps or any(effect.cause == run.cause for effect in decision.effects):
            parameters: dict[str, Any] = {"rule_id": run.rule_id, "rule_version": run.rule_version}
            parameters |= {"decision_id": decision_id, "number": run.number, "ticket_id": decision.ticket_id}
            await conn.execute(QUERIES["insert_rule_run"], parameters)
    alerts: list[PlannedEffect] = []
    for cut in decision.cuts:
        parameters = {"rule_id": cut.rule_id, "rule_version": cut.rule_version, "reason": cut.reason}
        parameters |= {"ticket_id": decision.ticket_id, "decision_id": decision_id}
        if await (await conn.execute(QUERIES["insert_rule_cut"], parameters)).fetchone() is not None:
            alerts += _alerts(cut, at=max(step.effective_at for step in decision.steps))
    return tuple(alerts)


async def add_reply(conn: Connection, ticket: Ticket, template: str, *, brand: Brand) -> UUID:
    """A public word of the desk itself, filled in; the event that tells of it is the caller's."""
    values: dict[str, str | int] = {
        "name": ticket.requester.name,
        "subject": ticket.subject,
        "number": ticket.number,
        "brand": brand.name,
    }
    message_id, body = ordered_id(), fill_reply(template, values)
    parameters = {
        "message_id": message_id,
        "ticket_id": ticket.id,
        "visibility": Visibility.PUBLIC,
        "author_kind": AuthorKind.AGENT,
        "author_id": _DESK,
        "author_name": brand.name,
        "body": body,
        "body_hash": body_hash(body),
        "rfc_message_id": "",
        "raw_source": b"",
        "automatic": True,
        "origin_id": None,
    }
    await conn.execute(QUERIES["insert_message"], parameters)
    await add_message_words(conn, ticket, body, Visibility.PUBLIC)
    return message_id


def rule_values(ticket: Ticket, changes: Iterable[FieldChange]) -> dict[str, Any]:
    """The new value of each changed field; custom fields are changed one by one, a null takes one away."""
    values = new_values(changes)
    custom = {name.removeprefix(CUSTOM): values.pop(name) for name in [*values] if name.startswith(CUSTOM)}
    if custom:
        merged = {**ticket.custom_fields, **custom}
        values["custom_fields"] = {name: value for name, value in merged.items() if value is not None}
    return values


def reply_effect(message_id: UUID, step: Step) -> PlannedEffect:
    """The mail that carries a rule's word to the customer."""
    key = f"reply/{message_id}"
    return PlannedEffect(key, EffectKind.RULE_REPLY_MAIL, message_id, step.effective_at, step.cause)


async def add_rule_follower(conn: Connection, locked: LockedTicket, user_id: UUID) -> None:
    """A member of the staff follows from the last event on, if there is room."""
    ticket_id = locked.ticket.id
    rows = await (await conn.execute(QUERIES["list_followers"], {"ticket_id": ticket_id})).fetchall()
    if len(rows) < MOST_FOLLOWERS and user_id not in {row["id"] for row in rows}:
        parameters = {"ticket_id": ticket_id, "follower_id": user_id, "contact_id": None}
        await conn.execute(QUERIES["insert_follower"], {**parameters, "since_seq": locked.ticket.version})


async def set_rule_policy(conn: Connection, ticket_id: UUID, step: Step) -> None:
    """The policy that a rule wants from here on, or none any more."""
    parameters = {"ticket_id": ticket_id, "policy_id": step.policy_id, "rule_id": step.policy_rule_id}
    await conn.execute(QUERIES["set_rule_policy" if step.policy_id else "end_rule_policy"], parameters)


def _alerts(cut: RuleCut, *, at: datetime) -> list[PlannedEffect]:
    key = f"rule_cut/{cut.rule_id}/{cut.rule_version}"
    text = f"{cut.name}: {cut.reason}"
    return [
        PlannedEffect(f"{key}/{person}", EffectKind.RULE_CUT_MAIL, None, at, key, user_id=person, text=text)
        for person in cut.told
    ]


def _anchor_of(anchor: JsonObject | None) -> Anchor | None:
    return None if anchor is None else Anchor(anchor["seq"], datetime.fromisoformat(anchor["at"]))
