"""Real mails of other projects, where a checkout has them beside it: what a person sees in each is what is read."""

from pathlib import Path
from typing import Any

import pytest

from services.domain.errors import Invalid
from services.mail.parse import IncomingMail, parse_mail

CORPUS = Path(__file__).parents[3] / "shared" / "mail"
MIKEL = "mikel-mail/emails"

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="no collection of real mails lies beside this checkout")


def read(path: str) -> IncomingMail:
    return parse_mail((CORPUS / path).read_bytes(), envelope_sender="somebody@example.com")


def seen(mail: IncomingMail) -> dict[str, Any]:
    return {
        "from": mail.from_email,
        "name": mail.from_name,
        "subject": mail.subject,
        "text": mail.text,
        "quoted": mail.quoted,
        "html": mail.html,
        "files": [(file.file_name, file.content_type) for file in mail.attachments],
    }


EXPECTED: dict[str, dict[str, Any]] = {
    "cpython/msg_02.txt": {
        "subject": "Ppp digest, Vol 1 #2 - 5 msgs",
        "files": [
            ("[Ppp] testing #1.eml", "message/rfc822"),
            ("message.eml", "message/rfc822"),
            ("[Ppp] testing #3.eml", "message/rfc822"),
            ("[Ppp] testing #4.eml", "message/rfc822"),
            ("[Ppp] testing #5.eml", "message/rfc822"),
        ],
    },
    "cpython/msg_06.txt": {"text": "", "files": [("testing.eml", "message/rfc822")]},
    "cpython/msg_07.txt": {
        "name": "Barry",
        "text": "Hi there,\n\nThis is the dingus fish.",
        "files": [("dingusfish.gif", "image/gif")],
    },
    "cpython/msg_22.txt": {
        "text": "Text text text.\n\nText text text.",
        "files": [("wibble.JPG", "image/jpeg"), ("wibble2.JPG", "image/jpeg")],
    },
    "cpython/msg_35.txt": {
        "subject": "here's something interesting",
        "text": "counter to RFC 2822, there's no separating newline here",
    },
    "cpython/msg_45.txt": {
        "text": "This is the signed contents.",
        "files": [("signature.asc", "application/pgp-signature")],
    },
    "cpython/msg_46.txt": {"files": [("GroupwiseForwardingTest.eml", "message/rfc822")]},
    f"{MIKEL}/attachment_emails/attachment_nonascii_filename.eml": {"files": [("ciële.txt", "text/plain")]},
    f"{MIKEL}/attachment_emails/attachment_with_quoted_filename.eml": {
        "subject": "Eelanalüüsi päring",
        "files": [("Eelanalüüsi päring.jpg", "image/jpeg")],
    },
    f"{MIKEL}/attachment_emails/attachment_only_email.eml": {"text": "", "files": [("blah.gz", "application/x-gzip")]},
    f"{MIKEL}/attachment_emails/attachment_message_rfc822_inline_image.eml": {
        "html": '<img src="cid:emedfeb92f-a786-4718-a446-98db8afb53fb@kronos">',
        "files": [("img.png", "image/png"), ("Testmail.eml", "message/rfc822")],
    },
    f"{MIKEL}/attachment_emails/attachment_pdf_lf.eml": {
        "subject": "Another PDF with 🎉 Unicode chars in it 🍿",
        "files": [("broken.pdf", "application/pdf")],
    },
    f"{MIKEL}/error_emails/content_transfer_encoding_x_uuencode.eml": {
        "text": "Attached are the comments of the Public Generating Pool.",
        "files": [("PGP_Cmts_on_12-14-01_Pkg.doc", "application/msword")],
    },
    f"{MIKEL}/error_emails/multiple_content_types.eml": {"text": "foo", "html": "<p>foo</p>"},
    f"{MIKEL}/error_emails/encoding_madness.eml": {"text": "Body Text", "html": ""},
    f"{MIKEL}/error_emails/empty_group_lists.eml": {"from": "ceciledwards@sbcglobal.net", "name": "Cecil Edwards"},
    f"{MIKEL}/mime_emails/email_with_similar_boundaries.eml": {
        "text": "Test",
        "html": "<p>Test</p>",
        "files": [("LOGO.png", "application/octetstream")],
    },
    f"{MIKEL}/mime_emails/raw_email_with_illegal_boundary.eml": {
        "text": "Hello\nThis is an outlook test\n\nSo there.\n\nMe."
    },
    f"{MIKEL}/mime_emails/raw_email_with_nested_attachment.eml": {
        "text": "Here is a test of an attachment via email.\n\n- Jamis",
        "files": [("truncated.png", "image/png"), ("smime.p7s", "application/pkcs7-signature")],
    },
    f"{MIKEL}/multi_charset/japanese.eml": {
        "subject": "まみむめも",
        "text": "かきくえこ",
        "quoted": "-- \nhttp://lindsaar.net/\nRails, RSpec and Life blog....",
    },
    f"{MIKEL}/multi_charset/japanese_attachment.eml": {"text": "testing", "files": [("てすと.txt", "text/plain")]},
    f"{MIKEL}/multi_charset/japanese_attachment_long_name.eml": {
        "files": [("かきくけこ" * 5 + ".txt", "text/plain")],
    },
    f"{MIKEL}/multi_charset/japanese_iso_2022.eml": {"text": "すみません。"},
    f"{MIKEL}/multi_charset/ks_c_5601-1987.eml": {"text": "스티해"},
    f"{MIKEL}/plain_emails/raw_email_double_at_in_header.eml": {"from": "jamis@37signals.com", "name": "Jamis Buck"},
    f"{MIKEL}/plain_emails/raw_email_with_partially_quoted_subject.eml": {
        "subject": 'Re: Test: "漢字" mid "漢字" tail'
    },
    f"{MIKEL}/plain_emails/raw_email_reply.eml": {"subject": "Re: Test reply email", "text": "Message body"},
    f"{MIKEL}/rfc6532/utf8_headers.eml": {
        "from": "jdöe@mächine.example",
        "name": "Jöhn Doe",
        "subject": "Säying Hello",
    },
}


@pytest.mark.parametrize(("path", "expected"), EXPECTED.items(), ids=EXPECTED.keys())
def test_a_real_mail_is_read_as_a_person_reads_it(path: str, expected: dict[str, Any]) -> None:
    mail = seen(read(path))
    assert {name: mail[name] for name in expected} == expected


def test_a_forwarded_mail_is_all_new() -> None:
    mail = read(f"{MIKEL}/mime_emails/raw_email2.eml")
    assert "---------- Forwarded message ----------" in mail.text
    assert mail.quoted == ""


def test_no_real_mail_makes_a_reader_ask_for_anything() -> None:
    for path in sorted(CORPUS.rglob("*")):
        if path.is_file():
            try:
                mail = read(str(path.relative_to(CORPUS)))
            except Invalid:
                continue
            assert ' src="http' not in mail.html
            assert "<script" not in mail.html
            assert all(file.file_name and "/" not in file.file_name for file in mail.attachments)
