"""How PostgreSQL finds the tickets of every view, order and search among many: by an index, not by reading them all."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from psycopg.sql import SQL

from services.domain.conditions.names import Ids, resolve_names
from services.domain.conditions.text_form import parse_text
from services.domain.orders import parse_order
from services.domain.views import VIEWS
from services.tickets.store.conditions import Compiler
from services.tickets.store.finds import NEWEST, Guess, Use, look_up, look_up_next
from services.tickets.store.lists import ListStore, count_statement, page_statement
from services.tickets.store.pages import Page
from services.tickets.store.scope import EVERYTHING, Scope
from tests.contract.tickets.desk import AGENT, Desk, running_desk
from tests.postgres import Postgres

IDS: Ids = {"assignee": {"me": (UUID(int=3),)}, "team": {"mine": (UUID(int=1), UUID(int=2))}}
TICKETS = 8_000

# Nineteen of twenty are closed, as on a desk of some years; the open ones lie among the newest, as they do.
SEED = (
    "INSERT INTO contacts (email, name)"
    " SELECT 'person' || n || '@c.example', 'Person' FROM generate_series(1, %(tickets)s / 5) n;",
    "INSERT INTO tickets (brand_id, channel, subject, status, status_since, status_epoch, priority, type, tags,"
    " custom_fields, team_id, assignee_id, requester_id, version, decided_seq, next_due_at, created_at, updated_at)"
    " SELECT (SELECT id FROM brands), 'mail', 'Order ' || n, status, instant() - n * interval '1 hour', 1,"
    " (ARRAY['low', 'normal', 'normal', 'normal', 'high', 'urgent'])[n %% 6 + 1], 'question', '{}', '{}',"
    " ('00000000-0000-0000-0000-00000000000' || n %% 7 + 1)::uuid,"
    " CASE WHEN n %% 11 > 0 THEN ('00000000-0000-0000-0000-0000000000' || 10 + n %% 23)::uuid END,"
    " c.ids[n %% array_length(c.ids, 1) + 1], 1, 1,"
    " CASE WHEN status <> 'closed' THEN instant() + (n %% 90) * interval '1 hour' END,"
    " instant() - n * interval '1 hour', instant() - (n - n %% 50) * interval '1 hour'"
    " FROM generate_series(1, %(tickets)s) n, (SELECT array_agg(id) AS ids FROM contacts) c,"
    " LATERAL (SELECT CASE WHEN n < %(tickets)s / 20 THEN (ARRAY['new', 'open', 'pending', 'on_hold', 'resolved'])"
    "[n %% 5 + 1] ELSE 'closed' END AS status) s",
    "INSERT INTO ticket_words (ticket_id, words) SELECT id, ('order:11A ' || number || ':21C ' ||"
    " CASE WHEN number %% 200 = 0 THEN '''tag:'' ''tag:vip'' refund:30C late:31C' ELSE '' END ||"
    " CASE WHEN number > 5000 THEN ' telex:40C' ELSE '' END)::tsvector FROM tickets",
    "ANALYZE tickets, ticket_words, contacts",
)


@pytest.fixture(scope="module")
async def full(postgres: Postgres) -> AsyncIterator[Desk]:
    url = await postgres.clone(("tickets",))
    async with running_desk(url) as desk:
        for statement in SEED:
            await desk.rows(statement, tickets=TICKETS)
        yield desk
    await postgres.drop(url)


async def plan(desk: Desk, statement: Any, parameters: dict[str, Any]) -> dict[str, Any]:
    async with desk.database.transaction() as conn:
        explain = SQL("EXPLAIN (FORMAT JSON) {}").format(statement)
        row = await (await conn.execute(explain, parameters, prepare=False)).fetchone()
    assert row is not None
    (found,) = row["QUERY PLAN"]
    root: dict[str, Any] = found["Plan"]
    return root


def nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", []):
        yield from nodes(child)


async def check(desk: Desk, text: str, order: str, *, scope: Scope = EVERYTHING, counted: bool = True) -> None:
    condition, now = resolve_names(parse_text(text), IDS), await desk.clock.instant()
    page, count = Compiler(now, scope.internal), Compiler(now, scope.internal)
    async with desk.database.transaction() as conn:
        guess = await look_up(conn, page, condition, scope=scope, use=Use.PAGE)
        if order == "-relevance":
            await look_up_next(conn, page, condition, NEWEST, {}, guess=guess, scope=scope)
        await look_up(conn, count, condition, scope=scope, use=Use.COUNT)
    listing = page_statement(page, condition, parse_order(order), scope=scope)
    statements = [(listing, page, 50)]
    if counted:
        statements.append((count_statement(count, condition, place=0, scope=scope), count, 1000))
    for statement, compiler, most in statements:
        parameters = {**compiler.parameters, **scope.parameters(), "most": most}
        found = list(nodes(await plan(desk, statement, parameters)))
        read = [node for node in found if node["Node Type"] == "Seq Scan" and node["Relation Name"] == "tickets"]
        assert not read, (text, order, json.dumps(read))
        assert any("Index" in node["Node Type"] for node in found)


@pytest.mark.parametrize(
    "text",
    ["tag:nosuch", "tag:nosuch OR tag:other", "is:open (tag:nosuch refund)", "(is:open (tag:nosuch)) order"],
)
async def test_words_that_no_ticket_has_are_looked_up_once_and_no_order_is_walked(full: Desk, text: str) -> None:
    condition, compiler = parse_text(text), Compiler(await full.clock.instant(), internal=True)
    async with full.database.transaction() as conn:
        await look_up(conn, compiler, condition, scope=EVERYTHING, use=Use.PAGE)
    statement = page_statement(compiler, condition, parse_order("-created_at"), scope=EVERYTHING)
    parameters = {**compiler.parameters, **EVERYTHING.parameters(), "most": 50}
    found = list(nodes(await plan(full, statement, parameters)))
    assert not [node for node in found if node.get("Relation Name") == "ticket_words"], json.dumps(found)


async def test_words_that_many_tickets_have_are_gathered_once_where_nothing_else_is_asked(full: Desk) -> None:
    for text, gathers in (("order", True), ("order is:open", False)):
        condition, compiler = parse_text(text), Compiler(await full.clock.instant(), internal=True)
        async with full.database.transaction() as conn:
            await look_up(conn, compiler, condition, scope=EVERYTHING, use=Use.PAGE)
        assert (bool(compiler.gathered), compiler.known) == (gathers, {})
        statement = page_statement(compiler, condition, parse_order("-created_at"), scope=EVERYTHING)
        found = list(nodes(await plan(full, statement, {**compiler.parameters, "most": 50})))
        assert any(node.get("Parent Relationship") == "SubPlan" for node in found) is gathers, json.dumps(found)


@pytest.mark.parametrize("finds", [1, 800, TICKETS])
@pytest.mark.parametrize("wanted", [1, 30, TICKETS + 1])
async def test_whatever_is_guessed_the_tickets_that_come_next_are_found(full: Desk, finds: int, wanted: int) -> None:
    condition, compiler, stretch = parse_text("order"), Compiler(None, internal=True), replace(NEWEST, wanted=wanted)
    guess = Guess(finds=finds, rows=TICKETS)
    async with full.database.transaction() as conn:
        await look_up_next(conn, compiler, condition, stretch, {}, guess=guess, scope=EVERYTHING)
    newest = await full.rows("SELECT id FROM tickets ORDER BY created_at DESC LIMIT %(wanted)s", wanted=wanted)
    (known,) = compiler.known.values()
    assert known[1:-1].split(",") == [str(row["id"]) for row in newest]


@pytest.mark.parametrize("order", ["-created_at", "created_at", "-relevance"])
async def test_words_of_old_times_are_found_where_none_of_the_newest_tickets_has_them(full: Desk, order: str) -> None:
    store, by, telex = ListStore(full.database), parse_order(order), parse_text("telex")
    seen: list[int] = []
    page = await store.list_tickets(telex, by, Page(100), scope=EVERYTHING)
    seen += [ticket.number for ticket in page.tickets]
    page = await store.list_tickets(telex, by, Page(100, page.following), scope=EVERYTHING)
    seen += [ticket.number for ticket in page.tickets]
    # Number 1 is the newest; where there are more words, each is of less weight.
    known = [number for number in range(5_001, TICKETS + 1) if order != "-relevance" or number % 200]
    assert seen == (known[::-1] if order == "created_at" else known)[:200]
    back = await store.list_tickets(telex, by, Page(100, page.previous), scope=EVERYTHING)
    assert [ticket.number for ticket in back.tickets] == seen[:100]


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
async def test_every_view_and_its_count_use_an_index_in_every_order(full: Desk, view: Any) -> None:
    for order in (
        view.order_by,
        "-created_at",
        "created_at",
        "updated_at",
        "-priority",
        "due",
        "limit",
        "resolution",
        "status_since",
    ):
        await check(full, view.filter, order)


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("", "-created_at"),
        ("", "updated_at"),
        ("status:closed", "-created_at"),
        ("tag:vip", "-created_at"),
        ("tag:vip is:open", "-updated_at"),
        ("refund", "-created_at"),
        ('"refund late" is:open', "-relevance"),
        ("refu*", "-relevance"),
        ("requester:person1@c.example", "-created_at"),
        (f"requester:{UUID(int=5)}", "-created_at"),
        ("number:7", "-created_at"),
    ],
)
async def test_a_search_uses_an_index(full: Desk, text: str, order: str) -> None:
    # How many there are of all is counted by reading the first thousand.
    await check(full, text, order, counted=text not in ("", "status:closed"))


async def test_a_scope_uses_an_index(full: Desk) -> None:
    for scope in (Scope(requester_id=UUID(int=5)), Scope(assignee_id=UUID(AGENT.subject))):
        for text in ("", "is:open", "refund"):
            await check(full, text, "-created_at", scope=scope)
