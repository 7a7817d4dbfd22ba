"""/sink: the mails of a stack whose outgoing mail stays on this machine, for its owner at this machine.

They hold links by which anybody's password can be chosen, so nobody else may read them. Served only where a mailbox was
named, and only to this machine itself: the connection comes from it, the address in the browser is one of its own names
(so no foreign site can read along), and no proxy stands between.
"""

import asyncio
import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from http import HTTPStatus
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from services.domain.errors import NotFound
from services.gateway.web.pages import page
from services.gateway.web.session import needs

_MOST = 100
_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_FILE = re.compile(r"[A-Za-z0-9._,=-]+")
_LINK = re.compile(r"https?://[^\s<>\"]+")
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
# Whatever the HTML of a mail holds: it loads nothing, runs nothing, and is of no origin.
_POLICY = "default-src 'none'; sandbox; frame-ancestors 'self'"

router = APIRouter(include_in_schema=False, dependencies=[needs("users.manage_admins")])


@dataclass(frozen=True, slots=True)
class SinkMail:
    """A mail as the pages show it."""

    name: str
    headers: tuple[tuple[str, str], ...]
    subject: str
    to: str
    date: str
    text: str
    html: str

    @property
    def links(self) -> list[str]:
        """The addresses in the text, each once."""
        return list(dict.fromkeys(_LINK.findall(self.text)))


async def _mailbox(request: Request) -> Path:
    sink: Path | None = request.app.state.sink
    if sink is None or not _is_local(request):
        raise NotFound("There is no such page.")
    return sink / "new"


def _is_local(request: Request) -> bool:
    source = request.client.host if request.client else ""
    try:
        loops_back = ip_address(source).is_loopback
    except ValueError:
        return False
    return loops_back and request.url.hostname in _NAMES and not any(name in request.headers for name in _FORWARDED)


Mailbox = Annotated[Path, Depends(_mailbox)]


@router.get("/sink")
async def list_sink(request: Request, mailbox: Mailbox) -> HTMLResponse:
    """The newest mails."""
    return await page(request, "sink.html", mails=await asyncio.to_thread(_newest, mailbox))


@router.get("/sink/{name}")
async def show_sink_mail(request: Request, name: str, mailbox: Mailbox) -> HTMLResponse:
    """One mail with its headers."""
    return await page(request, "sink_mail.html", mail=await asyncio.to_thread(_read, mailbox, name))


@router.get("/sink/{name}/html")
async def show_sink_html(name: str, mailbox: Mailbox) -> Response:
    """A mail's HTML, for a frame that can do nothing."""
    mail = await asyncio.to_thread(_read, mailbox, name)
    return HTMLResponse(mail.html, status_code=HTTPStatus.OK, headers={"Content-Security-Policy": _POLICY})


def _newest(mailbox: Path) -> list[SinkMail]:
    files = sorted(mailbox.glob("*"), key=lambda file: file.stat().st_mtime, reverse=True)
    return [_parsed(file) for file in files[:_MOST]]


def _read(mailbox: Path, name: str) -> SinkMail:
    file = mailbox / name
    if not _FILE.fullmatch(name) or name.startswith(".") or not file.is_file():
        raise NotFound("There is no such mail.")
    return _parsed(file)


def _parsed(file: Path) -> SinkMail:
    mail = message_from_bytes(file.read_bytes(), _class=EmailMessage, policy=policy.default)
    return SinkMail(
        name=file.name,
        headers=tuple((name, str(value)) for name, value in mail.items()),
        subject=str(mail["subject"] or ""),
        to=str(mail["to"] or ""),
        date=str(mail["date"] or ""),
        text=_body(mail, "plain"),
        html=_body(mail, "html"),
    )


def _body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    return "" if part is None else str(part.get_content())
