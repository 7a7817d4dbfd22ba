"""What automatic mails tell: who is not reached, about which mail of ours, in which words."""

import json
from email import message_from_bytes
from pathlib import Path

import pytest

from services.domain.errors import Invalid
from services.domain.mail_reports import MailReportKind
from services.mail.reports import failures, read_report

CORPUS = Path(__file__).parents[3] / "shared" / "mail" / "flufl-bounce"
OURS = "<m1@shop.example>"


def delivery_status(action: str, returned: str = "message/rfc822") -> bytes:
    lines = [
        "From: Mail Delivery System <mailer-daemon>",
        "Subject: =?utf-8?q?Nedoru=C4=8Deno?=",
        "Message-ID: <b@mx.example>",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="x"',
        "",
        "--x",
        "",
        "Nobody here.",
        "--x",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; mx.example",
        "",
        "Final-Recipient: rfc822; Ann@example.com",
        f"Action: {action}",
        "Status: 5.1.1",
        "",
        "--x",
        f"Content-Type: {returned}",
        "",
        "From: support@shop.example",
        f"Message-ID: {OURS}",
        "",
        "The words of the mail that came back",
        "--x--",
    ]
    return "\r\n".join(lines).encode()


@pytest.mark.parametrize(
    ("action", "kind", "failed", "delayed"),
    [
        ("failed", MailReportKind.BOUNCE, ("ann@example.com",), ()),
        ("delayed", MailReportKind.DELAY, (), ("ann@example.com",)),
        ("delivered", MailReportKind.NOTICE, (), ()),
    ],
)
@pytest.mark.parametrize("returned", ["message/rfc822", "text/rfc822-headers"])
def test_a_delivery_status_tells_whom_our_mail_does_not_reach(
    action: str, kind: MailReportKind, failed: tuple[str, ...], delayed: tuple[str, ...], returned: str
) -> None:
    report = read_report(delivery_status(action, returned))
    assert (report.kind, report.failed, report.delayed) == (kind, failed, delayed)
    assert report.rfc_message_ids == ("<b@mx.example>", OURS)
    assert (report.subject, report.text) == ("Nedoručeno", "Nobody here.")


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (f"In-Reply-To: {OURS}", "Away"),
        (f"References: <a@x> {OURS}", "Away"),
        ("X-A: b", f"What you sent:\n> Subject: Re: x\n> Message-Id: {OURS}\n"),
        (
            "Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable",
            f"Message-ID:=20\n {OURS}",
        ),
    ],
)
def test_an_answer_names_the_mail_that_it_answers(headers: str, body: str) -> None:
    report = read_report(f"From: ann@example.com\n{headers}\n\n{body}".encode())
    assert report.kind is MailReportKind.NOTICE
    assert OURS in report.rfc_message_ids


def test_what_is_too_large_is_not_read() -> None:
    with pytest.raises(Invalid):
        read_report(b"From: a@b.example\n\n" + b"x" * 1_000_000)


@pytest.mark.skipif(not CORPUS.is_dir(), reason="no collection of real bounces lies beside this checkout")
def test_every_real_bounce_is_read_as_expected() -> None:
    expected = json.loads((CORPUS / "expected.json").read_text())
    assert len(expected) > 100
    for name, bounce in expected.items():
        failed, delayed = failures(message_from_bytes((CORPUS / name).read_bytes()))
        wanted = tuple(tuple(sorted(map(str.lower, bounce[key]))) for key in ("failed", "delayed"))
        assert (name, failed, delayed) == (name, *wanted)
