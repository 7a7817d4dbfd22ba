"""Mails to a smarthost over real sockets: what each of its answers means."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from aiosmtpd.smtp import SMTP, Envelope

from services.common.objects import ObjectStore
from services.domain.effects import EffectOutcome
from services.domain.errors import Conflict
from services.domain.message import AttachedFile, Attachment
from services.mail.client import DeliveryInDoubt, SendResult, SmtpSender
from services.mail.settings import MailSettings
from tests.ports import free_port
from tests.unit.test_mail_compose import MAIL


@dataclass
class Sink:
    """A smarthost that answers as it is told, and keeps what it took."""

    answers: dict[str, str] = field(default_factory=dict)
    hangs_up: bool = False
    begun: int = 0
    mails: list[Envelope] = field(default_factory=list)

    async def handle_MAIL(  # noqa: N802 # aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: Any
    ) -> str:
        envelope.mail_from = address
        return self.answers.get("MAIL", "250 Ok")

    async def handle_RCPT(  # noqa: N802 # aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: Any
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.answers.get("RCPT", "250 Ok")

    async def handle_DATA(  # noqa: N802 # aiosmtpd's name
        self, server: SMTP, _session: Any, envelope: Envelope
    ) -> str:
        if self.hangs_up:
            assert server.transport is not None
            server.transport.close()
        self.mails.append(envelope)
        return self.answers.get("DATA", "250 Taken as 4711")

    async def begin(self) -> None:
        self.begun += 1
        assert not self.mails

    async def send(self, port: int) -> SendResult:
        return await sender_to(port).send(MAIL, begin=self.begin)


def sender_to(port: int, objects: ObjectStore | None = None) -> SmtpSender:
    return SmtpSender(MailSettings(smarthost=f"127.0.0.1:{port}"), objects or ObjectStore("memory:///"))


@asynccontextmanager
async def running(sink: Sink) -> AsyncIterator[int]:
    loop = asyncio.get_running_loop()
    protocol: Any = partial(SMTP, sink, hostname="sink.example", loop=loop)
    server = await loop.create_server(protocol, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def test_a_mail_that_is_taken_is_done() -> None:
    sink = Sink()
    async with running(sink) as port:
        assert await sink.send(port) == SendResult(EffectOutcome.DONE, "250 Taken as 4711")
    (taken,) = sink.mails
    assert (taken.mail_from, taken.rcpt_tos, sink.begun) == ("support@shop.example", ["ann@example.com"], 1)
    assert b"Message-ID: <m1@shop.example>\r\n" in (taken.original_content or b"")


@pytest.mark.parametrize(
    ("command", "answer", "outcome", "begun"),
    [
        ("MAIL", "421 4.3.2 Shutting down", EffectOutcome.RETRY, 0),
        ("MAIL", "550 5.7.1 No", EffectOutcome.FAILED, 0),
        ("RCPT", "450 4.2.1 Busy", EffectOutcome.RETRY, 0),
        ("RCPT", "550 5.1.1 Nobody here", EffectOutcome.FAILED, 0),
        ("DATA", "451 4.3.0 Later", EffectOutcome.RETRY, 1),
        ("DATA", "554 5.6.0 Never", EffectOutcome.FAILED, 1),
    ],
)
async def test_a_refusal_is_for_now_or_for_good(command: str, answer: str, outcome: EffectOutcome, begun: int) -> None:
    sink = Sink({command: answer})
    async with running(sink) as port:
        assert await sink.send(port) == SendResult(outcome, answer)
    assert sink.begun == begun


async def test_a_smarthost_that_is_away_is_asked_again() -> None:
    sink = Sink()
    assert (await sink.send(free_port())).outcome is EffectOutcome.RETRY
    assert sink.begun == 0


async def test_a_connection_lost_after_the_mail_was_begun_leaves_doubt() -> None:
    sink = Sink(hangs_up=True)
    async with running(sink) as port:
        with pytest.raises(DeliveryInDoubt):
            await sink.send(port)
    assert sink.begun == 1


async def test_nothing_goes_out_when_the_lease_is_lost() -> None:
    async def lost() -> None:
        raise Conflict("The lease was lost.")

    sink = Sink()
    async with running(sink) as port:
        with pytest.raises(Conflict):
            await sender_to(port).send(MAIL, begin=lost)
    assert sink.mails == []


async def test_a_mail_carries_its_files_from_the_object_store_and_waits_for_one_that_is_not_there() -> None:
    sink, objects = Sink(), ObjectStore("memory:///")
    file = AttachedFile(Attachment(UUID(int=1), "a.txt", "text/plain", 7, ""), await objects.put(b"content"))
    missing = replace(file, digest="0" * 64)
    async with running(sink) as port:
        sender = sender_to(port, objects)
        refused = await sender.send(replace(MAIL, attachments=(file, missing)), begin=sink.begin)
        assert (refused.outcome, sink.begun) == (EffectOutcome.RETRY, 0)
        assert (await sender.send(replace(MAIL, attachments=(file,)), begin=sink.begin)).outcome is EffectOutcome.DONE
    content = sink.mails[0].content
    assert isinstance(content, bytes)
    mail = message_from_bytes(content, _class=EmailMessage, policy=policy.default)
    assert [part.get_content().strip() for part in mail.iter_attachments()] == ["content"]
