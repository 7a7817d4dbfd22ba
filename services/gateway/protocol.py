"""HTTP/1.1 as the gateway speaks it, and the server that does."""

import asyncio
import socket
from contextlib import suppress
from types import FrameType

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from services.gateway.middleware import SECURITY_HEADERS
from services.gateway.web.live import Streams

_DATE_SECONDS = 1.0


class GatewayProtocol(H11Protocol):
    """uvicorn's, but what is no HTTP at all is refused with the headers that every other answer has."""

    def send_400_response(self, msg: str) -> None:
        """Refuse, and close the connection."""
        headers = {**SECURITY_HEADERS, "Content-Type": "text/plain; charset=utf-8", "Connection": "close"}
        events = (
            h11.Response(status_code=400, reason=b"Bad Request", headers=list(headers.items())),
            h11.Data(data=msg.encode("ascii")),
            h11.EndOfMessage(),
        )
        for event in events:
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


class GatewayServer(uvicorn.Server):
    """uvicorn's, but streams, which would go on for ever, end when it is to stop; other requests have their 5 s."""

    def __init__(self, config: uvicorn.Config, streams: Streams) -> None:
        super().__init__(config)
        self._streams = streams
        self._loop, self._told = asyncio.get_running_loop(), asyncio.Event()

    async def main_loop(self) -> None:
        """Until it is told to stop; uvicorn's own asks itself ten times a second. A tick renews the answers' date."""
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                async with asyncio.timeout(_DATE_SECONDS):
                    await self._told.wait()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Note the signal."""
        super().handle_exit(sig, frame)
        self._loop.call_soon_threadsafe(self._told.set)

    def stop(self) -> None:
        """End without a signal."""
        self.should_exit = True
        self._told.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop serving."""
        self._streams.stop()
        await super().shutdown(sockets)
