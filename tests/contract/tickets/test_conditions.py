"""Python and PostgreSQL agree on every condition, for the staff and for customers."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg.sql import SQL

from services.domain.clocks.model import Clock
from services.domain.conditions.evaluate import Facts, evaluate, facts_of
from services.domain.conditions.json_form import format_json, parse_json
from services.domain.conditions.text_form import format_text, parse_text
from services.domain.conditions.tree import AllOf, AnyOf, Condition, Not, Operator, Test
from services.domain.errors import Invalid
from services.domain.message import Visibility
from services.domain.ticket import Channel, Priority, Ticket
from services.tickets.store.clocks import read_clocks
from services.tickets.store.conditions import Compiler
from services.tickets.store.finds import Use, look_up
from services.tickets.store.scope import EVERYTHING
from services.tickets.store.statements import QUERIES
from tests.contract.tickets.desk import AGENT, Desk, running_desk
from tests.postgres import Postgres

# Spelled in the ways in which people and machines spell.
TEXTS = (
    "Refund of my order A-7, please",
    "Příliš žluťoučký kůň: VRÁCENÍ peněz",
    "Straße 12, İstanbul; æble og Łódź",
    "東京タワー ticket",
    "Hyvää päivää, toimitus on myöhässä!",
    "l'ordine non è arrivato\\'s <b>late</b> parcel",
    "late_parcel late-parcel LATE PARCEL 10:30",
    "",
)
WORDS = (
    *(
        "refund",
        "refu*",
        "REFUND of",
        '"late parcel"',
        "late",
        "prilis",
        "příliš zlut*",
        "strasse",
        "istanbul",
        "aeble",
    ),
    *(
        "lodz",
        "東京",
        "タワー",
        "toimitus",
        "myohassa",
        "ordine non",
        "b",
        "30",
        "ann",
        "example.com",
        "a-7",
        "zzz",
        "1",
    ),
)
WHEN = ("2026-01-01", "2026-03-01T12:00Z", "2030-01-01")
# The second is below the first, the third below the second.
CATEGORIES = tuple(UUID(int=number) for number in (21, 22, 23, 24))
ORGANISATION = UUID(int=31)
SPANS = ("1h", "2d", "3w", "90m")
VALUES: dict[str, tuple[tuple[str, ...], tuple[Operator, ...]]] = {
    "status": (("new", "open", "pending", "resolved", "closed"), (Operator.IS,)),
    "priority": (("low", "high", "urgent"), (Operator.IS,)),
    "channel": (("mail", "grpc"), (Operator.IS,)),
    "type": (("question", "QUESTION", "Otázka", "none", "zzz"), (Operator.IS,)),
    "tag": (("vip", "VIP", "žába", "zaba", "none", "zzz"), (Operator.IS,)),
    "team": (("none", str(UUID(int=1)), str(UUID(int=2))), (Operator.IS,)),
    "assignee": (("none", AGENT.subject, str(UUID(int=2))), (Operator.IS,)),
    "requester": (("cleo@c.example", "Cléo", "novak", "nov", "c.example", "zzz"), (Operator.IS,)),
    "category": (("none", *map(str, CATEGORIES)), (Operator.IS,)),
    "category_tree": (tuple(map(str, CATEGORIES)), (Operator.IS,)),
    "organisation": (("none", str(ORGANISATION), str(UUID(int=2))), (Operator.IS,)),
    "number": (("1", "3", "999"), (Operator.IS, Operator.ABOVE, Operator.AT_MOST)),
    "subject": (WORDS, (Operator.CONTAINS, Operator.STARTS)),
    "text": (WORDS, (Operator.CONTAINS, Operator.STARTS)),
    "created": (WHEN, (Operator.IS, Operator.ABOVE, Operator.AT_LEAST, Operator.BELOW, Operator.AT_MOST)),
    "updated": (WHEN, (Operator.ABOVE, Operator.BELOW)),
    "older": (SPANS, (Operator.AT_LEAST, Operator.BELOW)),
    "idle": (SPANS, (Operator.AT_LEAST, Operator.BELOW)),
    "due": ((*SPANS, *WHEN), (Operator.ABOVE, Operator.AT_MOST)),
    "snoozed": (("none", *WHEN), (Operator.IS,)),
    "queued": (("none", *WHEN), (Operator.IS,)),
    "limit": (("none", *WHEN), (Operator.IS,)),
    "first_response": (SPANS, (Operator.ABOVE, Operator.AT_MOST)),
    "next_response": (("none",), (Operator.IS,)),
    "resolution": (WHEN, (Operator.ABOVE, Operator.BELOW)),
    "custom_fields.order": (("7", "A-7", "a-7", "none", "true"), (Operator.IS,)),
    "custom_fields.amount": (
        ("7", "7.5", "-1", "100"),
        (Operator.IS, Operator.ABOVE, Operator.AT_LEAST, Operator.BELOW),
    ),
    "custom_fields.renewal": (
        ("2026-01-31", "2026-02-01", "2027-01-01"),
        (Operator.IS, Operator.ABOVE, Operator.AT_LEAST, Operator.BELOW, Operator.AT_MOST),
    ),
    "custom_fields.missing": (("none", "7"), (Operator.IS,)),
}
CUSTOM_FIELDS: tuple[dict[str, Any], ...] = (
    {},
    {"order": "A-7", "amount": 7},
    {"order": 7, "amount": 7.5, "renewal": "2026-01-31"},
    {"order": True, "amount": "7.5"},
    {"order": ["a-7", None, {"x": 1}], "amount": [1, 100.25]},
    {"order": "", "amount": None, "renewal": ["2026-02-01", 20260201, "2027-01-01"]},
    {"amount": "2026-02-01", "renewal": "2026-1-31"},
)


@st.composite
def leaves(draw: st.DrawFn) -> Test:
    field = draw(st.sampled_from(sorted(VALUES)))
    values, operators = VALUES[field]
    operator = draw(st.sampled_from(operators))
    most = 3 if operator in (Operator.IS, Operator.CONTAINS, Operator.STARTS) else 1
    chosen = draw(st.lists(st.sampled_from(values), min_size=1, max_size=most, unique=True))
    raw = [None if value == "none" else value for value in chosen]
    test = parse_json({"field": field, "operator": operator.value, "values": raw})
    assert isinstance(test, Test)
    return test


def _all_of(parts: list[Condition]) -> Condition:
    return AllOf(tuple(parts))


def _any_of(parts: list[Condition]) -> Condition:
    return AnyOf(tuple(parts))


CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    leaves(),
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.lists(inner, min_size=2, max_size=3).map(_all_of),
        st.lists(inner, min_size=2, max_size=3).map(_any_of),
    ),
    max_leaves=5,
)


@dataclass
class Told:
    """A desk full of tickets, and all that is to be known of each."""

    desk: Desk
    tickets: dict[UUID, Ticket]
    texts: dict[UUID, list[tuple[str, bool]]]
    clocks: dict[UUID, tuple[Clock, ...]]

    def facts(self, *, internal: bool) -> dict[UUID, Facts]:
        return {
            ticket_id: facts_of(
                ticket,
                texts=[text for text, public in self.texts[ticket_id] if public or internal],
                category_path=_path(ticket.category_id),
                clocks=self.clocks[ticket_id],
            )
            for ticket_id, ticket in self.tickets.items()
        }


@pytest.fixture(scope="module")
async def told(postgres: Postgres) -> AsyncIterator[Told]:
    url = await postgres.clone(("tickets",))
    async with running_desk(url) as desk:
        yield await _tell(desk)
    await postgres.drop(url)


async def _tell(desk: Desk) -> Told:
    client = await desk.client()
    people = (("cleo@c.example", ""), ("cleo@c.example", "Cléo Nováková"), ("ann@example.com", "Ann O'Hara"))
    for number in range(24):
        subject, body = TEXTS[number % 7], TEXTS[(number * 3 + 1) % len(TEXTS)]
        email, name = people[number % len(people)]
        ticket = await desk.new_ticket(
            subject=subject,
            body=body,
            requester_email=email,
            requester_name=name,
            tags=("vip", "Žába", "c'est")[: number % 4],
            type=("", "question", "Otázka", "it's \\ this")[number % 4],
            custom_fields=CUSTOM_FIELDS[number % len(CUSTOM_FIELDS)],
            priority=list(Priority)[number % 4],
            channel=(Channel.MAIL, Channel.GRPC)[number % 2],
        )
        for visibility in Visibility:
            if number % 3 and (word := TEXTS[(number * 5 + len(visibility)) % len(TEXTS)]):
                await desk.reply(ticket, visibility=visibility, body=word)
        if number % 5 == 1:
            await client.assign_ticket(ticket.id, assignee_id=UUID(AGENT.subject), team_id=UUID(int=1 + number % 2))
        if number % 5 == 2:
            await client.resolve_ticket(ticket.id)
        if number % 5 == 3:
            await client.update_ticket(ticket.id, {"subject": TEXTS[(number + 2) % 7], "tags": ("žába",)})
    await _sort(desk)
    await _age(desk)
    return await _read(desk)


def _path(category_id: UUID | None) -> tuple[UUID, ...]:
    if category_id is None:
        return ()
    place = CATEGORIES.index(category_id)
    return CATEGORIES[: place + 1] if place < 3 else (category_id,)


async def _sort(desk: Desk) -> None:
    """Categories below each other and beside, and an organisation."""
    for category_id in CATEGORIES:
        await desk.rows(
            "INSERT INTO categories (id, name, path) VALUES (%(id)s, %(name)s, %(path)s)",
            id=category_id,
            name=category_id.hex,
            path=list(_path(category_id)),
        )
    await desk.rows(
        "UPDATE tickets SET category_id = (SELECT id FROM categories ORDER BY id LIMIT 1 OFFSET number %% 6)"
    )
    await desk.rows("INSERT INTO organisations (id, name) VALUES (%(id)s, 'Acme')", id=ORGANISATION)
    await desk.rows("UPDATE contacts SET organisation_id = %(id)s WHERE email = 'ann@example.com'", id=ORGANISATION)


async def _age(desk: Desk) -> None:
    """Instants on both sides of those that the conditions name, and on them."""
    await desk.rows(
        "UPDATE tickets SET created_at = '2026-01-01Z'::timestamptz + (number - 3) * interval '1 day',"
        " updated_at = instant() - number * interval '1 hour',"
        " next_due_at = CASE number %% 3 WHEN 0 THEN NULL WHEN 1 THEN instant() + number * interval '1 hour'"
        " ELSE '2026-03-01 12:00Z' END,"
        " snoozed_until = CASE number %% 4 WHEN 0 THEN '2030-01-01Z'::timestamptz END,"
        " queued_since = CASE number %% 4 WHEN 1 THEN '2026-01-01Z'::timestamptz END"
    )
    await desk.rows(
        "INSERT INTO clocks (ticket_id, kind, epoch, segments, carried, policy_version, calendar_version, target,"
        " due_at, outcome, reason)"
        " SELECT t.id, kind, 1, '[]', interval '0', 1, 1, interval '1 day',"
        " CASE number %% 4 WHEN 0 THEN '2026-03-01 12:00Z' WHEN 1 THEN instant() + number * interval '1 hour'"
        " WHEN 2 THEN instant() - interval '1 hour' END, CASE WHEN number %% 5 = 0 THEN 'met' END, ''"
        " FROM tickets t, unnest(ARRAY['first_response', 'resolution']) kind WHERE number %% 7 > 1"
    )
    async with desk.database.transaction() as conn:
        for row in await desk.rows("SELECT id FROM tickets"):
            await conn.execute(QUERIES["keep_limits"], {"ticket_id": row["id"]})


async def _read(desk: Desk) -> Told:
    tickets, _ = await (await desk.client()).list_tickets(page_size=100)
    texts: dict[UUID, list[tuple[str, bool]]] = {ticket.id: [] for ticket in tickets}
    for row in await desk.rows("SELECT ticket_id, body, visibility FROM messages ORDER BY created_at"):
        texts[row["ticket_id"]].append((row["body"], row["visibility"] == "public"))
    async with desk.database.transaction() as conn:
        clocks = {ticket.id: await read_clocks(conn, ticket.id) for ticket in tickets}
    return Told(desk, {ticket.id: ticket for ticket in tickets}, texts, clocks)


async def test_python_and_sql_agree(told: Told) -> None:
    now = await told.desk.clock.instant()
    facts = {internal: told.facts(internal=internal) for internal in (True, False)}
    seen: list[tuple[Condition, bool, set[UUID]]] = []

    @given(CONDITIONS, st.booleans())
    @settings(max_examples=200)
    def collect(condition: Condition, internal: bool) -> None:
        found = {key for key, known in facts[internal].items() if evaluate(condition, known, now=now)}
        seen.append((condition, internal, found))

    collect()
    async with told.desk.database.transaction() as conn:
        for place, (condition, internal, expected) in enumerate(seen):
            compiler = Compiler(now, internal)
            # Words are asked for in three ways, by how many tickets have them.
            if place % 3 == 1:
                await look_up(conn, compiler, condition, scope=EVERYTHING, use=Use.PAGE)
            elif place % 3:
                compiler.gathered.add(compiler.query_of(condition))
            statement = SQL("SELECT t.id FROM tickets t WHERE {}").format(compiler.compile(condition))
            rows = await (await conn.execute(statement, compiler.parameters, prepare=False)).fetchall()
            assert {row["id"] for row in rows} == expected, (format_text(condition), internal)
    # The conditions are worth asking: they tell tickets apart.
    assert sum(0 < len(found) < len(told.tickets) for _, _, found in seen) > len(seen) / 3


@given(CONDITIONS)
@settings(max_examples=50)
def test_both_forms_are_read_back_as_they_were_written(condition: Condition) -> None:
    assert parse_json(format_json(condition)) == condition
    text = format_text(condition)
    assert format_text(parse_text(text)) == text


async def test_what_only_rules_can_ask_is_refused_in_sql_with_the_reason(told: Told) -> None:
    changed = Not(AllOf((Test("status", Operator.CHANGED_TO, ("open",)), Test("text", Operator.MATCHES, ("a*",)))))
    with pytest.raises(
        Invalid, match=r"a list knows only how tickets are now.*patterns cannot be searched for"
    ) as wrong:
        Compiler(await told.desk.clock.instant(), internal=True).compile(changed)
    assert set(wrong.value.violations) == {"not.all[0]", "not.all[1]"}
