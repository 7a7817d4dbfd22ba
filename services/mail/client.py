"""Mail out, for the worker that delivers effects: one attempt at one mail, with an honest answer on how it ended."""

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

import aiosmtplib
from pydantic import Field

from services.common.objects import ObjectStore
from services.common.settings import Address, Settings
from services.domain.effects import EffectOutcome, OutgoingMail
from services.domain.errors import Unavailable
from services.domain.intake import clean_line
from services.domain.message import AttachedFile
from services.mail.compose import ascii_address, compose

# Together less than the 90 s that a delivery may take: a slow server must not lead to a second sender.
_READ_SECONDS = 10.0
_OFFER_SECONDS = 30.0
_FINISH_SECONDS = 25.0
_LONGEST_DETAIL = 500
_START_INPUT = 354
_LINE_END = re.compile(rb"\r\n|\r|\n")
_LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)


class SmtpSettings(Settings):
    """The shared settings, how we call ourselves in SMTP, and where outgoing mail is handed over (host:port)."""

    mail_hostname: str = Field(default_factory=socket.gethostname)
    smarthost: Address = "127.0.0.1:25"


class DeliveryInDoubt(Exception):
    """The connection was lost after the mail's final dot: nobody can know whether it arrived."""


@dataclass(frozen=True, slots=True)
class SendResult:
    """How an attempt ended, and what the other side said."""

    outcome: EffectOutcome
    detail: str


class SmtpSender:
    """Hands mails to the smarthost over SMTP, with TLS where it is offered; an attempt takes 65 s at most."""

    def __init__(self, settings: SmtpSettings, objects: ObjectStore) -> None:
        host, _, port = settings.smarthost.rpartition(":")
        self._host, self._port = host.strip("[]"), int(port)
        self._hostname = settings.mail_hostname
        self._objects = objects

    async def send(self, mail: OutgoingMail, /, *, begin: Callable[[], Awaitable[None]]) -> SendResult:
        """Try once. `begin` is awaited before the dot that ends the mail: without it no server takes a mail (RFC 5321,
        4.1.1.4), so what `begin` raises ends the attempt unsent.

        DONE when the smarthost took it, RETRY when it was not sent this time, FAILED when it was refused for good.
        Raises DeliveryInDoubt when the connection broke between `begin` and the answer.
        """
        try:
            async with asyncio.timeout(_READ_SECONDS):
                files = [await self._read(file) for file in mail.attachments]
            content = await asyncio.to_thread(compose, mail, now=datetime.now(UTC), files=files)
        except ValueError as error:
            return SendResult(EffectOutcome.FAILED, _detail(str(error)))
        except (Unavailable, TimeoutError) as error:
            return SendResult(EffectOutcome.RETRY, _detail(f"An attachment cannot be read: {error}"))
        client = aiosmtplib.SMTP(
            hostname=self._host, port=self._port, local_hostname=self._hostname, timeout=_OFFER_SECONDS
        )
        try:
            try:
                async with asyncio.timeout(_OFFER_SECONDS):
                    await _offer(client, mail)
                    await _transmit(client, content)
            except (aiosmtplib.SMTPException, OSError) as error:
                return _refused(error)
            await begin()
            return await _finish(client)
        finally:
            client.close()

    async def _read(self, file: AttachedFile) -> bytes:
        return b"".join([piece async for piece in await self._objects.get(file.digest)])


async def _offer(client: aiosmtplib.SMTP, mail: OutgoingMail) -> None:
    await client.connect()
    # Nobody may answer an automatic answer by a bounce (RFC 3834, 3.3).
    await client.mail("" if mail.auto_submitted == "auto-replied" else ascii_address(mail.from_address))
    await client.rcpt(ascii_address(mail.to_address))


async def _transmit(client: aiosmtplib.SMTP, content: bytes) -> None:
    """The whole mail but for the dot that ends it."""
    answer = await client.execute_command(b"DATA")
    if answer.code != _START_INPUT:
        raise aiosmtplib.SMTPDataError(answer.code, answer.message)
    transport = cast(asyncio.WriteTransport, client.transport)
    lines = _LINE_END.sub(b"\r\n", content).removesuffix(b"\r\n") + b"\r\n"
    transport.write(_LEADING_DOT.sub(b"..", lines))
    while transport.get_write_buffer_size():  # noqa: ASYNC110 - a transport has no event for that
        await asyncio.sleep(0.01)


async def _finish(client: aiosmtplib.SMTP) -> SendResult:
    try:
        async with asyncio.timeout(_FINISH_SECONDS):
            answer = await client.execute_command(b".", timeout=None)
    except (aiosmtplib.SMTPException, OSError) as error:
        raise DeliveryInDoubt(f"The connection was lost before the answer: {type(error).__name__}.") from error
    if answer.code // 100 != 2:
        return _refused(aiosmtplib.SMTPDataError(answer.code, answer.message))
    return SendResult(EffectOutcome.DONE, _detail(f"{answer.code} {answer.message}"))


def _refused(error: Exception) -> SendResult:
    """4xx and a broken connection may go better later; 5xx will not (RFC 5321, 4.2.1)."""
    if isinstance(error, aiosmtplib.SMTPResponseException):
        outcome = EffectOutcome.FAILED if error.code >= 500 else EffectOutcome.RETRY
        return SendResult(outcome, _detail(f"{error.code} {error.message}"))
    return SendResult(EffectOutcome.RETRY, _detail(f"{type(error).__name__}: {error}"))


def _detail(text: str) -> str:
    return clean_line(text)[:_LONGEST_DETAIL]
