"""Answers as real mail programs write them, to a mail as it reached the customer: they thread and show what is new."""

from collections.abc import Callable
from email.message import EmailMessage
from email.utils import make_msgid
from html import escape
from uuid import uuid4

import httpx
import pytest

from tests.e2e.test_mail import answered, bodies
from tests.e2e.test_story import ticket
from tests.stack import Stack, text_of

NEW = "Thank you, it came.\n\nBut the second parcel is missing."


def quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.strip().splitlines())


def paragraphs(text: str, tag: str = "div") -> str:
    return "".join(f"<{tag}>{escape(line) or '<br>'}</{tag}>" for line in text.splitlines())


def gmail(received: str, sender: str) -> tuple[str, str]:
    line = f"On Mon, Jan 12, 2026 at 10:00 AM Support <{sender}>\nwrote:"
    html = (
        f'<div dir="ltr">{paragraphs(NEW)}</div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr"'
        f' class="gmail_attr">{escape(line)}<br></div><blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex">'
        f"{paragraphs(received)}</blockquote></div>"
    )
    return f"{NEW}\n\n{line}\n\n{quoted(received)}\n", html


def apple_mail(received: str, sender: str) -> tuple[str, str]:
    line = f"On 12 Jan 2026, at 10:00\u202fAM, Support <{sender}> wrote:"
    html = (
        f'<html><body style="overflow-wrap: break-word;">{paragraphs(NEW)}<br id="lineBreakAtBeginningOfMessage">'
        f'<div><br><blockquote type="cite"><div>{escape(line)}</div><br>{paragraphs(received)}</blockquote></div>'
        "</body></html>"
    )
    return f"{NEW}\n\n{line}\n\n{quoted(received)}\n", html


def thunderbird(received: str, sender: str) -> tuple[str, str]:
    line = "On 12/01/2026 10:00, Support wrote:"
    html = (
        f'<html><head></head><body>{paragraphs(NEW, "p")}<div class="moz-cite-prefix">{line}<br></div>'
        f'<blockquote type="cite" cite="mid:x@y">{paragraphs(received)}</blockquote></body></html>'
    )
    return f"{NEW}\n\n{line}\n{quoted(received)}\n", html


def outlook(received: str, sender: str) -> tuple[str, str]:
    head = [
        f"From: Support <{sender}>",
        "Sent: Monday, January 12, 2026 10:00 AM",
        "To: Ann",
        "Subject: Re: Where is it?",
    ]
    bold = "<br>".join(f"<b>{name}:</b>{escape(rest)}" for name, _, rest in (line.partition(":") for line in head))
    html = (
        f'<html><body lang="EN-US"><div class="WordSection1">{paragraphs(NEW, "p")}'
        f'<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm">'
        f'<p class="MsoNormal">{bold}</p></div>{paragraphs(received, "p")}'
        "</div></body></html>"
    )
    return f"{NEW}\n\n" + "\n".join(head) + f"\n\n{received}\n", html


@pytest.mark.parametrize("program", [gmail, apple_mail, thunderbird, outlook], ids=lambda each: each.__name__)
@pytest.mark.parametrize("has_text", [True, False], ids=["text and html", "html alone"])
def test_an_answer_threads_and_shows_only_what_is_new(
    stack: Stack, api: httpx.Client, program: Callable[[str, str], tuple[str, str]], has_text: bool
) -> None:
    sender = f"{uuid4()}@example.com"
    created, ours = answered(stack, api, sender)
    text, html = program(text_of(ours), "support@localhost")
    answer = EmailMessage()
    answer["From"], answer["To"], answer["Subject"] = f"Ann <{sender}>", str(ours["Reply-To"]), f"RE: {ours['Subject']}"
    answer["Date"], answer["Message-ID"] = str(ours["Date"]), make_msgid(domain="example.com")
    answer["In-Reply-To"] = answer["References"] = str(ours["Message-ID"])
    if has_text:
        answer.set_content(text)
        answer.add_alternative(html, subtype="html")
    else:
        answer.set_content(html, subtype="html")
    stack.send_mail(answer)
    *_, last = bodies(api, created["id"])
    assert [line for line in last.splitlines() if line.strip()] == [line for line in NEW.splitlines() if line]
    assert (ticket(api, created["id"])["status"], len(bodies(api, created["id"]))) == ("open", 3)
