"""Lists: what a filter finds, in which order, page by page."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta
from itertools import chain
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.domain.errors import Invalid, NotFound
from services.domain.ticket import Channel, Due, DueKind, Priority, TicketStatus
from services.tickets.client.tickets import TicketsClient
from tests.contract.tickets.desk import AGENT, Desk


async def numbers(client: TicketsClient, **arguments: Any) -> list[list[int]]:
    """The numbers of the tickets of every page."""
    pages, token = [], ""
    while True:
        tickets, token = await client.list_tickets(page_token=token, **arguments)
        pages.append([ticket.number for ticket in tickets])
        if not token:
            return pages


def flat(pages: list[list[int]]) -> list[int]:
    return list(chain.from_iterable(pages))


async def test_filter_terms_are_joined_by_and_and_values_by_or(desk: Desk) -> None:
    client, team = await desk.client(), uuid4()
    urgent = await desk.new_ticket(priority=Priority.URGENT, tags=("fire", "b"), channel=Channel.MAIL)
    high = await desk.new_ticket(priority=Priority.HIGH, requester_email="dora@c.example")
    low = await desk.new_ticket(priority=Priority.LOW, tags=("c",))
    await client.resolve_ticket(low.id)
    await client.assign_ticket(high.id, assignee_id=UUID(AGENT.subject), team_id=team)
    one, two, three = urgent.number, high.number, low.number
    cases = {
        "": {one, two, three},
        "status:new": {one, two},
        "status:new,resolved priority:low,urgent": {one, three},
        "priority:normal": set(),
        "channel:mail": {one},
        "channel:grpc": {two, three},
        "assignee:me": {two},
        f"assignee:{uuid4()}": set(),
        "assignee:none": {one, three},
        "assignee:none,me": {one, two, three},
        f"team:{team}": {two},
        "team:none priority:low": {three},
        f"brand:{urgent.brand_id}": {one, two, three},
        f"brand:{uuid4()}": set(),
        "requester:DORA@c.example": {two},
        "tag:fire,c": {one, three},
        "tag:fire tag:b": {one},
        f"number:{one},{two} number:{two}": {two},
        "number:999999999999999999": set(),
    }
    found = {text: {number for page in await numbers(client, filter=text) for number in page} for text in cases}
    assert found == cases


async def test_every_order_gives_every_ticket_once_over_its_pages(desk: Desk) -> None:
    client = await desk.client()
    tickets = []
    for hour in (0, 1, 1, 2, 3):
        desk.clock.skipped = timedelta(hours=hour)
        tickets.append(await desk.new_ticket())
    desk.clock.skipped = timedelta(hours=4)
    tickets[0] = await client.update_ticket(tickets[0].id, {"type": "question"})
    for column in ("created_at", "updated_at"):
        expected = [ticket.number for ticket in sorted(tickets, key=lambda ticket: getattr(ticket, column))]
        for order, wanted in ((column, expected), (f"-{column}", expected[::-1])):
            pages = await numbers(client, order_by=order, page_size=2)
            assert [len(page) for page in pages] == [2, 2, 1]
            assert flat(pages) == wanted
    assert flat(await numbers(client)) == flat(await numbers(client, order_by="-created_at"))


@pytest.mark.parametrize("order", ["-created_at", "created_at", "-priority", "limit", "-limit"])
async def test_leafing_back_gives_the_pages_that_one_came_from(desk: Desk, order: str) -> None:
    for number in range(7):
        await desk.new_ticket(priority=list(Priority)[number % 3])
    await desk.rows("UPDATE tickets SET resolution_at = instant() + number * interval '1 hour' WHERE number %% 3 > 0")
    client = await desk.client()
    page = await client.page_tickets(order_by=order, page_size=3)
    seen = [page]
    while page.following:
        page = await client.page_tickets(order_by=order, page_size=3, page_token=page.following)
        seen.append(page)
    assert [len(page.tickets) for page in seen] == [3, 3, 1]
    back = [page.tickets]
    while page.previous:
        page = await client.page_tickets(order_by=order, page_size=3, page_token=page.previous)
        back.append(page.tickets)
    assert back[::-1] == [page.tickets for page in seen]
    assert not seen[0].previous


async def test_tickets_of_one_instant_are_not_lost_between_pages(desk: Desk) -> None:
    tickets = [await desk.new_ticket() for _ in range(5)]
    await desk.rows("UPDATE tickets SET created_at = instant()")
    client = await desk.client()
    down = flat(await numbers(client, page_size=2))
    up = flat(await numbers(client, page_size=2, order_by="created_at"))
    assert sorted(down) == [ticket.number for ticket in tickets]
    assert up == down[::-1]


async def test_page_size_has_a_default_and_a_most(desk: Desk) -> None:
    ticket = await desk.new_ticket()
    await desk.rows(
        "INSERT INTO tickets (brand_id, channel, subject, status, status_since, status_epoch, priority, type, tags,"
        " custom_fields, requester_id, version, created_at, updated_at)"
        " SELECT brand_id, channel, subject, status, status_since, status_epoch, priority, type, tags, custom_fields,"
        " requester_id, version, created_at, updated_at FROM tickets, generate_series(1, 119) WHERE id = %(id)s",
        id=ticket.id,
    )
    client = await desk.client()
    assert [len(page) for page in await numbers(client)] == [50, 50, 20]
    assert [len(page) for page in await numbers(client, page_size=1000)] == [100, 20]


@pytest.mark.parametrize(
    "wrong",
    [
        {"filter": "colour:red"},
        {"filter": "status:open;drop"},
        {"filter": "brand:none"},
        {"filter": "tag:\x00"},
        {"order_by": "subject"},
        {"order_by": "created_at; DROP TABLE tickets"},
        {"page_size": -1},
        {"page_token": "x"},
        {"page_token": "W10="},
        {"page_token": "bnVsbA=="},
        {"page_token": urlsafe_b64encode(b"[" * 20_000).decode()},
        {"filter": "tag:a " * 1_000},
        {"page_token": "\u010d"},
    ],
)
async def test_what_is_no_filter_order_or_token_is_refused(desk: Desk, wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        await (await desk.client()).list_tickets(**wrong)


@pytest.mark.parametrize("position", [["x", "y"], [1, 2], [None], [], ["2026-01-01", 7], [{}, []]])
async def test_forged_position_in_a_token_is_refused(desk: Desk, position: list[Any]) -> None:
    for _ in range(2):
        await desk.new_ticket()
    client = await desk.client()
    _, token = await client.list_tickets(page_size=1)
    digest = json.loads(urlsafe_b64decode(token))[0]
    forged = urlsafe_b64encode(json.dumps([digest, *position]).encode()).decode()
    with pytest.raises(Invalid, match="none of ours"):
        await client.list_tickets(page_token=forged)


@pytest.mark.parametrize("seq", [float("inf"), "x", None])
async def test_forged_seq_in_a_token_is_refused(desk: Desk, seq: object) -> None:
    ticket, client = await desk.new_ticket(), await desk.client()
    await client.resolve_ticket(ticket.id)
    _, token = await client.list_events(ticket.id, page_size=1)
    digest = json.loads(urlsafe_b64decode(token))[0]
    forged = urlsafe_b64encode(json.dumps([digest, seq]).encode()).decode()
    with pytest.raises(Invalid):
        await client.list_events(ticket.id, page_token=forged)


async def test_token_belongs_to_its_filter_and_order(desk: Desk) -> None:
    for _ in range(2):
        await desk.new_ticket()
    client = await desk.client()
    _, token = await client.list_tickets(filter="status:new", page_size=1)
    others: list[dict[str, Any]] = [{"filter": "status:open"}, {"filter": "status:new", "order_by": "updated_at"}, {}]
    for other in others:
        with pytest.raises(Invalid, match="another list, filter or order"):
            await client.list_tickets(page_token=token, **other)
    with pytest.raises(Invalid):
        await client.list_events((await client.list_tickets())[0][0].id, page_token=token)


async def test_activity_comes_oldest_first_page_by_page(desk: Desk) -> None:
    client, ticket = await desk.client(), await desk.new_ticket()
    for status in (TicketStatus.OPEN, TicketStatus.RESOLVED, TicketStatus.CLOSED):
        await client.update_ticket(ticket.id, {"status": status})
    first, token = await client.list_events(ticket.id, page_size=3)
    rest, end = await client.list_events(ticket.id, page_size=3, page_token=token)
    assert ([event.seq for event in first], [event.seq for event in rest], end) == ([1, 2, 3], [4], "")


async def test_dues_come_soonest_first(desk: Desk) -> None:
    ticket = await desk.new_ticket()
    await desk.rows(
        "INSERT INTO dues (ticket_id, key, kind, due_at, reason) VALUES"
        " (%(id)s, 'idle_resolve/1', 'idle_resolve', '2031-01-02Z', 'later'),"
        " (%(id)s, 'idle_reminder/1', 'idle_reminder', '2031-01-01Z', 'sooner')",
        id=ticket.id,
    )
    dues = await (await desk.client()).list_dues(ticket.id)
    assert [(due.key, due.kind, due.reason) for due in dues] == [
        ("idle_reminder/1", DueKind.IDLE_REMINDER, "sooner"),
        ("idle_resolve/1", DueKind.IDLE_RESOLVE, "later"),
    ]
    assert isinstance(dues[0], Due)


async def test_stored_decision_is_told_as_it_was_stored_and_only_of_its_ticket(desk: Desk) -> None:
    ticket, other, client = await desk.new_ticket(), await desk.new_ticket(), await desk.client()
    row = await desk.row(
        "INSERT INTO decisions (ticket_id, version, decided_seq, facts, routing, decision)"
        """ VALUES (%(id)s, 1, 1, '{"now": "x", "n": [1, null]}', '{}', '{"steps": []}') RETURNING id""",
        id=ticket.id,
    )
    decision = await client.get_decision(ticket.id, row["id"])
    assert (decision.decision_id, decision.ticket_id) == (row["id"], ticket.id)
    assert (decision.facts, decision.decision) == ({"now": "x", "n": [1, None]}, {"steps": []})
    for ticket_id, decision_id in ((other.id, row["id"]), (ticket.id, uuid4())):
        with pytest.raises(NotFound, match="This decision does not exist"):
            await client.get_decision(ticket_id, decision_id)
