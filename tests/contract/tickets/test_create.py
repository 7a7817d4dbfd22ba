"""Tickets come in: once each, durable, with all that belongs to them."""

import asyncio
from typing import Any

import pytest

from services.domain.errors import AlreadyExists, Conflict, Forbidden, Invalid, NotFound
from services.domain.principal import Principal, Role
from services.domain.ticket import AuthorKind, Channel, EventKind, Priority, TicketStatus, Visibility
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
