"""Mails over SMTP: each becomes a ticket, a message or a row in quarantine, once."""

import asyncio
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest

from services.domain.ticket import Ticket
from tests.contract.mail.conftest import MailRoom
from tests.contract.tickets.desk import ADMIN, AGENT
from tests.doors import object_store, running_mail_door
from tests.ports import free_port

CORPUS = Path(__file__).parents[4] / "shared" / "mail"


def mail(body: str = "It is on fire", **headers: str) -> bytes:
    message = EmailMessage()
    defaults = {"From": "Cleo <cleo@c.example>", "Subject": "Printer", "Message-ID": "<1@c.example>"}
    for name, value in (defaults | {name.replace("_", "-"): value for name, value in headers.items()}).items():
        message[name] = value
    message.set_content(body)
    return message.as_bytes()


def traced(raw: bytes, number: int) -> bytes:
    return f"Received: from relay{number}\r\nReturn-Path: <cleo@c.example>\r\n".encode() + raw


async def only_ticket(room: MailRoom) -> Ticket:
    (ticket,), _ = await (await room.desk.client()).list_tickets()
    return ticket


async def test_a_mail_is_a_ticket_when_it_is_acknowledged(mail_room: MailRoom) -> None:
    assert await mail_room.send(mail()) == 250
    ticket = await only_ticket(mail_room)
    assert (ticket.subject, ticket.channel, ticket.requester.email) == ("Printer", "mail", "cleo@c.example")
    assert ticket.requester.name == "Cleo"
    kept = await mail_room.desk.row(
        "SELECT body, rfc_message_id, content FROM messages JOIN raw_sources ON message_id = messages.id"
    )
    assert (kept["body"], kept["rfc_message_id"]) == ("It is on fire", "<1@c.example>")
    assert b"Message-ID: <1@c.example>" in bytes(kept["content"])


async def test_the_same_mail_thrice_at_once_is_one_ticket(mail_room: MailRoom) -> None:
    answers = await asyncio.gather(*(mail_room.send(traced(mail(), number)) for number in range(3)))
    assert answers == [250, 250, 250]
    assert await mail_room.send(mail()) == 250
    assert await mail_room.subjects() == ["Printer"]
    assert await mail_room.codes() == []


async def test_another_mail_under_the_same_message_id_is_another_ticket(mail_room: MailRoom) -> None:
    await mail_room.send(mail())
    await mail_room.send(mail("Something else"))
    assert await mail_room.subjects() == ["Printer", "Printer"]


async def test_a_mail_is_one_ticket_for_each_brand_it_was_sent_to(mail_room: MailRoom) -> None:
    admin = await mail_room.desk.client(ADMIN)
    shop = await admin.create_brand({"name": "Shop", "address": "help@shop.example"})
    await mail_room.send(
        mail(), "HELP@shop.example", "help+orders@shop.example", "Support@localhost", "who@ever.example"
    )
    tickets, _ = await admin.list_tickets()
    assert len(tickets) == 2
    assert sum(ticket.brand_id == shop.id for ticket in tickets) == 1
    await mail_room.send(mail("To nobody we know"), "who@ever.example")
    assert (await admin.list_tickets())[0][0].brand_id != shop.id


async def test_a_reply_to_our_message_id_lands_on_its_ticket(mail_room: MailRoom) -> None:
    await mail_room.send(mail())
    ticket = await mail_room.desk.reply(await only_ticket(mail_room), AGENT)
    assert ticket.status == "pending"
    await mail_room.desk.sent_mail(ticket, "<m1@localhost>")
    reply = mail(
        "It burns still", Message_ID="<2@c.example>", References="<0@x> <m1@localhost>", In_Reply_To="<m1@localhost>"
    )
    for _ in range(2):
        assert await mail_room.send(reply) == 250
    assert (await only_ticket(mail_room)).status == "open"
    messages, _ = await (await mail_room.desk.client()).list_messages(ticket.id)
    assert [message.body for message in messages] == ["It is on fire", "words", "It burns still"]
    assert messages[-1].author_kind == "customer"


async def test_somebody_elses_message_id_gives_no_way_into_a_ticket(mail_room: MailRoom) -> None:
    await mail_room.send(mail())
    await mail_room.desk.sent_mail(await only_ticket(mail_room), "<m1@localhost>")
    intruder = mail(From="eve@evil.example", Subject="Re: Printer", Message_ID="<9@e>", In_Reply_To="<m1@localhost>")
    await mail_room.send(intruder, sender="eve@evil.example")
    assert await mail_room.subjects() == ["Printer", "Re: Printer"]


@pytest.mark.parametrize(
    ("raw", "sender", "code"),
    [
        (mail(Auto_Submitted="auto-replied", In_Reply_To="<1@c.example>"), "cleo@c.example", "AUTOMATIC"),
        (mail(), "", "AUTOMATIC"),
        (mail(From="Support <support@localhost>"), "cleo@c.example", "OWN_ADDRESS"),
        (b"Subject: no sender\r\n\r\nHello\r\n", "cleo@c.example", "NO_SENDER"),
        (b"From: a@b.example\r\nFrom: c@d.example\r\n\r\nHello\r\n", "cleo@c.example", "SEVERAL_SENDERS"),
        (b"From: a@b.example\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * 3_000, "cleo@c.example", "TOO_NESTED"),
        (b"\xff\xfe\x00\r\n", "cleo@c.example", "NO_SENDER"),
    ],
    ids=lambda value: value if isinstance(value, str) else "mail",
)
async def test_what_cannot_be_taken_is_kept_with_its_reason(
    mail_room: MailRoom, raw: bytes, sender: str, code: str
) -> None:
    for _ in range(2):
        assert await mail_room.send(raw, sender=sender) == 250
    assert await mail_room.codes() == [code]
    assert await mail_room.subjects() == []
    kept = await mail_room.desk.row("SELECT raw_source FROM quarantine")
    assert bytes(kept["raw_source"]).replace(b"\r\n", b"\n").strip() == raw.replace(b"\r\n", b"\n").strip()


async def test_no_header_comes_from_a_subject_or_name(mail_room: MailRoom) -> None:
    headers = ["From: =?utf-8?q?Cleo=0D=0AX?= <cleo@c.example>", "Subject: =?utf-8?q?a=0D=0ABcc=3A_eve=40e.example?="]
    await mail_room.send("\r\n".join([*headers, "", "x"]).encode())
    ticket = await only_ticket(mail_room)
    assert (ticket.subject, ticket.requester.name) == ("a Bcc: eve@e.example", "Cleo X")


async def test_a_mail_waits_with_its_sender_while_tickets_are_away() -> None:
    async with (
        object_store() as objects,
        running_mail_door(f"127.0.0.1:{free_port()}", objects) as port,
        aiosmtplib.SMTP(hostname="127.0.0.1", port=port, local_hostname="c.example") as smtp,
    ):
        for _ in range(2):
            await smtp.mail("cleo@c.example")
            await smtp.rcpt("support@localhost")
            with pytest.raises(aiosmtplib.SMTPDataError) as refused:
                await smtp.data(mail())
            assert refused.value.code == 451


async def test_a_mail_over_the_size_is_refused_before_it_is_sent(mail_room: MailRoom) -> None:
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=mail_room.port, local_hostname="c.example") as smtp:
        await smtp.ehlo()
        assert smtp.esmtp_extensions["size"] == "1000000"
        with pytest.raises(aiosmtplib.SMTPSenderRefused) as refused:
            await smtp.mail("cleo@c.example", options=["SIZE=1000001"])
        assert refused.value.code == 552
    assert await mail_room.send(mail("x" * 1_000_001)) == 552
    assert await mail_room.send(mail("y" * 900_000)) == 250


async def test_one_connection_too_many_is_asked_to_come_back_and_finds_the_next_place(mail_room: MailRoom) -> None:
    async with object_store() as objects, running_mail_door(mail_room.desk.address, objects, most=2) as port:
        first, second = await asyncio.open_connection("127.0.0.1", port), await greeted(port)
        with pytest.raises(aiosmtplib.SMTPConnectError, match="421"):
            await greeted(port)
        first[1].close()
        await first[1].wait_closed()
        async with asyncio.timeout(60):
            while (third := await greeted_or_none(port)) is None:  # noqa: ASYNC110 - the place is the door's
                await asyncio.sleep(0.05)
        for smtp in (second, third):
            assert (await smtp.sendmail("cleo@c.example", ["support@localhost"], mail()))[1].startswith("2.0.0")
            await smtp.quit()
    assert await mail_room.subjects() == ["Printer"]


async def greeted(port: int) -> aiosmtplib.SMTP:
    smtp = aiosmtplib.SMTP(hostname="127.0.0.1", port=port, local_hostname="c.example")
    await smtp.connect()
    return smtp


async def greeted_or_none(port: int) -> aiosmtplib.SMTP | None:
    try:
        return await greeted(port)
    except (aiosmtplib.SMTPException, OSError):
        return None


async def test_lmtp_answers_for_each_recipient(mail_room: MailRoom) -> None:
    admin = await mail_room.desk.client(ADMIN)
    await admin.create_brand({"name": "Shop", "address": "help@shop.example"})
    async with object_store() as objects, running_mail_door(mail_room.desk.address, objects, lmtp=True) as port:
        assert await lmtp(port, mail(), "support@localhost", "help@shop.example") == ["250", "250"]
        assert await lmtp(port, b"x" * 1_000_001, "support@localhost", "help@shop.example") == ["552", "552"]
        assert await lmtp(port, mail(), "support@localhost") == ["250"]
    assert await mail_room.subjects() == ["Printer", "Printer"]
    assert await mail_room.codes() == []


async def lmtp(port: int, raw: bytes, *recipients: str) -> list[str]:
    """The codes of the answers to this mail, all of them."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    commands = [b"MAIL FROM:<cleo@c.example>", *(f"RCPT TO:<{to}>".encode() for to in recipients)]
    for command in (b"EHLO c.example", b"LHLO c.example", *commands, b"DATA"):
        writer.write(command + b"\r\n")
    writer.write(raw.replace(b"\n", b"\r\n") + b"\r\n.\r\nQUIT\r\n")
    answers = (await reader.read()).decode().splitlines()
    writer.close()
    started = next(number for number, line in enumerate(answers) if line.startswith("354"))
    assert any(line.startswith("500") for line in answers[:started]), "EHLO belongs to another protocol"
    return [line[:3] for line in answers[started + 1 : -1]]


@pytest.mark.skipif(not CORPUS.is_dir(), reason="no collection of real mails lies beside this checkout")
async def test_every_real_mail_leaves_a_trace(mail_room: MailRoom) -> None:
    files = [path.read_bytes() for path in sorted(CORPUS.rglob("*")) if path.is_file()]
    sources = {raw.replace(b"\r\n", b"\n").rstrip(b"\n") for raw in files if raw}
    for raw in sources:
        assert await mail_room.send(raw) == 250
    messages = await mail_room.desk.row("SELECT count(*) FROM messages")
    quarantined = await mail_room.desk.row("SELECT count(*) FROM quarantine")
    assert messages["count"] > 100
    assert messages["count"] + quarantined["count"] > 200
