"""Loads: so many calls at once or at a pace, over gRPC and bare HTTP/1.1, with clients as light as Python allows."""

import asyncio
import time
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count, islice
from uuid import uuid4

from duradesk.tickets.v1 import ticket_service_pb2 as pb

from tests.bench.seed import stories

# Enough different texts, and few enough to have their words at hand.
_TEXTS = [(story.subject, story.turns[0].text) for story in islice(stories(), 50)]
_numbers = count()

Call = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Ran:
    """How long the calls of a round took, each and together, in seconds."""

    seconds: float = 0.0
    each: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Calls a second."""
        return len(self.each) / self.seconds if self.seconds else 0.0

    def __add__(self, other: "Ran") -> "Ran":
        return Ran(self.seconds + other.seconds, self.each + other.each)


def new_ticket(**overrides: object) -> pb.CreateTicketRequest:
    """A request as a door makes it: a text of a customer, a requester nobody knows yet, a request id."""
    number = next(_numbers)
    subject, body = _TEXTS[number % len(_TEXTS)]
    said = {
        "request_id": uuid4().hex,
        "subject": subject,
        "body": body,
        "requester_email": f"{uuid4().hex}@example.com",
        "requester_name": "Ann Whitfield",
    }
    return pb.CreateTicketRequest(**(said | overrides))  # type: ignore[arg-type]


async def at_once(call: Call, calls: int, *, concurrency: int) -> Ran:
    """Make the calls, so many at the same time; the first error ends it."""
    left, each = iter(range(calls)), list[float]()

    async def caller() -> None:
        for _ in left:
            began = time.perf_counter()
            await call()
            each.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(concurrency)))
    return Ran(time.perf_counter() - began, each)


async def paced(call: Call, calls: int, *, per_second: float) -> Ran:
    """Make the calls at a pace, whether or not the ones before have been answered."""
    began, each = time.perf_counter(), list[float]()

    async def caller(number: int) -> None:
        await asyncio.sleep(began + number / per_second - time.perf_counter())
        called = time.perf_counter()
        await call()
        each.append(time.perf_counter() - called)

    await asyncio.gather(*(caller(number) for number in range(calls)))
    return Ran(time.perf_counter() - began, each)


class Http:
    """Connections that stay open, each for one request at a time."""

    def __init__(self, address: tuple[str, int], token: str) -> None:
        self._address = address
        self._head = f"Host: {address[0]}\r\nAuthorization: Bearer {token}\r\n"
        self._idle: list[tuple[StreamReader, StreamWriter]] = []

    async def get(self, target: str) -> bytes:
        """The body of an answer; AssertionError unless it is 200."""
        return await self._ask(f"GET {target} HTTP/1.1\r\n{self._head}\r\n".encode(), b"200")

    async def post(self, target: str, body: bytes, *, key: str) -> bytes:
        """The body of an answer to JSON; AssertionError unless it is 201."""
        head = f"Idempotency-Key: {key}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        return await self._ask(f"POST {target} HTTP/1.1\r\n{self._head}{head}\r\n".encode() + body, b"201")

    async def _ask(self, request: bytes, wanted: bytes) -> bytes:
        reader, writer = self._idle.pop() if self._idle else await asyncio.open_connection(*self._address)
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        body = await reader.readexactly(int(length.partition(b":")[2]))
        self._idle.append((reader, writer))
        assert head.split(b" ", 2)[1] == wanted, (head, body)
        return body

    async def close(self) -> None:
        """End the connections."""
        for _, writer in self._idle:
            writer.close()
            await writer.wait_closed()


@asynccontextmanager
async def connected(address: tuple[str, int], token: str) -> AsyncIterator[Http]:
    """A client whose connections end with the block."""
    http = Http(address, token)
    try:
        yield http
    finally:
        await http.close()
