"""The processes that read mails: whatever a mail does to its reader, it is told, and the next mails pass."""

import os
import signal
from pathlib import Path

import pytest

from services.domain.errors import Invalid
from services.mail import parsers
from services.mail.parsers import MailParsers
from tests.contract.mail.conftest import MailRoom

HEAD = b"From: cleo@c.example\r\nSubject: Bomb\r\n"
PLAIN = HEAD + b"\r\nIt is on fire\r\n"


def nested(levels: int) -> bytes:
    parts = (f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n'.encode() for n in range(levels))
    return HEAD + b"".join(parts) + b"Content-Type: text/plain\r\n\r\ndeep"


def forwarded(levels: int) -> bytes:
    return HEAD + b"Content-Type: message/rfc822\r\n\r\n" * levels


def parts(count: int) -> bytes:
    return HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * count + b"--b--\r\n"


BOMBS = {
    "500 levels": (nested(500), "TOO_NESTED"),
    "5000 levels": (nested(5_000), "TOO_NESTED"),
    "500 mails in mails": (forwarded(500), "TOO_NESTED"),
    "5000 mails in mails": (forwarded(5_000), "TOO_NESTED"),
    "100000 parts": (parts(100_000), "TOO_COMPLEX"),
    "large headers": (b"X: y\r\n" * 100_000 + PLAIN, "HEADER_TOO_LONG"),
    "one large header": (b"X: " + b"y" * 600_000 + b"\r\n" + PLAIN, "HEADER_TOO_LONG"),
    "endless boundaries": (HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n" * 5_000 + b"\r\n", "TOO_NESTED"),
    "a long boundary": (
        HEAD + b'Content-Type: multipart/mixed; boundary="' + b"b" * 3_900 + b'"\r\n\r\n' + b"--" * 400_000,
        "",
    ),
}


@pytest.mark.parametrize(("raw", "code"), BOMBS.values(), ids=BOMBS.keys())
async def test_a_bomb_is_parked_with_its_source_and_the_next_mails_pass(
    mail_room: MailRoom, raw: bytes, code: str
) -> None:
    assert await mail_room.send(raw) == 250
    assert await mail_room.codes() == ([code] if code else [])
    for number in range(100):
        assert await mail_room.send(PLAIN + str(number).encode()) == 250
    assert len(await mail_room.subjects()) == (100 if code else 101)
    if code:
        kept = await mail_room.desk.row("SELECT raw_source FROM quarantine")
        assert bytes(kept["raw_source"]).rstrip() == raw.rstrip()


async def test_fifty_megabytes_of_headers_are_refused_by_their_size(mail_room: MailRoom) -> None:
    assert await mail_room.send((b"X: " + b"y" * 995 + b"\r\n") * 50_000 + PLAIN) == 552
    assert await mail_room.send(PLAIN) == 250
    assert await mail_room.subjects() == ["Bomb"]


def told(process: parsers._Process, what: str) -> str:
    """What the system says of the process."""
    return Path(f"/proc/{process._process.pid}/{what}").read_text()


async def read(readers: MailParsers, raw: bytes = PLAIN) -> str:
    return (await readers.parse_mail(raw, envelope_sender="cleo@c.example")).text


async def test_a_process_reads_many_mails_and_none_of_our_environment() -> None:
    async with MailParsers(1) as readers:
        assert await read(readers) == "It is on fire"
        (first,) = readers._idle
        assert await read(readers) == "It is on fire"
        assert readers._idle == [first]
        environment = told(first, "environ")
    assert [line.partition("=")[0] for line in environment.rstrip("\0").split("\0")] == ["PYTHONPATH"]


async def test_a_process_that_was_killed_is_replaced_and_its_mail_read() -> None:
    async with MailParsers(1) as readers:
        await read(readers)
        os.kill(readers._idle[0]._process.pid, signal.SIGKILL)
        assert await read(readers) == "It is on fire"


async def test_a_mail_that_uses_up_its_time_is_too_complex_and_the_next_is_read() -> None:
    attributes = b"".join(b"a%d=1 " % number for number in range(100_000))
    async with MailParsers(1, cpu_seconds=1) as readers:
        with pytest.raises(Invalid) as refused:
            await read(readers, HEAD + b"Content-Type: text/html\r\n\r\n<p " + attributes + b">")
        assert refused.value.reason == "TOO_COMPLEX"
        assert await read(readers) == "It is on fire"


async def test_a_process_has_no_more_memory_than_its_share() -> None:
    async with MailParsers(1) as readers:
        await read(readers)
        limits = told(readers._idle[0], "limits")
    assert "Max address space         805306368" in limits
    assert "Max file size             0 " in limits
