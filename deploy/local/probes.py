"""How the supervisor learns that a process answers: one question each, asked again until it is answered."""

import asyncio
import urllib.request
from collections.abc import Awaitable, Callable
from pathlib import Path

import grpc
import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

Probe = Callable[[], Awaitable[bool]]

_SECONDS = 2.0


# Everything is on this machine: a proxy for the web in the environment is not meant for it.
_CHANNEL = (("grpc.enable_http_proxy", 0),)
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def grpc_health(address: str, service: str = "", *, ca: Path | None = None) -> Probe:
    """Whether a gRPC server says SERVING by grpc.health.v1; over TLS when `ca` names the authority to trust."""

    def channel() -> grpc.aio.Channel:
        if ca is None:
            return grpc.aio.insecure_channel(address, options=_CHANNEL)
        return grpc.aio.secure_channel(address, grpc.ssl_channel_credentials(ca.read_bytes()), options=_CHANNEL)

    async def ask() -> bool:
        # To see that nobody listens yet takes a tenth of what a channel takes.
        if not await _listens(address):
            return False
        # A server that is not there yet would make a shared channel wait longer each time; a fresh one asks at once.
        async with channel() as opened:
            check = health_pb2_grpc.HealthStub(opened).Check
            try:
                answer = await check(health_pb2.HealthCheckRequest(service=service), timeout=_SECONDS)
            except grpc.aio.AioRpcError:
                return False
            return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)

    return ask


async def _listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        async with asyncio.timeout(_SECONDS):
            _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


def http_ok(url: str) -> Probe:
    """Whether a GET answers 200."""

    def get() -> bool:
        try:
            with _OPENER.open(url, timeout=_SECONDS) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    async def ask() -> bool:
        return await asyncio.to_thread(get)

    return ask


def smtp_greeting(host: str, port: int) -> Probe:
    """Whether an SMTP server greets with 220 (RFC 5321, section 4.2)."""

    async def ask() -> bool:
        try:
            async with asyncio.timeout(_SECONDS):
                reader, writer = await asyncio.open_connection(host, port)
                try:
                    return (await reader.readline()).startswith(b"220")
                finally:
                    writer.close()
        except (OSError, TimeoutError):
            return False

    return ask
