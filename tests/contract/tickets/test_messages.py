"""The conversation: what a word does to the status, where it lands, who sees it."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.domain.errors import AlreadyExists, Forbidden, Invalid, InvalidTransition, NotFound
from services.domain.message import AuthorKind, Visibility
from services.domain.principal import Principal
from services.domain.ticket import Channel, EventKind, FieldChange, Ticket, TicketStatus
from tests.contract.tickets.desk import ADMIN, AGENT, MAIL, REPLY_ADDRESSES, Desk, customer, new_message, new_ticket

DAY = timedelta(days=1)
S = TicketStatus


async def in_status(desk: Desk, status: TicketStatus) -> Ticket:
    ticket = await desk.new_ticket()
    if status is S.NEW:
        return ticket
    return await (await desk.client()).update_ticket(ticket.id, {"status": status})


@pytest.mark.parametrize(
    ("before", "by_agent", "by_customer"),
    [
        (S.NEW, S.PENDING, S.NEW),
        (S.OPEN, S.PENDING, S.OPEN),
        (S.PENDING, S.PENDING, S.OPEN),
        (S.ON_HOLD, S.PENDING, S.OPEN),
        (S.RESOLVED, S.RESOLVED, S.OPEN),
    ],
)
async def test_public_word_sets_the_status_at_once(
    desk: Desk, before: TicketStatus, by_agent: TicketStatus, by_customer: TicketStatus
) -> None:
    replied = await desk.reply(await in_status(desk, before))
    written = await in_status(desk, before)
    written = await desk.reply(written, customer(written))
    assert (replied.status, written.status) == (by_agent, by_customer)


@pytest.mark.parametrize("status", list(S))
async def test_internal_note_never_changes_the_status(desk: Desk, status: TicketStatus) -> None:
    ticket = await in_status(desk, status)
    noted = await desk.reply(ticket, visibility=Visibility.INTERNAL)
    assert (noted.status, noted.status_since) == (status, ticket.status_since)
    assert noted.version == ticket.version + 1


async def test_our_next_word_renews_the_wait_for_the_customer(desk: Desk) -> None:
    first = await desk.reply(await desk.new_ticket())
    desk.clock.skipped = DAY
    noted = await desk.reply(first, visibility=Visibility.INTERNAL)
    assert noted.status_since == first.status_since
    second = await desk.reply(first)
    assert second.status_since >= first.status_since + DAY
    row = await desk.row("SELECT status_epoch FROM tickets WHERE id = %(id)s", id=first.id)
    assert row["status_epoch"] == second.version == 4


async def test_customers_word_on_an_open_ticket_renews_nothing(desk: Desk) -> None:
    ticket = await in_status(desk, S.OPEN)
    written = await desk.reply(ticket, customer(ticket))
    assert written.status_since == ticket.status_since


async def test_word_is_an_event_that_names_message_author_and_change(desk: Desk) -> None:
    ticket = await in_status(desk, S.RESOLVED)
    client = await desk.client(customer(ticket))
    message, landed = await client.create_message(ticket.id, new_message(body="Again"))
    event = (await (await desk.client()).list_events(ticket.id))[0][-1]
    assert (event.kind, event.message_id, event.actor) == (
        EventKind.MESSAGE_ADDED,
        message.id,
        str(ticket.requester.id),
    )
    assert event.changes == (FieldChange("status", '"resolved"', '"open"'),)
    assert (message.author_kind, message.author_id) == (AuthorKind.CUSTOMER, str(ticket.requester.id))
    assert (landed.version, event.effective_at) == (event.seq, landed.status_since)


async def test_agent_cannot_answer_a_closed_ticket_but_may_note_on_it(desk: Desk) -> None:
    ticket = await in_status(desk, S.CLOSED)
    with pytest.raises(InvalidTransition, match="cannot be replied to"):
        await desk.reply(ticket)
    await desk.reply(ticket, visibility=Visibility.INTERNAL)


@pytest.mark.parametrize("late", [False, True])
async def test_word_within_the_grace_reopens_and_after_it_opens_a_follow_up(desk: Desk, late: bool) -> None:
    (brand,) = await (await desk.client()).list_brands()
    assert brand.auto_close_after is not None
    ticket = await in_status(desk, S.RESOLVED)
    desk.clock.skipped = brand.auto_close_after + timedelta(minutes=1 if late else -1)
    landed = await desk.reply(ticket, customer(ticket))
    assert (landed.id != ticket.id, landed.follow_up_of) == (late, ticket.id if late else None)


async def test_follow_up_is_a_new_ticket_of_the_writer_linked_to_the_old_one(desk: Desk) -> None:
    ticket = await in_status(desk, S.CLOSED)
    client = await desk.client(MAIL)
    word = new_message(
        body="Still on fire",
        sender_email="Dora@c.example",
        sender_name="Dora",
        subject="Re: Printer",
        raw_source=b"raw",
        rfc_message_id="<2@c.example>",
    )
    message, landed = await client.create_message(ticket.id, word, request_id="r1")
    assert (landed.follow_up_of, landed.status, landed.subject) == (ticket.id, S.NEW, "Re: Printer")
    assert (landed.brand_id, landed.channel, landed.requester.email) == (
        ticket.brand_id,
        Channel.MAIL,
        "dora@c.example",
    )
    assert (message.ticket_id, message.body, message.author_name) == (landed.id, "Still on fire", "Dora")
    assert await client.create_message(ticket.id, word, request_id="r1") == (message, landed)
    staff = await desk.client()
    event = (await staff.list_events(ticket.id))[0][-1]
    assert (event.kind, event.reason) == (
        EventKind.TICKET_UPDATED,
        f"the customer's new word opened ticket #{landed.number}",
    )
    assert (await staff.get_ticket(ticket.id)).status is S.CLOSED
    assert len((await staff.list_messages(ticket.id))[0]) == 1
    assert (await desk.outbox(landed.id))["seq"] == 1
    assert (await desk.outbox(ticket.id))["seq"] == event.seq


async def test_follow_up_keeps_the_subject_when_none_is_given(desk: Desk) -> None:
    ticket = await in_status(desk, S.CLOSED)
    assert (await desk.reply(ticket, customer(ticket))).subject == "Printer"


async def test_word_of_somebody_else_is_theirs(desk: Desk) -> None:
    ticket = await desk.new_ticket()
    message, landed = await (await desk.client(MAIL)).create_message(
        ticket.id, new_message(sender_email="dora@c.example", sender_name="Dora")
    )
    assert (message.author_kind, message.author_name) == (AuthorKind.CUSTOMER, "Dora")
    assert message.author_id != str(ticket.requester.id)
    assert landed.requester == ticket.requester


@pytest.mark.parametrize(
    ("principal", "wrong"),
    [
        (AGENT, {"sender_email": "dora@c.example"}),
        (AGENT, {"raw_source": b"x"}),
        (AGENT, {"rfc_message_id": "<1@x>"}),
        (MAIL, {"visibility": Visibility.INTERNAL, "sender_email": "dora@c.example"}),
    ],
)
async def test_only_a_door_speaks_for_customers_and_never_internally(
    desk: Desk, principal: Principal, wrong: dict[str, Any]
) -> None:
    with pytest.raises(Forbidden):
        await desk.reply(await desk.new_ticket(), principal, **wrong)


async def test_a_door_must_say_who_wrote(desk: Desk) -> None:
    with pytest.raises(Invalid, match="who wrote"):
        await desk.reply(await desk.new_ticket(), MAIL)


async def test_customer_cannot_write_an_internal_note(desk: Desk) -> None:
    ticket = await desk.new_ticket()
    with pytest.raises(Forbidden):
        await desk.reply(ticket, customer(ticket), visibility=Visibility.INTERNAL)


async def test_empty_word_is_refused_unless_it_came_as_a_mail(desk: Desk) -> None:
    ticket = await desk.new_ticket()
    with pytest.raises(Invalid, match="body"):
        await desk.reply(ticket, body="  ")
    await desk.reply(ticket, MAIL, body="", sender_email="cleo@c.example", raw_source=b"From: cleo")


async def test_message_repeated_is_one_message_and_other_content_is_refused(desk: Desk) -> None:
    ticket = await desk.new_ticket()
    client = await desk.client()
    answers = await asyncio.gather(*(client.create_message(ticket.id, new_message(), request_id="r") for _ in range(8)))
    assert len({message.id for message, _ in answers}) == 1
    with pytest.raises(AlreadyExists):
        await client.create_message(ticket.id, new_message(body="other"), request_id="r")
    assert len((await client.list_messages(ticket.id))[0]) == 2


async def test_seq_has_no_gaps_under_concurrent_writers(desk: Desk) -> None:
    ticket = await desk.new_ticket()
    await asyncio.gather(
        *(desk.reply(ticket) for _ in range(10)),
        *(desk.reply(ticket, customer(ticket)) for _ in range(10)),
        *(desk.reply(ticket, ADMIN, visibility=Visibility.INTERNAL) for _ in range(10)),
    )
    rows = await desk.rows("SELECT seq FROM events WHERE ticket_id = %(id)s ORDER BY seq", id=ticket.id)
    assert [row["seq"] for row in rows] == list(range(1, 32))
    assert (await (await desk.client()).get_ticket(ticket.id)).version == 31
    assert (await desk.outbox(ticket.id))["seq"] == 31


async def test_messages_come_oldest_first_page_by_page(desk: Desk) -> None:
    ticket = await desk.new_ticket(body="0")
    for number in range(1, 5):
        await desk.reply(ticket, body=str(number))
    client, bodies, token = await desk.client(), [], ""
    while True:
        page, token = await client.list_messages(ticket.id, page_size=2, page_token=token)
        bodies.append([message.body for message in page])
        if not token:
            break
    assert bodies == [["0", "1"], ["2", "3"], ["4"]]


async def test_page_holds_no_more_text_than_an_answer_can_carry(desk: Desk) -> None:
    ticket = await desk.new_ticket()
    for _ in range(9):
        await desk.reply(ticket, body="x" * 1_000_000)
    client = await desk.client()
    page, token = await client.list_messages(ticket.id)
    rest, end = await client.list_messages(ticket.id, page_token=token)
    assert (len(page), len(rest), end) == (9, 1, "")


async def test_message_ids_thread_only_for_the_person_they_went_to(desk: Desk) -> None:
    await desk.new_ticket(rfc_message_id="<mine@c.example>")
    other = await desk.new_ticket(requester_email="dora@c.example", rfc_message_id="<hers@c.example>")
    await desk.sent_mail(other, "<ours@desk.example>", recipient="Cleo@c.example")
    client = await desk.client(MAIL)
    cases = [
        (["<unknown@x>", "<ours@desk.example>"], "cleo@c.example"),
        (["<ours@desk.example>", "<mine@c.example>"], "CLEO@c.example"),
    ]
    for ids, sender in cases:
        assert await client.find_thread(ids, sender_email=sender) == other.id
    for ids, sender in [
        (["<ours@desk.example>"], "dora@c.example"),
        (["<hers@c.example>"], "cleo@c.example"),
        (["<hers@c.example>"], "dora@c.example"),
        (["<mine@c.example>"], "cleo@c.example"),
        (["mine@c.example"], "cleo@c.example"),
        ([""], "cleo@c.example"),
        ([], "cleo@c.example"),
    ]:
        with pytest.raises(NotFound):
            await client.find_thread(ids, sender_email=sender)


async def test_a_reply_address_threads_for_its_person_and_ticket_alone(desk: Desk) -> None:
    hers, his = await desk.new_ticket(), await desk.new_ticket(requester_email="bob@b.example")

    def address(ticket: Ticket, person: str, number: int = 0) -> str:
        where = "support@localhost"
        return REPLY_ADDRESSES.make(where, number=number or ticket.number, ticket_id=ticket.id, person=person)

    client, good = await desk.client(MAIL), address(hers, "cleo@c.example")
    for recipient in (good, good.upper()):
        assert await client.find_thread([], sender_email="Cleo@c.example", recipients=["x@y", recipient]) == hers.id
    wrong = [
        (good, "bob@b.example"),
        (good[:30] + good[31:], "cleo@c.example"),
        (address(hers, "cleo@c.example", number=his.number), "cleo@c.example"),
        (address(his, "bob@b.example"), "cleo@c.example"),
        (address(hers, "cleo@c.example", number=10**17), "cleo@c.example"),
        (f"support+t{hers.number}@localhost", "cleo@c.example"),
        (f"support+{hers.id}@localhost", "cleo@c.example"),
        (f"support+t{hers.number}-{'a' * 20}@localhost", "cleo@c.example"),
    ]
    for recipient, sender in wrong:
        with pytest.raises(NotFound):
            await client.find_thread([], sender_email=sender, recipients=[recipient])


async def test_a_ticket_of_an_unproven_sender_is_for_the_staff_until_they_answer_us(desk: Desk) -> None:
    ticket = await desk.new_ticket(sender_unproven=True)
    own, staff = await desk.client(customer(ticket)), await desk.client()
    proven = await desk.new_ticket()
    with pytest.raises(NotFound):
        await own.get_ticket(ticket.id)
    with pytest.raises(NotFound):
        await own.create_message(ticket.id, new_message())
    assert [found.id for found in (await own.list_tickets())[0]] == [proven.id]
    assert (await staff.get_ticket(ticket.id)).id == ticket.id
    await desk.reply(ticket, MAIL, sender_email="dora@c.example")
    with pytest.raises(NotFound):
        await own.list_messages(ticket.id)
    await desk.reply(ticket, MAIL, sender_email="cleo@c.example")
    assert (await own.get_ticket(ticket.id)).id == ticket.id
    assert len((await own.list_tickets())[0]) == 2


async def test_unknown_ticket_does_not_exist(desk: Desk) -> None:
    client = await desk.client()
    with pytest.raises(NotFound, match="This ticket does not exist"):
        await client.create_message(uuid4(), new_message())
    with pytest.raises(NotFound, match="This ticket does not exist"):
        await client.list_messages(uuid4())
    await client.create_ticket(new_ticket())
