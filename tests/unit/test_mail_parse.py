"""Incoming mails: who wrote, what they say, and which are refused."""

from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path

import pytest

from services.domain.errors import Invalid
from services.domain.intake import BODY_LENGTH, SUBJECT_LENGTH
from services.mail.content import CUT
from services.mail.parse import NO_SUBJECT, IncomingMail, parse_mail
from tests.spending import processor_seconds

# Real mails of other projects, where a checkout has them beside it.
CORPUS = Path(__file__).parents[3] / "shared" / "mail"


def source(*headers: str, body: str = "Hello", sender: str = "From: Ann <ann@example.com>") -> bytes:
    return "\r\n".join([*([sender] if sender else []), *headers, "", body]).encode()


def read(raw: bytes, envelope_sender: str = "ann@example.com") -> IncomingMail:
    return parse_mail(raw, envelope_sender=envelope_sender)


def refusal(raw: bytes, envelope_sender: str = "ann@example.com") -> str:
    with pytest.raises(Invalid) as refused:
        read(raw, envelope_sender)
    return refused.value.reason


@pytest.mark.parametrize(
    ("value", "email", "name"),
    [
        ("ann@example.com", "ann@example.com", ""),
        ("Ann Lee <Ann@Example.COM>", "ann@example.com", "Ann Lee"),
        ('"Lee, Ann" <ann@example.com>', "ann@example.com", "Lee, Ann"),
        ("ann@example.com <ann@example.com>", "ann@example.com", "ann@example.com"),
        ("ann@example.com (Ann Lee)", "ann@example.com", ""),
        ("=?utf-8?q?=C5=BDan=C3=A9ta?= <z@example.com>", "z@example.com", "Žanéta"),
        ("Žanéta <z@example.com>", "z@example.com", "Žanéta"),
        ("=?utf-8?q?Ann=0D=0ABcc=3A_x=40y.z?= <ann@example.com>", "ann@example.com", "Ann Bcc: x@y.z"),
        ("=?no-such-charset?q?Ann?= <ann@example.com>", "ann@example.com", "Ann"),
        ("Ann\r\n  Lee <ann@example.com>", "ann@example.com", "Ann Lee"),
    ],
)
def test_the_sender_is_the_one_from_address(value: str, email: str, name: str) -> None:
    mail = read(source(sender=f"From: {value}"))
    assert (mail.from_email, " ".join(mail.from_name.split())) == (email, name)


@pytest.mark.parametrize("answer_to", ["support@shop.example", "eve@evil.example", "no address", "<>", ""])
def test_nobody_is_written_to_because_a_reply_to_says_so(answer_to: str) -> None:
    assert read(source(f"Reply-To: {answer_to}")).from_email == "ann@example.com"


@pytest.mark.parametrize(
    ("sender", "reason"),
    [
        ("", "NO_SENDER"),
        ("From:", "NO_SENDER"),
        ("From: Ann", "NO_SENDER"),
        ("From: <>", "NO_SENDER"),
        ("From: ann@", "NO_SENDER"),
        ("From: =?utf-8?q?ann=40example.com?=", "NO_SENDER"),
        ("From: =?utf-8?q?ann=40example.com=3E=00?=@evil.example", "NO_SENDER"),
        ("From: Ann <=?utf-8?q?ann?=@example.com>", "NO_SENDER"),
        ("From: " + "(" * 50_000, "NO_SENDER"),
        ("From: ann@example.com\r\nFrom: bob@example.com", "SEVERAL_SENDERS"),
        ("From: ann@example.com, bob@example.com", "SEVERAL_SENDERS"),
        ("From: Friends: ann@example.com;", "SEVERAL_SENDERS"),
        ("From: " + "x" * 70_000, "HEADER_TOO_LONG"),
        ("X: y\r\n" * 50_000 + "From: ann@example.com", "HEADER_TOO_LONG"),
    ],
)
def test_a_doubtful_sender_is_refused(sender: str, reason: str) -> None:
    assert refusal(source(sender=sender)) == reason


@pytest.mark.parametrize(
    "headers",
    [
        ["Auto-Submitted: auto-replied"],
        ["Auto-Submitted: auto-generated (vacation)"],
        ["X-Autoreply: yes"],
        ["X-Auto-Response-Suppress: All", "X-MS-Exchange-Inbox-Rules-Loop: ann@example.com"],
        ["Precedence: auto_reply"],
        ["Content-Type: multipart/report; report-type=delivery-status; boundary=x"],
        ["X-Failed-Recipients: ann@example.com"],
    ],
)
def test_what_a_machine_sent_is_automatic(headers: list[str]) -> None:
    assert refusal(source(*headers)) == "AUTOMATIC"


@pytest.mark.parametrize("sender", ["MAILER-DAEMON@example.com", "Mail Delivery System <Mailer-Daemon@example.com>"])
def test_a_bounce_is_automatic(sender: str) -> None:
    assert refusal(source(sender=f"From: {sender}")) == "AUTOMATIC"
    assert refusal(source(), envelope_sender="") == "AUTOMATIC"


@pytest.mark.parametrize(
    "headers",
    [
        ["Auto-Submitted: no"],
        ["X-Auto-Response-Suppress: All"],
        ["X-MS-Exchange-Inbox-Rules-Loop: ann@example.com"],
        ["Precedence: bulk"],
        ["X-Autoreply: no"],
    ],
)
def test_what_a_person_sent_is_not_automatic(headers: list[str]) -> None:
    assert read(source(*headers)).text == "Hello"


@pytest.mark.parametrize(
    ("header", "subject"),
    [
        ("Subject: Broken printer", "Broken printer"),
        ("Subject: =?iso-8859-2?Q?P=F8=EDli=B9?= =?iso-8859-2?Q?_=BElu=BB?=", "Příliš žluť"),
        ("Subject: =?utf-8?b?w4nDqQ==?=", "Éé"),
        ("Subject: =?utf-8?b?not base64!?=", "=?utf-8?b?not base64!?="),
        ("Subject: =?utf-8?q?a=0D=0ABcc:_x?=", "a Bcc: x"),
        ("Subject: one\r\n two", "one two"),
        ("Subject: příliš", "příliš"),
        ("Subject: " + "x" * 600, "x" * SUBJECT_LENGTH),
        ("Subject:", NO_SUBJECT),
        ("X: y", NO_SUBJECT),
    ],
)
def test_a_subject_is_one_readable_line(header: str, subject: str) -> None:
    assert read(source(header)).subject == subject


@pytest.mark.parametrize(
    ("content_type", "body", "text"),
    [
        ("text/plain; charset=utf-8", "žluť".encode(), "žluť"),
        ("text/plain; charset=iso-8859-1", b"it\x92s", "it\u2019s"),
        ("text/plain; charset=us-ascii", "žluť".encode(), "žluť"),
        ("text/plain; charset=no-such-thing", "žluť".encode(), "žluť"),
        ("text/plain; charset=punycode", b"plain", "plain"),
        ("text/plain; charset=rot13", b"plain", "plain"),
        ("text/plain; charset=utf-8", b"\xff\xfe", "ÿþ"),
        ("text/plain; charset=utf-7", b"+2AA-", "\ufffd"),
        ("text/plain", b"a\x00b\x1bc", "abc"),
        ("text/html", b"<p>One &amp; <b>two</b></p><script>three()</script>", "One & two"),
        ("text/html", b"<style>p {}</style>a<br>b<!-- <p>no</p> -->c<title>d</title>", "a\nbc"),
        ("text/html", b"1 < 2 <", "1 < 2 <"),
        ("application/pdf", b"%PDF", ""),
        ("nonsense", b"plain", "plain"),
        ("text/plain; charset*0*=x'y'%ff; charset*=b", b"plain", "plain"),
        ("text/plain; name*0*=x'y'%ff; name*=b", b"plain", "plain"),
    ],
)
def test_a_body_becomes_text_in_any_character_set(content_type: str, body: bytes, text: str) -> None:
    assert read(source(f"Content-Type: {content_type}", body="") + body).text == text


def test_of_alternatives_the_plain_one_is_read_and_attachments_are_not() -> None:
    message = EmailMessage()
    message["From"] = "ann@example.com"
    message.set_content("the plain words\n")
    message.add_alternative("<p>the other words</p>", subtype="html")
    message.add_attachment("in the attachment", filename="notes.txt")
    assert read(message.as_bytes()).text == "the plain words"


def test_a_text_that_is_too_long_says_that_it_is_cut() -> None:
    text = read(source(body="x" * (BODY_LENGTH + 1))).text
    assert len(text) <= BODY_LENGTH
    assert text.endswith(CUT)


def test_references_are_the_nearest_first() -> None:
    mail = read(source("Message-ID: <d@x>", "In-Reply-To: <c@x>", "References: <a@x> broken <b@x>\r\n <c@x> <no end"))
    assert (mail.message_id, mail.references) == ("<d@x>", ("<c@x>", "<b@x>", "<a@x>"))


def test_a_mail_without_message_id_is_a_mail() -> None:
    assert read(source()).message_id == ""


def test_a_mail_is_the_same_whatever_way_it_came() -> None:
    one = source("Subject: a", "Message-ID: <1@x>", body="Hello\r\n")
    way = b"Received: from x by y\r\nDelivered-To: support@localhost\r\nReturn-Path: <ann@example.com>\r\n"
    assert read(one).fingerprint == read(way + one).fingerprint
    assert read(one).fingerprint == read(one.replace(b"\r\n", b"\n")).fingerprint
    for old, new in [(b"Subject: a", b"Subject: b"), (b"<1@x>", b"<2@x>"), (b"Hello", b"Hullo"), (b"Ann", b"Bob")]:
        assert read(one).fingerprint != read(one.replace(old, new)).fingerprint


def test_a_mail_offered_again_with_new_boundaries_is_the_same() -> None:
    def offered(boundary: str, words: str = "the plain words\n") -> bytes:
        message = EmailMessage()
        message["From"], message["Message-ID"] = "ann@example.com", "<1@example.com>"
        message.set_content(words)
        message.add_alternative("<p>the other words</p>", subtype="html")
        message.set_boundary(boundary)
        return message.as_bytes()

    one = read(offered("===============1==")).fingerprint
    assert one == read(offered("----=_Part-2")).fingerprint
    assert one != read(offered("----=_Part-2", "other words\n")).fingerprint


@pytest.mark.parametrize("levels", [99, 500, 5_000])
def test_deep_nesting_neither_fails_nor_takes_long(levels: int) -> None:
    parts = [
        f'Content-Type: multipart/mixed; boundary="b{level}"\r\n\r\n--b{level}\r\n'.encode() for level in range(levels)
    ]
    raw = b"From: ann@example.com\r\n" + b"".join(parts) + b"Content-Type: text/plain\r\n\r\ndeep"
    if levels < 100:
        assert read(raw).text == "deep"
    else:
        assert refusal(raw) == "TOO_NESTED"


def test_forwarded_mails_within_mails_do_not_fail() -> None:
    raw = b"From: ann@example.com\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * 3_000
    assert refusal(raw) == "TOO_NESTED"


@pytest.mark.parametrize(
    "html",
    ["<a href='", "<!--", "</", "<", "<script>", "<div>", "&#"],
    ids=["a", "comment", "end", "lt", "s", "d", "c"],
)
def test_broken_html_takes_time_in_proportion(html: str) -> None:
    with processor_seconds(10):
        read(source("Content-Type: text/html", body=html * 100_000))


@pytest.mark.parametrize("header", ["From", "Subject", "References", "Auto-Submitted", "Content-Type", "X-Any"])
def test_no_header_takes_long_to_read(header: str) -> None:
    for unit in (
        "<",
        '"',
        "(",
        "=?",
        "=?utf-8?b?a?= ",
        "\\",
        "<a@",
        "a@b,",
        ";",
        "a:;",
        " ",
        "'",
        "mailer-daemon",
        "[",
        "\xff",
    ):
        for most in (1_900, 60_000):
            sender = "" if header == "From" else "From: ann@example.com\r\n"
            mail = f"{sender}{header}: text/plain; {(unit * most)[:most]}\r\n\r\nbody"
            with processor_seconds(5), suppress(Invalid):
                read(mail.encode("latin-1"))


@pytest.mark.skipif(not CORPUS.is_dir(), reason="no collection of real mails lies beside this checkout")
def test_every_real_mail_is_read_or_refused_with_a_reason() -> None:
    taken, codes = 0, set()
    for path in sorted(CORPUS.rglob("*")):
        if path.is_file():
            try:
                mail = read(path.read_bytes())
            except Invalid as refused:
                codes.add(refused.reason)
            else:
                taken += 1
                assert "@" in mail.from_email
                assert mail.subject
                assert mail.text.encode().find(b"\x00") == -1
    assert taken > 100
    assert codes <= {"AUTOMATIC", "NO_SENDER", "SEVERAL_SENDERS"}
