"""Whose mail it is: what leads to a ticket, what does not, and what becomes of mails that nobody wrote."""

import asyncio
from uuid import UUID

import pytest

from services.domain.errors import NotFound
from services.domain.mail_reports import MailReportKind
from services.domain.quarantine import QuarantinedItem, QuarantineState
from services.domain.ticket import EventKind, Ticket
from tests.contract.mail.conftest import MailRoom
from tests.contract.mail.test_smtp_in import mail, only_ticket, traced
from tests.contract.tickets.desk import ADMIN, AGENT, REPLY_ADDRESSES, customer
from tests.unit.test_mail_reports import OURS, delivery_status

SERVER = "mx.desk.example"


def reply_address(ticket: Ticket, person: str = "cleo@c.example") -> str:
    return REPLY_ADDRESSES.make("support@localhost", number=ticket.number, ticket_id=ticket.id, person=person)


async def asked(room: MailRoom) -> Ticket:
    """A ticket that came by mail and was answered by mail."""
    await room.send(mail())
    ticket = await room.desk.reply(await only_ticket(room), AGENT)
    await room.desk.sent_mail(ticket, OURS)
    return ticket


async def settled(room: MailRoom, item_id: UUID) -> QuarantinedItem:
    """The item when a door has dealt with it."""
    admin = await room.desk.client(ADMIN)
    async with asyncio.timeout(60):
        while True:
            item = await admin.get_quarantined_item(item_id)
            if item.state not in (QuarantineState.RELEASING, QuarantineState.RETRYING):
                return item
            await asyncio.sleep(0.05)


async def only_item(room: MailRoom) -> QuarantinedItem:
    (item,), _ = await (await room.desk.client(ADMIN)).list_quarantine()
    return item


@pytest.mark.parametrize("header", ["", "To", "Cc", "Delivered-To", "X-Original-To"])
async def test_an_answer_to_the_reply_address_lands_on_its_ticket(mail_room: MailRoom, header: str) -> None:
    ticket = await asked(mail_room)
    address = reply_address(ticket)
    answer = mail("More", Subject="Anything", Message_ID="<2@c.example>", **({header: address} if header else {}))
    for _ in range(2):
        assert await mail_room.send(answer, "support@localhost" if header else address) == 250
    assert await mail_room.counts() == (1, 3, 0)
    assert (await only_ticket(mail_room)).status == "open"


async def test_a_mail_to_two_brands_that_answers_one_ticket_is_one_message(mail_room: MailRoom) -> None:
    ticket = await asked(mail_room)
    await (await mail_room.desk.client(ADMIN)).create_brand({"name": "Shop", "address": "help@shop.example"})
    await mail_room.send(mail("More", Message_ID="<2@c.example>"), reply_address(ticket), "help@shop.example")
    assert await mail_room.counts() == (1, 3, 0)


async def test_what_only_looks_like_an_answer_is_a_ticket_of_its_own(mail_room: MailRoom) -> None:
    ticket = await asked(mail_room)
    good, number = reply_address(ticket), ticket.number
    eve = {"From": "Eve <eve@evil.example>"}
    attempts = [
        ({"Subject": f"Re: [#{number}] Printer", **eve}, "support@localhost"),
        ({"Subject": f"Re: [#{number}] Printer"}, "support@localhost"),
        ({"Subject": "Forwarded", **eve}, good),
        ({"Subject": "Guessed"}, f"support+t{number}-{'a' * 20}@localhost"),
        ({"Subject": "Cut"}, f"{good.partition('@')[0][:-1]}@localhost"),
        ({"Subject": "By number"}, f"support+{number}@localhost"),
        ({"Subject": "Own Message-ID", "In-Reply-To": "<1@c.example>"}, "support@localhost"),
        ({"Subject": "Hers", "In-Reply-To": OURS, **eve}, "support@localhost"),
    ]
    for count, (headers, recipient) in enumerate(attempts, start=1):
        await mail_room.send(mail(str(count), Message_ID=f"<try{count}@x>", **headers), recipient)
        assert await mail_room.counts() == (1 + count, 2 + count, 0), headers
    events, _ = await (await mail_room.desk.client()).list_events(ticket.id)
    assert len(events) == 2


@pytest.mark.parametrize("results", ["dmarc=fail header.from=c.example", "spf=fail smtp.mailfrom=c.example; dkim=none"])
async def test_a_forged_sender_is_neither_appended_nor_a_ticket(mail_room: MailRoom, results: str) -> None:
    ticket = await asked(mail_room)
    results_header = {"Authentication-Results": f"{SERVER}; {results}"}
    await mail_room.send(mail("Forged", Message_ID="<2@c>", In_Reply_To=OURS, **results_header), reply_address(ticket))
    await mail_room.send(mail("Forged too", Message_ID="<3@c>", **results_header))
    assert await mail_room.codes() == ["FORGED", "FORGED"]
    assert await mail_room.counts() == (1, 2, 2)
    elsewhere = {"Authentication-Results": f"mx.evil.example; {results}"}
    await mail_room.send(mail("True", Message_ID="<4@c>", In_Reply_To=OURS, **elsewhere))
    assert await mail_room.counts() == (1, 3, 2)


async def test_only_a_proven_sender_sees_with_an_account_what_came_by_mail(mail_room: MailRoom) -> None:
    await mail_room.send(mail("Click to confirm your address", Subject="Confirm"))
    proof = {"Authentication-Results": f"{SERVER}; dmarc=pass header.from=c.example"}
    await mail_room.send(mail(Subject="Proven", Message_ID="<2@c>", **proof))
    tickets, _ = await (await mail_room.desk.client()).list_tickets(order_by="created_at")
    own = await mail_room.desk.client(customer(tickets[0]))
    assert [ticket.subject for ticket in tickets] == ["Confirm", "Proven"]
    assert [ticket.subject for ticket in (await own.list_tickets())[0]] == ["Proven"]
    with pytest.raises(NotFound):
        await own.list_messages(tickets[0].id)
    await mail_room.send(mail("It was me", Message_ID="<3@c>"), reply_address(tickets[0]))
    assert len((await own.list_messages(tickets[0].id))[0]) == 2


@pytest.mark.parametrize("action", ["failed", "delayed"])
async def test_a_bounce_is_told_beside_its_ticket_and_changes_nothing(mail_room: MailRoom, action: str) -> None:
    ticket = await asked(mail_room)
    client = await mail_room.desk.client()
    await client.resolve_ticket(ticket.id)
    for number in range(2):
        assert await mail_room.send(traced(delivery_status(action), number), sender="") == 250
    assert await mail_room.counts() == (1, 2, 0)
    assert (await only_ticket(mail_room)).status == "resolved"
    (report,) = await client.list_mail_reports(ticket.id)
    assert (report.rfc_message_id, report.text, report.subject) == (OURS, "Nobody here.", "Nedoručeno")
    assert (report.failed or report.delayed) == ("ann@example.com",)
    *_, event = (await client.list_events(ticket.id))[0]
    kinds = {"failed": EventKind.DELIVERY_FAILED, "delayed": EventKind.AUTOMATIC_MAIL_RECEIVED}
    assert (event.kind, event.cause) == (kinds[action], f"mail report {report.id}")
    assert "ann@" not in event.reason


@pytest.mark.parametrize(
    "headers", [{"Auto-Submitted": "auto-replied"}, {"List-Id": "<news.c.example>"}, {"Precedence": "list"}]
)
async def test_a_machines_or_lists_answer_is_told_beside_its_ticket(
    mail_room: MailRoom, headers: dict[str, str]
) -> None:
    ticket = await asked(mail_room)
    await mail_room.send(mail("I am away", Message_ID="<2@c>", In_Reply_To=OURS, **headers), reply_address(ticket))
    assert await mail_room.counts() == (1, 2, 0)
    (report,) = await (await mail_room.desk.client()).list_mail_reports(ticket.id)
    assert (report.kind, report.text) == (MailReportKind.NOTICE, "I am away")
    assert (await only_ticket(mail_room)).status == "pending"


async def test_what_a_machine_tells_about_nothing_of_ours_stays_in_quarantine(mail_room: MailRoom) -> None:
    await asked(mail_room)
    await mail_room.send(delivery_status("failed").replace(OURS.encode(), b"<other@x>"), sender="")
    await mail_room.send(mail("News", Message_ID="<2@c>", List_Id="News <news.c.example>"))
    assert await mail_room.codes() == ["AUTOMATIC", "AUTOMATIC"]
    await mail_room.send(mail("Through our own list", Message_ID="<3@c>", List_Id="Us <support.localhost>"))
    assert await mail_room.counts() == (2, 3, 2)


@pytest.mark.parametrize(
    ("headers", "automatic"),
    [
        ({}, False),
        ({"Precedence": "bulk"}, True),
        ({"List-Unsubscribe": "<mailto:x@y.example>"}, True),
        ({"From": "noreply@c.example"}, True),
        ({"X-Auto-Response-Suppress": "All"}, True),
        ({"List-Id": "<support.localhost>"}, True),
    ],
)
async def test_a_mail_says_whether_a_machine_may_answer_it(
    mail_room: MailRoom, headers: dict[str, str], automatic: bool
) -> None:
    await mail_room.send(mail(**headers))
    assert (await mail_room.desk.row("SELECT automatic FROM messages"))["automatic"] is automatic


async def test_a_copy_is_a_proposal_and_gives_nothing(mail_room: MailRoom) -> None:
    await mail_room.send(mail(Cc="Bob <bob@b.example>, Support+x@localhost, broken@, Dora <Dora@d.example>"))
    ticket = await mail_room.desk.reply(await only_ticket(mail_room), AGENT)
    await mail_room.desk.sent_mail(ticket, OURS)
    more = mail("More", Message_ID="<2@c>", In_Reply_To=OURS, Cc="bob@b.example, eli@e.example, cleo@c.example")
    await mail_room.send(more)
    client = await mail_room.desk.client()
    proposals = await client.list_cc_proposals(ticket.id)
    assert [proposal.email for proposal in proposals] == ["bob@b.example", "dora@d.example", "eli@e.example"]
    assert {effect["recipient"] for effect in await mail_room.desk.rows("SELECT recipient FROM effects")} == {
        "cleo@c.example"
    }
    await mail_room.send(mail("To all", Message_ID="<3@b>", From="bob@b.example", In_Reply_To="<2@c>", References=OURS))
    assert await mail_room.counts() == (2, 4, 0)


async def test_control_headers_and_commands_are_words_like_others(mail_room: MailRoom) -> None:
    headers = {"X-Duradesk-Ticket": "1", "X-Priority": "1", "X-Duradesk-Status": "closed", "Importance": "high"}
    ticket = await asked(mail_room)
    await mail_room.send(mail(f"#close\nticket: {ticket.number}\n#assign eve", Message_ID="<2@c>", **headers))
    tickets, _ = await (await mail_room.desk.client()).list_tickets()
    assert [(found.status, found.priority, found.assignee_id) for found in tickets] == [
        ("new", "normal", None),
        ("pending", "normal", None),
    ]


@pytest.mark.parametrize(
    ("sender", "code"),
    [
        ("From: a@b.example\r\nFrom: c@d.example", "SEVERAL_SENDERS"),
        ("From: a@b.example, c@d.example", "SEVERAL_SENDERS"),
        ("From: Friends: a@b.example;", "SEVERAL_SENDERS"),
        ("From: =?utf-8?q?a=40b.example?=", "NO_SENDER"),
        ("From: =?utf-8?q?a?=@b.example", "NO_SENDER"),
    ],
)
async def test_a_sender_that_may_be_read_in_two_ways_is_quarantined(
    mail_room: MailRoom, sender: str, code: str
) -> None:
    await mail_room.send(f"{sender}\r\nSubject: x\r\n\r\nx".encode())
    assert await mail_room.codes() == [code]


@pytest.mark.parametrize(
    ("headers", "sender", "code"),
    [
        ({"Authentication-Results": f"{SERVER}; dmarc=fail"}, "cleo@c.example", "FORGED"),
        ({"Auto-Submitted": "auto-generated"}, "", "AUTOMATIC"),
    ],
)
async def test_a_released_item_is_one_new_ticket(
    mail_room: MailRoom, headers: dict[str, str], sender: str, code: str
) -> None:
    ticket = await asked(mail_room)
    await (await mail_room.desk.client(ADMIN)).create_brand({"name": "Shop", "address": "help@shop.example"})
    raw = mail("Let me in", Message_ID="<2@c>", In_Reply_To="<other@x>", **headers)
    await mail_room.send(raw, "help@shop.example", sender=sender)
    item, admin = await only_item(mail_room), await mail_room.desk.client(ADMIN)
    assert item.code == code
    for _ in range(2):
        await admin.release_quarantined_item(item.id)
        done = await settled(mail_room, item.id)
        assert (done.state, done.code) == (QuarantineState.TAKEN, code)
    assert done.ticket_id is not None
    taken = await admin.get_ticket(done.ticket_id)
    assert (taken.requester.email, taken.brand_id != ticket.brand_id) == ("cleo@c.example", True)
    kept = await mail_room.desk.row("SELECT automatic FROM messages WHERE ticket_id = %(id)s", id=taken.id)
    assert kept["automatic"] is True
    assert await mail_room.counts() == (2, 3, 1)


async def test_a_retried_item_is_judged_anew(mail_room: MailRoom) -> None:
    await mail_room.send(mail(From="Support <support@localhost>"))
    item, admin = await only_item(mail_room), await mail_room.desk.client(ADMIN)
    await admin.retry_quarantined_item(item.id)
    assert (await settled(mail_room, item.id)).state is QuarantineState.KEPT
    (brand,) = await admin.list_brands()
    await admin.update_brand(brand.id, {"address": "desk@localhost"})
    await admin.retry_quarantined_item(item.id)
    done = await settled(mail_room, item.id)
    assert (done.state, bool(done.ticket_id)) == (QuarantineState.TAKEN, True)
    assert await mail_room.subjects() == ["Printer"]


async def test_what_cannot_be_released_says_why_and_the_next_one_is_taken(mail_room: MailRoom) -> None:
    await mail_room.send(b"Subject: no sender\r\n\r\nHello\r\n")
    await mail_room.send(mail(Auto_Submitted="auto-generated"))
    admin = await mail_room.desk.client(ADMIN)
    items, _ = await admin.list_quarantine()
    for item in reversed(items):
        await admin.release_quarantined_item(item.id)
    codes = [((done := await settled(mail_room, item.id)).state, done.code) for item in reversed(items)]
    assert codes == [(QuarantineState.KEPT, "NO_SENDER"), (QuarantineState.TAKEN, "AUTOMATIC")]
    assert await admin.list_quarantine(state=QuarantineState.RELEASING) == ((), "")


@pytest.mark.parametrize(
    ("recipient", "to"),
    [
        ("support+notification@localhost", "x@c.example"),
        ("support@localhost", "Support+Notification@localhost"),
    ],
)
async def test_an_answer_to_a_mail_for_the_staff_is_kept_apart(mail_room: MailRoom, recipient: str, to: str) -> None:
    raw = f"From: ann@desk.example\nTo: {to}\nMessage-ID: <1@c>\nSubject: Re: [1] wrote\n\nclose it\n"
    assert await mail_room.send(raw.encode(), recipient) == 250
    assert await mail_room.counts() == (0, 0, 1)
    assert await mail_room.codes() == ["ANSWERS_NOTICE"]
