"""HTTP/1.1 as the gateway speaks it, and the server that does."""

import socket

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from services.gateway.middleware import SECURITY_HEADERS
from services.gateway.web.live import Streams


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

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop serving."""
        self._streams.stop()
        await super().shutdown(sockets)
