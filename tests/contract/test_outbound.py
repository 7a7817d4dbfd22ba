"""Requests to addresses that strangers name, over real sockets: none to our own network, none without end."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from services.common.outbound import Outbound, Refused
from services.domain.errors import Unavailable

PNG = b"\x89PNG\r\n\x1a\n"


@dataclass
class Server:
    """Answers with what it is told, and keeps what it was asked."""

    answers: list[bytes] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(self.answers.pop(0) if self.answers else ok(PNG))
        await writer.drain()
        writer.close()


def ok(content: bytes, *headers: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", "Content-Type: image/png", f"Content-Length: {len(content)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + content


def moved(to: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode()


@asynccontextmanager
async def running(*answers: bytes) -> AsyncIterator[Server]:
    server = Server(list(answers))
    async with await asyncio.start_server(server.serve, "127.0.0.1", 0) as listener:
        server.port = listener.sockets[0].getsockname()[1]
        yield server


async def everywhere(_host: str, _port: int) -> Sequence[str]:
    return ["127.0.0.1"]


ANY = range(65536)
OPEN = Outbound(ports=ANY, is_allowed=lambda _: True, look_up=everywhere)


async def get(outbound: Outbound, url: str, *, most_bytes: int = 1000, seconds: float = 5) -> bytes:
    return (await outbound.get(url, most_bytes=most_bytes, seconds=seconds)).content


async def test_only_ports_of_the_web_are_asked_and_those_that_are_named() -> None:
    async with running() as server:
        url = f"http://e.example:{server.port}/"
        with pytest.raises(Refused, match="Nothing is asked on port"):
            await get(Outbound(is_allowed=lambda _: True, look_up=everywhere), url)
        assert await get(Outbound(ports={server.port}, is_allowed=lambda _: True, look_up=everywhere), url) == PNG


async def test_the_answer_of_a_foreign_address_is_fetched_under_its_name_and_with_nothing_of_ours() -> None:
    async with running() as server:
        assert await get(OPEN, f"http://e.example:{server.port}/a?b=1") == PNG
    (asked,) = server.asked
    assert asked.startswith("GET /a?b=1 HTTP/1.1\r\n")
    assert f"Host: e.example:{server.port}\r\n" in asked
    for name in ("cookie", "authorization", "referer"):
        assert f"\r\n{name}:" not in asked.lower()


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "127.1", "0177.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "0"],
)
async def test_no_spelling_of_this_machine_is_asked(host: str) -> None:
    async with running() as server:
        with pytest.raises((Refused, Unavailable)):
            await get(Outbound(ports=ANY), f"http://{host}:{server.port}/")
    assert server.asked == []


async def test_a_name_with_one_address_inside_is_refused_and_a_second_look_up_cannot_lead_there() -> None:
    looked = 0

    async def rebinding(_host: str, _port: int) -> Sequence[str]:
        nonlocal looked
        looked += 1
        return ["93.184.216.34"] if looked == 1 else ["127.0.0.1"]

    async def both(_host: str, _port: int) -> Sequence[str]:
        return ["93.184.216.34", "127.0.0.1"]

    async with running() as server:
        with pytest.raises(Refused):
            await get(Outbound(ports=ANY, look_up=both), f"http://e.example:{server.port}/")
        with pytest.raises(Unavailable):
            await get(Outbound(ports=ANY, look_up=rebinding), f"http://e.example:{server.port}/", seconds=0.5)
    assert (server.asked, looked) == ([], 1)


async def test_each_redirect_is_checked_anew_and_there_are_three_at_most() -> None:
    async with running() as inside:

        async def look_up(host: str, _port: int) -> Sequence[str]:
            return ["127.0.0.1"] if host == "out.example" else ["10.0.0.1"]

        def is_allowed(address: object) -> bool:
            return str(address) == "127.0.0.1"

        outbound = Outbound(ports=ANY, is_allowed=is_allowed, look_up=look_up)
        for to in (f"http://in.example:{inside.port}/", "file:///etc/passwd", "//in.example/", "gopher://out.example/"):
            async with running(moved(to)) as server:
                with pytest.raises(Refused):
                    await get(outbound, f"http://out.example:{server.port}/")
                assert len(server.asked) == 1
        assert inside.asked == []
        async with running(*[moved("/next")] * 4) as server:
            with pytest.raises(Refused, match="redirects"):
                await get(outbound, f"http://out.example:{server.port}/")
            assert len(server.asked) == 4
        async with running(*[moved("/next")] * 3) as server:
            assert await get(outbound, f"http://out.example:{server.port}/") == PNG


@pytest.mark.parametrize(
    "url",
    [
        "ftp://e.example/",
        "http://user:word@e.example/",
        "http://",
        "e.example",
        "javascript:x()",
        "http://[x/",
        "http://e.example:99999/",
    ],
)
async def test_what_is_no_plain_web_address_is_not_asked(url: str) -> None:
    with pytest.raises((Refused, Unavailable)):
        await get(OPEN, url)


async def test_an_answer_has_a_largest_size_and_a_longest_time() -> None:
    async with running(ok(bytes(1001)), ok(bytes(1000)), b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n") as server:
        url = f"http://e.example:{server.port}/"
        with pytest.raises(Refused, match="1000 bytes"):
            await get(OPEN, url)
        assert len(await get(OPEN, url)) == 1000
        with pytest.raises(Unavailable):
            await get(OPEN, url)

    async def silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await hold.wait()
        writer.close()

    hold = asyncio.Event()
    async with await asyncio.start_server(silent, "127.0.0.1", 0) as listener:
        with pytest.raises(Unavailable):
            await get(OPEN, f"http://e.example:{listener.sockets[0].getsockname()[1]}/", seconds=0.2)
        hold.set()


async def test_an_error_is_no_answer() -> None:
    async with running(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n") as server:
        with pytest.raises(Refused, match="404"):
            await get(OPEN, f"http://e.example:{server.port}/")


@pytest.mark.parametrize("host", ["a..example", "..", "xn--", "a" * 70 + ".example"])
async def test_what_cannot_be_a_name_is_not_asked(host: str) -> None:
    with pytest.raises((Refused, Unavailable)):
        await get(Outbound(), f"http://{host}/")
