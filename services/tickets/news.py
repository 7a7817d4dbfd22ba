"""News for everybody who watches: one reader of the database in each process, fanned out to all streams.

The reader looks when the outbox changed and once a second, as long as somebody watches. A watcher who does not keep up
is cut and goes on from their last position, so that nobody holds memory for them.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from uuid import UUID

import structlog

from services.domain.desk import News, TicketPresence
from services.domain.errors import DuradeskError, ResourceExhausted
from services.tickets.store.scope import Scope
from services.tickets.store.watch import Batch, WatchStore

_LOOK_SECONDS = 1.0
# What comes within this time is told together.
_GATHER_SECONDS = 0.05
# A position is told this often, however quiet it is: a heartbeat, and a short way to go on from.
_POSITION_SECONDS = 15.0
_MOST_EVENTS = 1_000

log = structlog.get_logger()


@dataclass(eq=False)
class _Watcher:
    scope: Scope
    user_id: str
    ticket_id: UUID | None
    told_at: float
    waiting: asyncio.Queue[News]
    people: TicketPresence | None = None
    is_cut: bool = False

    def tell(self, batch: Batch, *, now: float) -> None:
        """Put what concerns them into their queue."""
        changed, presence = batch.changed_for(self.scope), self._presence(batch)
        if not changed and presence is None and batch.is_complete and now < self.told_at + _POSITION_SECONDS:
            return
        self.told_at = now
        news = News(batch.position, changed if batch.is_complete else (), presence, reset=not batch.is_complete)
        try:
            self.waiting.put_nowait(news)
        except asyncio.QueueFull:
            self.is_cut = True

    def _presence(self, batch: Batch) -> TicketPresence | None:
        if self.ticket_id is None or not self.scope.internal:
            return None
        people = batch.presence_for(self.scope, self.ticket_id).without(self.user_id)
        if people == self.people:
            return None
        self.people = people
        return people


class NewsDesk:
    """Serves watchers between `async with`'s begin and end; `next_change` gives the event of the next commit.

    Whoever has `most_waiting` news that they did not read is cut.
    """

    def __init__(self, store: WatchStore, next_change: Callable[[], asyncio.Event], *, most_waiting: int = 100) -> None:
        self._most_waiting = most_waiting
        self._store = store
        self._next_change = next_change
        self._watchers: set[_Watcher] = set()
        self._wanted = asyncio.Event()
        self._looking = asyncio.Lock()
        self._position = ""

    async def __aenter__(self) -> Self:
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.cancel()
        with suppress(asyncio.CancelledError):
            await self._reader

    async def watch(
        self, *, after: str, scope: Scope, user_id: str, ticket_id: UUID | None
    ) -> AsyncGenerator[News, None]:
        """What came after the position, then what comes; ResourceExhausted (TOO_SLOW) for a reader who is cut."""
        async with self._watching(scope, user_id, ticket_id) as (watcher, begin):
            yield await self._missed(after, until=begin, scope=scope) if after else News(begin)
            while not watcher.is_cut:
                yield await watcher.waiting.get()
        raise ResourceExhausted("You read too slowly: go on from the last position.", reason="TOO_SLOW")

    @asynccontextmanager
    async def _watching(
        self, scope: Scope, user_id: str, ticket_id: UUID | None
    ) -> AsyncIterator[tuple[_Watcher, str]]:
        """A watcher, and the position from which on they are told."""
        now, waiting = asyncio.get_running_loop().time(), asyncio.Queue[News](self._most_waiting)
        watcher = _Watcher(scope, user_id, ticket_id, now, waiting)
        async with self._looking:
            if not self._watchers:
                self._position = await self._store.read_position()
            self._watchers.add(watcher)
            self._wanted.set()
            begin = self._position
        try:
            yield watcher, begin
        finally:
            self._watchers.discard(watcher)
            if not self._watchers:
                self._wanted.clear()

    async def _missed(self, after: str, *, until: str, scope: Scope) -> News:
        """What came between the position of somebody who comes back and the one from which on they are told."""
        if not await self._store.is_known(after):
            return News(until, reset=True)
        batch = await self._store.read_news(after=after, until=until, most=_MOST_EVENTS)
        if not batch.is_complete:
            return News(until, reset=True)
        return News(until, batch.changed_for(scope))

    async def _read(self) -> None:
        is_away = False
        while True:
            await self._wanted.wait()
            changed = self._next_change()
            try:
                await self._look()
                is_away = False
            except DuradeskError as error:
                if not is_away:
                    log.warning("news.database_away", reason=error.reason)
                is_away = True
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await changed.wait()
            await asyncio.sleep(_GATHER_SECONDS)

    async def _look(self) -> None:
        async with self._looking:
            tickets = {watcher.ticket_id for watcher in self._watchers if watcher.ticket_id is not None}
            batch = await self._store.read_news(after=self._position, most=_MOST_EVENTS, present_at=tickets)
            self._position = batch.position
            now = asyncio.get_running_loop().time()
            for watcher in [*self._watchers]:
                watcher.tell(batch, now=now)
                if watcher.is_cut:
                    self._cut(watcher)

    def _cut(self, watcher: _Watcher) -> None:
        """Forget them; whoever they are, they read on from where they are."""
        self._watchers.discard(watcher)
        while not watcher.waiting.empty():
            watcher.waiting.get_nowait()
        log.info("news.watcher_cut")
