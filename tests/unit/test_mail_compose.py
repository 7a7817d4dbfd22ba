"""Outgoing mails as bytes: what other programs read from them."""

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from uuid import UUID

import pytest

from services.domain.effects import OutgoingMail
from services.domain.message import AttachedFile, Attachment
from services.mail.compose import ascii_address, compose
from services.mail.text import decode_words

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MAIL = OutgoingMail(
    from_address="support@shop.example",
    from_name="Shop",
    to_address="ann@example.com",
    to_name="Ann",
    subject="Re: Printer",
    text="Use water.\n",
    rfc_message_id="<m1@shop.example>",
    references=("<a@example.com>", "<b@example.com>"),
    auto_submitted="no",
)


def composed(**changes: object) -> EmailMessage:
    raw = compose(replace(MAIL, **changes), now=NOW)  # type: ignore[arg-type]
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert raw.isascii()
    return message_from_bytes(raw, _class=EmailMessage, policy=policy.default)


def body(mail: EmailMessage) -> str:
    return str(mail.get_content()).replace("\r\n", "\n")


def test_a_mail_says_all_that_it_was_given() -> None:
    mail = composed()
    assert (mail["from"], mail["to"], mail["subject"]) == (
        "Shop <support@shop.example>",
        "Ann <ann@example.com>",
        "Re: Printer",
    )
    assert (mail["message-id"], mail["in-reply-to"]) == ("<m1@shop.example>", "<b@example.com>")
    assert mail["references"] == "<a@example.com> <b@example.com>"
    assert mail["date"].datetime == NOW
    assert mail["auto-submitted"] is None
    assert body(mail) == "Use water.\n"


def test_answers_are_led_to_the_reply_address() -> None:
    assert composed()["reply-to"] is None
    answer_to = "support+t42-aaaabbbbccccddddeeee@shop.example"
    assert composed(reply_to=answer_to)["reply-to"] == f"Shop <{answer_to}>"


def test_a_mail_with_html_has_both_forms_the_richer_one_last() -> None:
    mail = composed(html="<p>Použijte vodu.</p>")
    assert mail.get_content_type() == "multipart/alternative"
    parts = [(part.get_content_type(), str(part.get_content()).strip()) for part in mail.iter_parts()]
    assert parts == [("text/plain", "Use water."), ("text/html", "<p>Použijte vodu.</p>")]
    assert mail["message-id"] == "<m1@shop.example>"


def test_an_automatic_mail_says_that_it_is_one() -> None:
    assert composed(auto_submitted="auto-generated")["auto-submitted"] == "auto-generated"


@pytest.mark.parametrize("field", ["subject", "from_name", "to_name", "rfc_message_id", "auto_submitted"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\u2028", "\x0b"])
def test_no_text_begins_a_header(field: str, end: str) -> None:
    mail = composed(**{field: f"<x@y>{end}Bcc: eve@example.com"})
    assert mail["bcc"] is None


@pytest.mark.parametrize(
    "text", ["Příliš žluťoučký kůň úpěl ďábelské ódy. " * 8, "日本語のとても長い件名" * 10, "plain"]
)
def test_names_and_subjects_arrive_as_written(text: str) -> None:
    mail = message_from_bytes(compose(replace(MAIL, subject=text, from_name=text), now=NOW))
    assert decode_words(" ".join(mail["subject"].split())) == text.strip()
    assert decode_words(" ".join(mail["from"].split())) == f"{text.strip()} <support@shop.example>"


@pytest.mark.parametrize("text", ["žluť\n.\n..\nFrom here\n", "x" * 5_000 + "\n"])
def test_a_text_arrives_as_written(text: str) -> None:
    assert body(composed(text=text)) == text


def test_a_long_message_id_is_not_encoded() -> None:
    long = f"<{'b' * 200}@example.com>"
    assert composed(references=("<a@x>", long))["references"].split() == ["<a@x>", long]


@pytest.mark.parametrize(
    "address", ["", "ann", "a b@c.example", "ann@example.com\r\nRCPT TO:<x@y>", "<a@b>", "ž@b.example"]
)
def test_an_address_that_cannot_be_written_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="The address"):
        compose(replace(MAIL, to_address=address), now=NOW)


def test_a_domain_is_written_in_ascii() -> None:
    assert ascii_address("ann@žluť.example") == "ann@xn--lu-yta1h.example"


@pytest.mark.parametrize(
    ("name", "content_type", "told_type"),
    [
        ("report.pdf", "application/pdf", "application/pdf"),
        ("přehled 2026.txt", "text/plain", "text/plain"),
        ('a"b\\.txt', "text/plain", "text/plain"),
        ("x.txt\r\nBcc: all@c.example", "text/html", "text/html"),
        ("mail.eml", "message/rfc822", "application/octet-stream"),
        ("n" * 110 + "č.txt", "image/png", "image/png"),
    ],
)
def test_a_file_keeps_its_name_its_type_and_every_byte(name: str, content_type: str, told_type: str) -> None:
    content = bytes(range(256)) * 10
    file = AttachedFile(Attachment(UUID(int=1), name, content_type, len(content), ""), "0" * 64)
    raw = compose(replace(MAIL, html="<p>Use water.</p>", attachments=(file,)), now=NOW, files=[content])
    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")
    mail = message_from_bytes(raw, _class=EmailMessage, policy=policy.default)
    assert (mail.get_content_type(), mail["Bcc"]) == ("multipart/mixed", None)
    words, part = mail.iter_parts()
    assert words.get_content_type() == "multipart/alternative"
    assert (part.get_filename(), part.get_content_type()) == (" ".join(name.split("\r\n")), told_type)
    assert (part.get_content_disposition(), part.get_payload(decode=True)) == ("attachment", content)
