"""Channels to our services: they carry token, request id and deadline, try again, and restore domain errors.

A call whose answer is a stream has no deadline unless it says one, and is not tried again once it has begun.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import grpc
import structlog
from grpc_health.v1 import health_pb2, health_pb2_grpc
from opentelemetry.trace import SpanKind

from services.common.errors import restore
from services.common.tracing import HEADER, current_traceparent, inner_span
from services.domain.errors import DuradeskError

DEADLINE_SECONDS = 10.0
MAXIMUM_MESSAGE_BYTES = 32 * 1024 * 1024
_HEALTH_SECONDS = 2.0

R = TypeVar("R")

_token: ContextVar[str] = ContextVar("token")

# All our writes carry a request id or a version guard, so a call that may have been served is safe to make again.
_SERVICE_CONFIG = {
    "methodConfig": [
        {
            "name": [{}],
            "retryPolicy": {
                "maxAttempts": 4,
                "initialBackoff": "0.1s",
                "maxBackoff": "2s",
                "backoffMultiplier": 3,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ]
}
_OPTIONS: list[tuple[str, Any]] = [
    ("grpc.service_config", json.dumps(_SERVICE_CONFIG)),
    ("grpc.max_receive_message_length", MAXIMUM_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAXIMUM_MESSAGE_BYTES),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    # The defaults wait up to two minutes before they look for a restarted service again.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    # Services are reached directly: a proxy for the web in the environment is not meant for them.
    ("grpc.enable_http_proxy", 0),
]


@contextmanager
def calling_as(token: str) -> Iterator[None]:
    """Make the calls inside with this bearer token, on channels that were opened without credentials of their own."""
    before = _token.set(token)
    try:
        yield
    finally:
        _token.reset(before)


def open_channel(
    address: str, *, credentials: Callable[[], str] | None = None, ca: Path | None = None
) -> grpc.aio.Channel:
    """A channel to `address` (host:port), over TLS when `ca` names the authority to trust.

    `credentials` gives the bearer token of each call; without it the one of `calling_as` is sent, or none.
    Calls raise domain errors and end after 10 s unless they say otherwise.
    """
    interceptors: Any = [_Caller(credentials), _StreamCaller(credentials)]
    if ca is None:
        return grpc.aio.insecure_channel(address, options=_OPTIONS, interceptors=interceptors)
    trusted = grpc.ssl_channel_credentials(root_certificates=ca.read_bytes())
    return grpc.aio.secure_channel(address, trusted, options=_OPTIONS, interceptors=interceptors)


async def not_serving(channels: Mapping[str, grpc.aio.Channel]) -> list[str]:
    """The names of those behind these channels that do not say, within 2 s, that they serve."""
    answers = await asyncio.gather(*map(_is_serving, channels.values()))
    return [name for name, serving in zip(channels, answers, strict=True) if not serving]


async def _is_serving(channel: grpc.aio.Channel) -> bool:
    check = health_pb2_grpc.HealthStub(channel).Check
    try:
        answer = await check(health_pb2.HealthCheckRequest(), timeout=_HEALTH_SECONDS)
    except DuradeskError:
        return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


class _Caller(grpc.aio.UnaryUnaryClientInterceptor):  # type: ignore[type-arg]
    def __init__(self, credentials: Callable[[], str] | None) -> None:
        self._credentials = credentials

    async def intercept_unary_unary(
        self, continuation: Callable[..., Any], client_call_details: Any, request: Any
    ) -> Any:
        timeout = DEADLINE_SECONDS if client_call_details.timeout is None else client_call_details.timeout
        with inner_span(_name(client_call_details.method), kind=SpanKind.CLIENT):
            metadata = _metadata(client_call_details, self._credentials)
            call = await continuation(client_call_details._replace(metadata=metadata, timeout=timeout), request)
            try:
                return await call
            except grpc.aio.AioRpcError as error:
                raise restore(error) from error


class _StreamCaller(grpc.aio.UnaryStreamClientInterceptor):  # type: ignore[type-arg]
    def __init__(self, credentials: Callable[[], str] | None) -> None:
        self._credentials = credentials

    async def intercept_unary_stream(
        self, continuation: Callable[..., Any], client_call_details: Any, request: Any
    ) -> Any:
        metadata = _metadata(client_call_details, self._credentials)
        return await continuation(client_call_details._replace(metadata=metadata), request)


def _name(method: str | bytes) -> str:
    return (method.decode() if isinstance(method, bytes) else method).removeprefix("/duradesk.")


def _metadata(details: Any, credentials: Callable[[], str] | None) -> grpc.aio.Metadata:
    metadata = grpc.aio.Metadata(*(details.metadata or ()))
    token = credentials() if credentials else _token.get(None)
    if token is not None:
        metadata["authorization"] = f"Bearer {token}"
    # A call that no request caused begins one: a server takes what brings no id for an outsider's call.
    metadata["x-request-id"] = structlog.contextvars.get_contextvars().get("request_id") or uuid4().hex
    if traceparent := current_traceparent():
        metadata[HEADER] = traceparent
    return metadata


async def responses(call: grpc.aio.UnaryStreamCall[Any, R]) -> AsyncGenerator[R, None]:
    """The answers of a streaming call, whose errors are domain errors; the call ends with the generator."""
    try:
        async for response in call:
            yield response
    except grpc.aio.AioRpcError as error:
        raise restore(error) from error
    finally:
        call.cancel()
