"""Tickets come in: once each, durable, with all that belongs to them."""

import asyncio
from typing import Any

import pytest

from services.domain.errors import AlreadyExists, Forbidden, Invalid, NotFound
from services.domain.message import AuthorKind, Visibility
from services.domain.principal import Principal, Role
from services.domain.ticket import Channel, EventKind, Priority, TicketStatus
from tests.contract.tickets.desk import ADMIN, AGENT, MAIL, Desk, customer, new_ticket


async def test_ticket_is_made_with_its_contact_message_source_event_and_outbox_row(desk: Desk) -> None:
    ticket = await desk.new_ticket(
        requester_email="Cleo@C.example",
        requester_name="Cleo",
        channel=Channel.MAIL,
        priority=Priority.URGENT,
        tags=("fire",),
        custom_fields={"order": 7, "nested": {"list": [1, "two", None]}},
        raw_source=b"From: \xff",
        rfc_message_id="<1@c.example>",
    )
    client = await desk.client()
    assert ticket == await client.get_ticket(ticket.id) == await client.get_ticket(ticket.number)
    assert (ticket.status, ticket.version, ticket.team_id) == (TicketStatus.NEW, 1, None)
    assert (ticket.requester.email, ticket.requester.name) == ("cleo@c.example", "Cleo")
    (message,), _ = await client.list_messages(ticket.id)
    assert (message.body, message.visibility, message.author_kind) == (
        "It is on fire",
        Visibility.PUBLIC,
        AuthorKind.CUSTOMER,
    )
    assert message.author_id == str(ticket.requester.id)
    source = await desk.row("SELECT content FROM raw_sources WHERE message_id = %(id)s", id=message.id)
    assert source["content"] == b"From: \xff"
    (event,), _ = await client.list_events(ticket.id)
    assert (event.seq, event.kind, event.message_id) == (1, EventKind.TICKET_CREATED, message.id)
    assert event.actor == str(ticket.requester.id)
    outbox = await desk.outbox(ticket.id)
    assert (outbox["seq"], outbox["rank"], outbox["signalled_at"]) == (1, 0, None)
    assert desk.wakeups.count == 1


async def test_contact_is_one_per_address_and_its_name_is_only_filled_in(desk: Desk) -> None:
    names = []
    for name in ("", "Cleo", "Impostor"):
        ticket = await desk.new_ticket(requester_name=name)
        names.append(ticket.requester.name)
    assert names == ["", "Cleo", "Cleo"]
    assert len(await desk.rows("SELECT id FROM contacts")) == 1


async def test_concurrent_tickets_of_a_new_requester_share_one_contact(desk: Desk) -> None:
    tickets = await asyncio.gather(*(desk.new_ticket(requester_name="Cleo") for _ in range(8)))
    assert len({ticket.requester.id for ticket in tickets}) == 1
    assert len({ticket.number for ticket in tickets}) == 8


async def test_brand_is_found_by_id_name_mailbox_or_is_the_first(desk: Desk) -> None:
    admin = await desk.client(ADMIN)
    (first,) = await admin.list_brands()
    shop = await admin.create_brand({"name": "Shop", "address": "shop@d.example"})
    cases = [
        ({}, first),
        ({"mailbox": "nobody@d.example"}, first),
        ({"mailbox": "SHOP@d.example"}, shop),
        ({"brand": "sHop"}, shop),
        ({"brand": str(shop.id)}, shop),
        ({"brand": "Support", "mailbox": "shop@d.example"}, first),
    ]
    assert [(await desk.new_ticket(**case)).brand_id for case, _ in cases] == [brand.id for _, brand in cases]
    with pytest.raises(NotFound, match="'Nowhere' does not exist"):
        await desk.new_ticket(brand="Nowhere")
    assert len(await desk.rows("SELECT id FROM tickets")) == len(cases)


async def test_request_repeated_is_one_ticket_and_another_content_is_refused(desk: Desk) -> None:
    client = await desk.client()
    first = await client.create_ticket(new_ticket(), request_id="r1")
    resolved = await client.resolve_ticket(first.id)
    assert await client.create_ticket(new_ticket(), request_id="r1") == resolved
    with pytest.raises(AlreadyExists, match="'r1' was used before with other content"):
        await client.create_ticket(new_ticket(body="other"), request_id="r1")
    other = await (await desk.client(ADMIN)).create_ticket(new_ticket(), request_id="r1")
    assert other.id != first.id
    assert len(await desk.rows("SELECT id FROM tickets")) == 2


async def test_twenty_at_once_with_one_request_id_are_one_ticket(desk: Desk) -> None:
    client = await desk.client()
    tickets = await asyncio.gather(*(client.create_ticket(new_ticket(), request_id="same") for _ in range(20)))
    assert len({ticket.id for ticket in tickets}) == 1
    for table in ("tickets", "messages", "events", "outbox"):
        assert len(await desk.rows(f"SELECT 1 FROM {table}")) == 1


@pytest.mark.parametrize(
    "wrong", [{"mailbox": "a@d.example"}, {"raw_source": b"x"}, {"rfc_message_id": "<1@x>"}, {"channel": Channel.MAIL}]
)
async def test_only_a_door_may_say_where_an_item_came_from(desk: Desk, wrong: dict[str, Any]) -> None:
    with pytest.raises(Forbidden, match=r"tickets\.intake"):
        await (await desk.client(AGENT)).create_ticket(new_ticket(**wrong))
    await (await desk.client(MAIL)).create_ticket(new_ticket(**wrong))


async def test_agent_asks_on_behalf_and_customer_only_in_their_own_name(desk: Desk) -> None:
    ticket = await (await desk.client(AGENT)).create_ticket(new_ticket())
    (event,), _ = await (await desk.client()).list_events(ticket.id)
    assert event.actor == AGENT.subject
    own = await desk.client(customer(ticket))
    for email in ("", "CLEO@c.example"):
        mine = await own.create_ticket(new_ticket(requester_email=email))
        assert mine.requester == ticket.requester
    with pytest.raises(Forbidden, match="your own name"):
        await own.create_ticket(new_ticket(requester_email="dora@c.example"))
    with pytest.raises(Forbidden, match="no customer"):
        await (await desk.client(Principal("x", Role.CUSTOMER))).create_ticket(new_ticket(requester_email=""))


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"subject": ""}, "subject"),
        ({"requester_email": "nobody"}, "requester.email"),
        ({"tags": ("a b",)}, "tags"),
        ({"type": "x" * 51}, "type"),
    ],
)
async def test_what_is_wrong_is_told_by_field(desk: Desk, wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        await desk.new_ticket(**wrong)
    assert list(caught.value.violations) == [field]


async def test_text_that_postgresql_cannot_store_is_cleaned_or_refused(desk: Desk) -> None:
    ticket = await desk.new_ticket(subject="a\x00b", body="c\x00d", requester_name="\x00Cleo")
    (message,), _ = await (await desk.client()).list_messages(ticket.id)
    assert (ticket.subject, message.body, ticket.requester.name) == ("a b", "cd", "Cleo")
    refused: list[dict[str, Any]] = [
        {"type": "\x00"},
        {"tags": ("\x00",)},
        {"brand": "\x00"},
        {"custom_fields": {"a": "\x00"}},
        {"custom_fields": {"a": float("nan")}},
        {"subject": "\ud800"},
        {"custom_fields": {"a": "\ud800"}},
    ]
    for wrong in refused:
        with pytest.raises(Invalid):
            await desk.new_ticket(**wrong)
