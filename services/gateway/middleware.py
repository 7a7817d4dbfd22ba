"""What surrounds every HTTP request: its id, its log line, its metrics, its limits, and the headers of every answer."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from http import HTTPStatus
from time import perf_counter
from uuid import uuid4

import structlog
from prometheus_client import Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.common.metrics import SECONDS, new_registry
from services.gateway.problems import problem_response
from services.gateway.uploads import LARGEST_FORM, STREAMED_PATHS

# Unless a page says otherwise, answers are data: whatever a browser takes one for, it loads and runs nothing (CSP 3).
# With no referrer at all, browsers would not say either that a form comes from a page of ours (Fetch, "Origin").
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_DRAIN_SECONDS = 5
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_TICKET_KEY = re.compile(r"[0-9a-f-]{36}|[0-9]{1,18}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}")

log = structlog.get_logger()


class Metrics:
    """What /metrics tells: requests by method, route and status with their seconds, and the process itself."""

    def __init__(self) -> None:
        self.registry = new_registry()
        self._seconds = Histogram(
            "duradesk_http_request_seconds",
            "Seconds that HTTP requests took, by route template.",
            ["method", "route", "status"],
            buckets=SECONDS,
            registry=self.registry,
        )

    def observe(self, scope: Scope, *, status: int, seconds: float) -> None:
        """Count one request. Labels take few values only: a caller cannot make up new ones."""
        self._seconds.labels(method_of(scope), route_of(scope), str(status)).observe(seconds)


def method_of(scope: Scope) -> str:
    """The request's method, if it is one that there is."""
    return scope["method"] if scope["method"] in _METHODS else "other"


def route_of(scope: Scope) -> str:
    """The template of the route that served the request."""
    return getattr(scope.get("route"), "path", "none")


def _ticket_of(scope: Scope) -> str | None:
    """The ticket that the path names; other words in its place are the caller's, and not for the log."""
    key = str(scope.get("path_params", {}).get("ticket_id", ""))
    return key if _TICKET_KEY.fullmatch(key) else None


class RequestEdge:
    """Gives each request an id, logs and measures it once, and turns what nobody foresaw into an opaque 500."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            await self._serve(scope, receive, _Answer(send, request_id))

    async def _serve(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        began = perf_counter()
        try:
            await self._app(scope, receive, answer)
        except ClientDisconnect:
            answer.status = 499
        except Exception:
            log.exception("http.failed")
            if answer.status:
                raise
            response = problem_response(
                HTTPStatus.INTERNAL_SERVER_ERROR,
                "Duradesk failed for a reason of its own; its log says which.",
                reason="INTERNAL",
            )
            await response(scope, receive, answer)
        finally:
            seconds = perf_counter() - began
            self._metrics.observe(scope, status=answer.status, seconds=seconds)
            log.info(
                "http.request",
                method=scope["method"],
                route=route_of(scope),
                ticket=_ticket_of(scope),
                status=answer.status,
                milliseconds=round(seconds * 1000, 1),
            )


class _Answer:
    """Sends with the headers that every answer has, and notes the status."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = request_id
        self.status = 0

    async def __call__(self, message: Message) -> None:
        """Send one message of the answer."""
        if message["type"] == "http.response.start":
            self.status = int(message["status"])
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
            headers["X-Request-Id"] = self._request_id
        await self._send(message)


def _request_id(scope: Scope) -> str:
    given = Headers(scope=scope).get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else uuid4().hex


class BodyLimit:
    """Refuses a body of more than `limit` bytes, or one that takes longer, before anything else reads it.

    On the paths of uploads the body is not read here, only counted while it is read there, up to a limit of their own.
    """

    def __init__(self, app: ASGIApp, *, limit: int, seconds: float = 60, upload_seconds: float = 300) -> None:
        self._app = app
        self._limit = limit
        self._seconds = seconds
        self._upload_seconds = upload_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request whose body is small enough."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if STREAMED_PATHS.fullmatch(scope["path"]):
            await self._app(scope, _counted(receive, seconds=self._upload_seconds), send)
            return
        chunks = _chunks(receive)
        try:
            async with asyncio.timeout(self._seconds):
                body = await self._read(chunks)
        except TimeoutError:
            await self._too_slow()(scope, receive, send)
            return
        if body is None:
            await _drain(chunks)
            await self._too_large()(scope, receive, send)
            return
        await self._app(scope, _replay(body, receive), send)

    async def _read(self, chunks: AsyncIterator[bytes]) -> bytes | None:
        """The body, or None as soon as it is too large."""
        body = bytearray()
        async for chunk in chunks:
            body += chunk
            if len(body) > self._limit:
                return None
        return bytes(body)

    def _too_slow(self) -> Response:
        return problem_response(
            HTTPStatus.REQUEST_TIMEOUT,
            f"The body must come within {self._seconds:g} s.",
            reason="BODY_TOO_SLOW",
            headers={"Connection": "close"},
        )

    def _too_large(self) -> Response:
        return problem_response(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"The body may have {self._limit} bytes at most.",
            reason="BODY_TOO_LARGE",
            headers={"Connection": "close"},
        )


def _counted(receive: Receive, *, seconds: float) -> Receive:
    """The body as it comes, until it is too large or takes too long: then it ends with an error that is told."""
    left, deadline = LARGEST_FORM, asyncio.get_running_loop().time() + seconds
    close = {"Connection": "close"}

    async def counted() -> Message:
        nonlocal left
        try:
            async with asyncio.timeout_at(deadline):
                message = await receive()
        except TimeoutError:
            told = f"The body must come within {seconds:g} s."
            raise HTTPException(HTTPStatus.REQUEST_TIMEOUT, told, headers=close) from None
        left -= len(message.get("body", b""))
        if left < 0:
            await _drain(_chunks(receive))
            told = f"The body may have {LARGEST_FORM} bytes at most."
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, told, headers=close)
        return message

    return counted


async def _drain(chunks: AsyncIterator[bytes]) -> None:
    # A caller who is still sending when the connection closes never sees the answer.
    with suppress(TimeoutError):
        async with asyncio.timeout(_DRAIN_SECONDS):
            async for _ in chunks:
                pass


async def _chunks(receive: Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        yield message.get("body", b"")
        more = message.get("more_body", False)


def _replay(body: bytes, receive: Receive) -> Receive:
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return pending.pop() if pending else await receive()

    return replay
