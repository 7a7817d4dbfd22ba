"""/live: news for an open page as Server-Sent Events (HTML, 9.2), for as long as its session is open.

Each stream is one of the tickets service's, asked for in the caller's name: what is not for them is not even sent here.
An event's `id` is the position to go on from. The browser sends it back as Last-Event-ID when it connects again, also
after hours of sleep, and is told to `reset` (load anew) when too much has happened since.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import asdict
from typing import Annotated, Any, NoReturn

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse
from starlette.types import Send

from services.common.channel import calling_as
from services.common.guarded import run_while
from services.domain.desk import News
from services.domain.errors import DuradeskError, ResourceExhausted, Unauthenticated, Unavailable
from services.domain.principal import Principal
from services.gateway.deps import Behind, Services
from services.gateway.web.session import Caller, SessionToken

_RECHECK_SECONDS = 4.0
# Somebody counts as here for 60 s after the last sign.
_SEEN_SECONDS = 30.0
# A browser has six connections to an address, over all its tabs: one is left for the pages themselves.
MOST_STREAMS = 5
# After how many milliseconds a browser connects again.
_RETRY = "retry: 2000\n\n"

router = APIRouter(include_in_schema=False)


class Streams:
    """The streams that are open in this process: how many each session has, and the way to end them all."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()
        self._seen: dict[str, float] = {}
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """End all streams: the browsers come back within seconds, to whoever serves then."""
        self._stopping.set()

    def check(self, token: str) -> None:
        """ResourceExhausted when the session has as many as it may."""
        if self._open[token] >= MOST_STREAMS:
            raise ResourceExhausted(
                f"{MOST_STREAMS} pages of this session are kept up to date already: close one, or load this one anew.",
                reason="TOO_MANY_STREAMS",
            )

    @asynccontextmanager
    async def one(self, token: str) -> AsyncIterator[None]:
        """One more stream of this session."""
        self._open[token] += 1
        try:
            yield
        finally:
            self._open[token] -= 1
            if not self._open[token]:
                del self._open[token]
                self._seen.pop(token, None)

    async def guard(self, behind: Services, token: str, caller: Principal) -> NoReturn:
        """Wait until a stream of this session has to end, and raise why."""
        while True:
            await self._touch(behind, token, caller)
            try:
                async with asyncio.timeout(_RECHECK_SECONDS):
                    await self._stopping.wait()
            except TimeoutError:
                if await behind.sessions.authenticate(token, anew=True) != caller:
                    # What a stream may tell was decided when it began.
                    raise Unauthenticated("The role has changed: begin anew.") from None
            else:
                raise Unavailable("The gateway stops.")

    async def _touch(self, behind: Services, token: str, caller: Principal) -> None:
        """An open page is a sign that its reader is here: told at most every 30 s for all pages of a session."""
        now = asyncio.get_running_loop().time()
        if now >= self._seen.get(token, 0.0) + _SEEN_SECONDS and caller.may("availability.set"):
            self._seen[token] = now
            # The stream goes on without: who is not seen for a minute gets no tickets, and is back within seconds.
            with suppress(DuradeskError), calling_as(behind.signer.sign(caller)):
                await behind.staffing.touch_availability()


class _LiveResponse(StreamingResponse):
    media_type = "text/event-stream"

    def __init__(
        self, behind: Services, streams: Streams, token: str, caller: Principal, blocks: AsyncGenerator[str, None]
    ) -> None:
        # Or else a proxy in between may keep the events until there are many.
        super().__init__(blocks, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        self._blocks = blocks
        self._behind, self._streams, self._token, self._caller = behind, streams, token, caller

    async def stream_response(self, send: Send) -> None:
        """Send until the guard, the service or the browser ends it."""
        try:
            async with self._streams.one(self._token), aclosing(self._blocks):
                guard = self._streams.guard(self._behind, self._token, self._caller)
                await run_while(guard, super().stream_response(send))
        except DuradeskError:
            await send({"type": "http.response.body", "body": b"", "more_body": False})


@router.get("/live")
async def watch_events(
    request: Request,
    behind: Behind,
    token: SessionToken,
    caller: Caller,
    ticket: Annotated[str, Query(max_length=40)] = "",
    last_event_id: Annotated[str, Header(max_length=12_000)] = "",
) -> StreamingResponse:
    """The stream; 404 for a ticket that the caller may not see, 429 for one stream too many."""
    streams: Streams = request.app.state.streams
    streams.check(token)
    ticket_id = str((await behind.tickets.get_ticket(ticket)).id) if ticket else ""
    blocks = _blocks(behind, token, ticket_id=ticket_id, after=last_event_id)
    return _LiveResponse(behind, streams, token, caller, blocks)


async def _blocks(behind: Services, token: str, *, ticket_id: str, after: str) -> AsyncGenerator[str, None]:
    """The text of the stream; a ticket's page is told of that ticket and its children, however much happens beside.

    The tickets' stream ends with its credential each minute and goes on with a new one.
    """
    yield _RETRY
    while True:
        principal = await behind.sessions.authenticate(token)
        with calling_as(behind.signer.sign(principal)):
            try:
                async with aclosing(behind.desk.watch_events(after=after, ticket_id=ticket_id or None)) as told:
                    async for news in told:
                        after = news.position
                        yield "".join(_events(news, ticket_id=ticket_id))
            except Unauthenticated:
                await asyncio.sleep(_RECHECK_SECONDS / 10)


def _events(news: News, *, ticket_id: str) -> Iterator[str]:
    """A block for each event, the last one with the position: who got only a part of them gets all of them again."""
    events: list[tuple[str, Any]] = [("reset", {})] if news.reset else []
    told = (one for one in news.changed if not ticket_id or ticket_id in (str(one.ticket_id), str(one.parent_id)))
    events += [("changed", asdict(changed)) for changed in told]
    if news.presence is not None:
        events.append(("presence", asdict(news.presence)))
    lines = [f"event: {name}\ndata: {json.dumps(data, default=str)}\n" for name, data in events]
    # Nothing to tell: a comment that keeps the connection and moves the position.
    yield "\n".join(lines or [": nothing new\n"])
    yield f"id: {news.position}\n\n"
