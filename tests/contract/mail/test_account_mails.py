"""Account mails that come back: nobody of the staff reads the link that makes its reader the owner of an account."""

from base64 import b64encode, encodebytes

import pytest

from services.mail.account_mails import without_account_link
from tests.contract.mail.conftest import MailRoom
from tests.contract.mail.test_smtp_in import mail
from tests.contract.mail.test_whose_mail import asked
from tests.contract.tickets.desk import ADMIN
from tests.unit.test_mail_reports import OURS, delivery_status

NAME = b"<account-mail.3b241101-e2bb-4255-8caf-4136c566a962@shop.example>"
TOKEN = b"Ab3_-" * 12 + b"wxyz"
LINK = b"https://desk.example/reset-password/" + TOKEN
WORDS = b"The words of the mail that came back"


@pytest.mark.parametrize(
    ("named", "words"),
    [
        (NAME, LINK),
        (NAME, b64encode(LINK)),
        (b"<unknown@relay.example>", LINK),
        (b"<unknown@relay.example>", LINK[:50] + b"=\r\n" + LINK[50:]),
        (b"<unknown@relay.example>", LINK.replace(b"reset-password", b"invitation")),
        # One report may be about several mails: it is not kept beside the ticket of another one either.
        (NAME + b"\r\nReferences: " + OURS.encode(), LINK),
    ],
)
async def test_a_returned_account_mail_is_kept_without_its_words(
    mail_room: MailRoom, named: bytes, words: bytes
) -> None:
    ticket = await asked(mail_room)
    raw = delivery_status("failed").replace(OURS.encode(), named).replace(WORDS, words)
    assert await mail_room.send(raw, sender="") == 250
    assert await mail_room.codes() == ["ACCOUNT_MAIL"]
    admin = await mail_room.desk.client(ADMIN)
    (listed,), _ = await admin.list_quarantine()
    source = (await admin.get_quarantined_item(listed.id)).raw_source
    assert source.replace(b"\r\n", b"\n").startswith(b"From: Mail Delivery System <mailer-daemon>\n")
    assert all(text not in source for text in (TOKEN[:20], words, NAME, b"Nobody here"))
    assert not await admin.list_mail_reports(ticket.id)


@pytest.mark.parametrize("encoding", ["plain", "base64"])
async def test_a_person_who_quotes_an_account_mail_gets_a_ticket_without_its_link(
    mail_room: MailRoom, encoding: str
) -> None:
    words = f"It does not work!\r\n\r\n> Choose a password: {LINK.decode()} within an hour\r\n"
    raw = mail(words)
    if encoding == "base64":
        head, _, body = raw.partition(b"\r\n\r\n")
        raw = head + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + encodebytes(body)
    assert await mail_room.send(raw) == 250
    kept = await mail_room.desk.rows(
        "SELECT concat(m.body, c.quoted, c.html) AS words, s.content FROM messages m"
        " JOIN raw_sources s ON s.message_id = m.id LEFT JOIN message_contents c ON c.message_id = m.id"
    )
    (message,) = kept
    assert "It does not work!" in message["words"]
    assert TOKEN.decode()[:20] not in message["words"]
    assert (TOKEN[:20] in message["content"], b64encode(LINK)[:20] in message["content"]) == (False, False)


def test_other_mails_are_kept_whole() -> None:
    for raw in (mail(), delivery_status("failed"), mail("https://other.example/reset-password/short")):
        assert without_account_link(raw) == raw


def test_a_link_among_the_headers_is_not_kept_either() -> None:
    assert without_account_link(b"X-Returned: " + LINK + b"\r\n\r\nwords") == b""
