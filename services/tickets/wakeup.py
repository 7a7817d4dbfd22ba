"""Tells waiting claimers, in every process of the service, that the outbox changed.

The first change is told at once, and those of the next milliseconds together: a claimer that looked after each of many
would keep the database from what they wait for. A NOTIFY inside a writing transaction would make all commits wait for
each other, so it goes out after the commit on a connection of its own. It is a hint: a claimer that misses one looks by
itself a second later.
"""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

import structlog
from psycopg import AsyncConnection, Error

_GATHER_SECONDS = 0.05
_BACK_OFF_SECONDS = (0.1, 0.3, 1.0, 2.0)
# A hint need not reach the disk: the next ticket's commit would wait for it.
_OPTIONS = "-c synchronous_commit=off"

log = structlog.get_logger()


class Wakeup:
    """`set` wakes all waiters here and elsewhere; it works between `async with`'s begin and end."""

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url
        self._changed = asyncio.Event()
        self._untold = asyncio.Event()
        self._unsent = asyncio.Event()
        self._sender_pid = 0
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        works = (self._tell(), self._keep(self._send), self._keep(self._receive))
        self._tasks = [asyncio.create_task(work) for work in works]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def set(self) -> None:
        """Say that the outbox changed; call it after the commit. Returns at once."""
        self._untold.set()

    def next(self) -> asyncio.Event:
        """The event of the next change: take it before you look, so that no change falls between look and wait."""
        return self._changed

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def _tell(self) -> None:
        while True:
            await self._untold.wait()
            self._untold.clear()
            self._wake()
            self._unsent.set()
            await asyncio.sleep(_GATHER_SECONDS)

    async def _keep(self, work: Callable[[AsyncConnection], Awaitable[None]]) -> None:
        """Do the work on a connection of its own, and on a new one whenever that is lost."""
        failures = 0
        while True:
            try:
                connection = await AsyncConnection.connect(
                    self._database_url, autocommit=True, connect_timeout=5, options=_OPTIONS
                )
                async with connection:
                    failures = 0
                    await work(connection)
            except (Error, OSError):
                log.warning("wakeup.connection_lost", failures=failures)
            await asyncio.sleep(_BACK_OFF_SECONDS[min(failures, len(_BACK_OFF_SECONDS) - 1)])
            failures += 1

    async def _send(self, connection: AsyncConnection) -> None:
        self._sender_pid = connection.info.backend_pid
        while True:
            await self._unsent.wait()
            self._unsent.clear()
            try:
                await connection.execute("NOTIFY duradesk_outbox")
            except Error:
                self._unsent.set()
                raise

    async def _receive(self, connection: AsyncConnection) -> None:
        await connection.execute("LISTEN duradesk_outbox")
        # What was said while nobody listened is not repeated.
        self._wake()
        while True:
            await _readable(connection)
            connection.pgconn.consume_input()
            while notice := connection.pgconn.notifies():
                if notice.be_pid != self._sender_pid:
                    self._wake()


async def _readable(connection: AsyncConnection) -> None:
    """Until the server says something. The driver's own wait for notices looks up ten times a second."""
    loop, said = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(connection.fileno(), said.set)
    try:
        await said.wait()
    finally:
        loop.remove_reader(connection.fileno())
