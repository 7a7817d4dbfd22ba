"""A wire between two of our parts that a test can cut, delay and make lose what comes back."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress

from tests.ports import free_port

_PIECE = 65_536


def _at_once() -> float:
    return 0.0


class Proxy:
    """Listens on `port` and passes everything on to `target`.

    `wait` says how long the next piece lies on the wire, so that what takes another connection overtakes it; while
    `loses_answers`, what the target says is thrown away: its work is done, and nobody hears of it.
    """

    def __init__(self, target: int = 0) -> None:
        self.target = target
        self.port = free_port()
        self.wait: Callable[[], float] = _at_once
        self.loses_answers = False
        self.cuts = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._listens, self._stops = threading.Event(), asyncio.Event()

    @property
    def address(self) -> str:
        """Where clients reach the target through it."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen."""
        self._thread.start()
        assert self._listens.wait(30)

    def stop(self) -> None:
        """Listen no more, and cut what is open."""
        self._loop.call_soon_threadsafe(self._stops.set)
        self._thread.join(30)

    def heal(self) -> None:
        """Be a wire like any other from now on; what has lost answers is cut, so that nobody waits for them."""
        self.wait = _at_once
        if self.loses_answers:
            self.cut()

    def cut(self) -> None:
        """Break every connection that is open now; no answer that was lost comes through before that."""
        self.cuts += 1
        self._loop.call_soon_threadsafe(self._abort)

    def _abort(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        self.loses_answers = False

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._listen())

    async def _listen(self) -> None:
        async with await asyncio.start_server(self._serve, "127.0.0.1", self.port):
            self._listens.set()
            await self._stops.wait()
            self._abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, far_writer}
        try:
            await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer, answers=True))
        finally:
            self._writers -= {writer, far_writer}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool = False) -> None:
        with suppress(OSError):
            while piece := await reader.read(_PIECE):
                if seconds := self.wait():
                    await asyncio.sleep(seconds)
                if not (answers and self.loses_answers):
                    writer.write(piece)
                    await writer.drain()
        writer.close()
