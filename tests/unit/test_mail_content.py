"""What mails carry besides their new words: HTML, files, calendar invites, mails within mails, Outlook's containers."""

from email.message import EmailMessage
from struct import pack

import pytest

from services.domain.attachments import MOST_ATTACHMENTS
from services.mail.content import LEFT_OUT
from services.mail.parse import IncomingMail, parse_mail


def message(text: str = "See the file.", html: str = "") -> EmailMessage:
    made = EmailMessage()
    made["From"], made["Subject"] = "ann@example.com", "Fire"
    made.set_content(text)
    if html:
        made.add_alternative(html, subtype="html")
    return made


def read(made: EmailMessage | bytes) -> IncomingMail:
    return parse_mail(made if isinstance(made, bytes) else made.as_bytes(), envelope_sender="ann@example.com")


def files(mail: IncomingMail) -> list[tuple[str, str, int]]:
    return [(file.file_name, file.content_type, len(file.content)) for file in mail.attachments]


def tnef(*attributes: tuple[int, int, bytes]) -> bytes:
    """A container of Outlook's: level, attribute, data (MS-OXTNEF, 2.1.3)."""
    container = pack("<IH", 0x223E9F78, 1)
    for level, attribute, data in attributes:
        container += pack("<BII", level, attribute, len(data)) + data + pack("<H", sum(data) & 0xFFFF)
    return container


def test_html_is_kept_harmless_beside_the_text() -> None:
    mail = read(message("plain", "<p onclick=x>rich <img src='https://e.example/a.png'></p><script>x</script>"))
    assert (mail.text, mail.html) == ("plain", '<p>rich <img data-remote-src="https://e.example/a.png"></p>')


def test_a_reply_in_html_alone_shows_what_is_new() -> None:
    made = message()
    made.set_content(
        '<div>It works.</div><div class="gmail_quote">On Mon, Jan 12, 2026 at 10:00 AM Desk &lt;s@desk.example&gt;'
        " wrote:<br><blockquote><div>Restart it.</div><blockquote>It burns</blockquote></blockquote></div>",
        subtype="html",
    )
    mail = read(made)
    assert mail.text == "It works."
    assert mail.quoted.split("\n")[-1] == ">> It burns"


def test_a_file_in_the_html_is_an_attachment_with_its_content_id() -> None:
    made = message("plain", "<img src='cid:logo@x'>")
    body = next(part for part in made.iter_parts() if part.get_content_type() == "text/html")
    body.add_related(b"png", "image", "png", cid="<logo@x>")
    mail = read(made)
    assert mail.html == '<img src="cid:logo@x">'
    assert [(file.content_id, *rest) for file, rest in zip(mail.attachments, files(mail), strict=True)] == [
        ("logo@x", "image.png", "image/png", 3)
    ]


def test_a_mail_within_a_mail_is_a_file_with_its_subject() -> None:
    inner = message("inner words")
    made = message()
    made.add_attachment(inner)
    mail = read(made)
    assert mail.text == "See the file."
    assert files(mail)[0][:2] == ("Fire.eml", "message/rfc822")
    assert b"inner words" in mail.attachments[0].content


def test_an_invitation_keeps_its_words_and_its_calendar() -> None:
    made = message("Come.", "<p>Come.</p>")
    made.add_alternative("BEGIN:VCALENDAR\nEND:VCALENDAR\n", subtype="calendar", params={"method": "REQUEST"})
    mail = read(made)
    assert (mail.text, mail.html) == ("Come.", "<p>Come.</p>")
    assert files(mail)[0][:2] == ("invite.ics", "text/calendar")


def test_an_outlook_container_is_unpacked() -> None:
    container = tnef(
        (1, 0x0002800C, b"the words\0"),
        (2, 0x00069002, b"\1\0" + b"\0" * 12),
        (2, 0x00018010, b"report.txt\0"),
        (2, 0x0006800F, b"the report"),
    )
    made = message("See the file.")
    made.add_attachment(container, maintype="application", subtype="ms-tnef", filename="winmail.dat")
    mail = read(made)
    assert mail.text == "See the file.\n\nthe words"
    assert files(mail) == [("report.txt", "text/plain", 10)]


def test_an_outlook_container_that_cannot_be_opened_is_a_file() -> None:
    made = message()
    made.add_attachment(b"broken", maintype="application", subtype="ms-tnef", filename="winmail.dat")
    assert files(read(made)) == [("winmail.dat", "application/ms-tnef", 6)]


def test_too_many_files_are_left_out_with_a_note() -> None:
    made = message()
    for number in range(MOST_ATTACHMENTS + 1):
        made.add_attachment(b"x", maintype="image", subtype="png", filename=f"{number}.png")
    mail = read(made)
    assert len(mail.attachments) == MOST_ATTACHMENTS
    assert mail.text == f"See the file.\n\n{LEFT_OUT}"


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("filename=příloha.txt".encode(), "příloha.txt"),
        (b"filename*=utf-8''p%C5%99%C3%ADloha.txt", "příloha.txt"),
        (b'filename="=?utf-8?q?p=C5=99=C3=ADloha=2Etxt?="', "příloha.txt"),
        (b'filename="../../a\\b.txt"', "b.txt"),
        (b"filename=", "attachment.txt"),
    ],
)
def test_file_names_are_read_as_programs_write_them(header: bytes, name: str) -> None:
    raw = b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nwords\r\n--x\r\n"
    raw += b"Content-Type: text/plain\r\nContent-Disposition: attachment; " + header + b"\r\n\r\nfile\r\n--x--\r\n"
    mail = read(raw)
    assert (mail.text, [file.file_name for file in mail.attachments]) == ("words", [name])


def test_lines_may_end_with_cr_alone() -> None:
    mail = read(b"From: a@b.example\rSubject: old\r\rone\rtwo\r")
    assert (mail.subject, mail.text) == ("old", "one\ntwo")


def test_a_character_set_that_is_not_said_is_guessed() -> None:
    text = "Добрый день, принтер в подвале горит, и мы не знаем, что с ним делать дальше."  # noqa: RUF001
    assert read(b"From: a@b.example\r\n\r\n" + text.encode("windows-1251")).text == text
