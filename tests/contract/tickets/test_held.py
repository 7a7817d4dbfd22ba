"""A reply is held when somebody else wrote after what its writer had seen."""

import asyncio
from uuid import uuid4

import pytest

from services.domain.errors import InvalidTransition
from services.domain.message import Visibility
from services.domain.principal import Principal, Role
from tests.contract.tickets.desk import AGENT, MAIL, Desk, customer, new_message

OLGA = Principal(str(uuid4()), Role.AGENT)


async def test_customers_words_and_colleagues_replies_and_notes_hold_a_reply_until_it_is_sent_anyway(
    desk: Desk,
) -> None:
    client = await desk.client()
    for who, what in ((None, {}), (OLGA, {}), (OLGA, {"visibility": Visibility.INTERNAL})):
        ticket = await desk.new_ticket()
        await desk.reply(ticket, who or customer(ticket), **what)
        with pytest.raises(InvalidTransition) as error:
            await client.create_message(ticket.id, new_message(seen_seq=ticket.version), request_id="r")
        assert (error.value.reason, error.value.metadata["count"]) == ("NEWER_MESSAGES", "1")
        # The same request id: nothing was kept of what was refused.
        anyway = new_message(seen_seq=ticket.version, send_anyway=True)
        _, sent = await client.create_message(ticket.id, anyway, request_id=f"r{ticket.number}")
        assert sent.version == ticket.version + 2


async def test_what_the_writer_saw_wrote_or_nobody_said_holds_nothing(desk: Desk) -> None:
    await desk.rows("UPDATE brands SET undo_seconds = 3600")
    client, ticket = await desk.client(), await desk.new_ticket()
    seen = (await desk.reply(ticket, customer(ticket))).version
    await desk.reply(ticket, AGENT)
    await (await desk.client(OLGA)).update_ticket(ticket.id, {"type": "question"})
    message, _ = await (await desk.client(OLGA)).create_message(ticket.id, new_message())
    await (await desk.client(OLGA)).undo_message(ticket.id, message.id)
    await client.create_message(ticket.id, new_message(seen_seq=seen))
    await client.create_message(ticket.id, new_message())


async def test_notes_customers_and_mails_are_never_held(desk: Desk) -> None:
    ticket = await desk.new_ticket()
    await desk.reply(ticket, OLGA)
    await desk.reply(ticket, AGENT, visibility=Visibility.INTERNAL, seen_seq=1)
    await desk.reply(ticket, customer(ticket), seen_seq=1)
    await desk.reply(ticket, MAIL, sender_email="cleo@c.example", seen_seq=1)


async def test_two_agents_who_answer_at_once_never_send_two_answers_unasked(desk: Desk) -> None:
    clients = [await desk.client(who) for who in (AGENT, OLGA)]
    for _ in range(20):
        ticket = await desk.new_ticket()
        answers = await asyncio.gather(
            *(client.create_message(ticket.id, new_message(seen_seq=ticket.version)) for client in clients),
            return_exceptions=True,
        )
        (held,) = [answer for answer in answers if isinstance(answer, BaseException)]
        assert isinstance(held, InvalidTransition)
        assert held.reason == "NEWER_MESSAGES"
        row = await desk.row(
            "SELECT count(*) AS sent FROM messages WHERE author_kind = 'agent' AND ticket_id = %(id)s", id=ticket.id
        )
        assert row["sent"] == 1
