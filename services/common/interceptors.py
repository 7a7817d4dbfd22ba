"""What happens around each call that a server takes: request context and log, errors, authorization."""

import asyncio
import logging
import re
from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Set
from contextlib import aclosing
from time import perf_counter
from typing import Any, NoReturn
from uuid import uuid4

import grpc
import structlog
from google.protobuf.message import DecodeError
from opentelemetry.trace import SpanKind

from services.common.auth import Authenticator, acting_as
from services.common.errors import DETAILS_KEY, code_of, to_status, words_of
from services.common.guarded import run_while
from services.common.metrics import CallMetrics
from services.common.tracing import HEADER, span
from services.domain.errors import DuradeskError, Forbidden, Invalid, Unauthenticated, Unavailable
from services.domain.principal import Principal

ANONYMOUS = "anonymous"
LONGEST_CALL_SECONDS = 60
# How often it is asked whether the caller of a stream still has their right to it.
_RECHECK_SECONDS = 4.0

# Health and reflection tell nothing about anybody; they answer whoever reaches the port.
_OPEN = ("/grpc.health.v1.Health/", "/grpc.reflection.v1alpha.ServerReflection/")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}")

Context = grpc.aio.ServicerContext[Any, Any]
Details = grpc.HandlerCallDetails
Answer = Callable[[], Awaitable[Any]]

log = structlog.get_logger()


class Interceptor(grpc.aio.ServerInterceptor):  # type: ignore[type-arg]
    """A step around every call but those of health and reflection."""

    @abstractmethod
    async def around(self, answer: Answer, *, details: Details, context: Context) -> Any:
        """Answer the call, with what this step adds."""

    async def intercept_service(
        self, continuation: Callable[[Details], Awaitable[Any]], handler_call_details: Details
    ) -> Any:
        """Wrap the handler of this call."""
        handler = await continuation(handler_call_details)
        if handler is None or handler_call_details.method.startswith(_OPEN):
            return handler

        # Requests as a stream, so that all steps come before the message is read: nobody holds memory by half of one.
        if handler.response_streaming:
            serve = handler.stream_stream or _reading_first(_writing_all(handler.unary_stream))
            wrap = grpc.stream_stream_rpc_method_handler
        else:
            serve = handler.stream_unary or _reading_first(handler.unary_unary)
            wrap = grpc.stream_unary_rpc_method_handler

        async def served(requests: AsyncIterator[Any], context: Context) -> Any:
            return await self.around(lambda: serve(requests, context), details=handler_call_details, context=context)

        return wrap(
            served, request_deserializer=handler.request_deserializer, response_serializer=handler.response_serializer
        )


def _reading_first(unary: Callable[[Any, Context], Awaitable[Any]]) -> Callable[[Any, Context], Awaitable[Any]]:
    """The method as one that gets its one message as a stream."""

    async def read(requests: AsyncIterator[Any], context: Context) -> Any:
        try:
            request = await anext(aiter(requests))
        except (DecodeError, StopAsyncIteration):
            raise Invalid("The call brings no message of this method.") from None
        return await unary(request, context)

    return read


def _writing_all(stream: Callable[[Any, Context], AsyncGenerator[Any, None]]) -> Callable[[Any, Context], Any]:
    """The method as one that writes its answers itself: so a step surrounds a stream as it does a single answer."""

    async def write(request: Any, context: Context) -> None:
        async with aclosing(stream(request, context)) as responses:
            async for response in responses:
                await context.write(response)

    return write


class Tracing(Interceptor):
    """Makes the call part of its caller's trace; one from outside begins a trace, but for those of `streams`.

    What our own processes ask by themselves, which brings a request id and no trace, begins none.
    """

    def __init__(self, *, streams: Set[str] = frozenset()) -> None:
        self._streams = streams

    async def around(self, answer: Answer, *, details: Details, context: Context) -> Any:
        """Answer within a span that knows the code."""
        parent, from_us = _metadata(details, HEADER), _REQUEST_ID.fullmatch(_metadata(details, "x-request-id"))
        if details.method in self._streams or (from_us and not parent):
            return await answer()
        with span(details.method.removeprefix("/duradesk."), kind=SpanKind.SERVER, parent=parent) as served:
            try:
                return await answer()
            finally:
                served.set_attribute("rpc.grpc.status_code", _code_name(context))


class RequestContext(Interceptor):
    """Binds request id and method to the logs, logs and counts the call once, and hides what nobody foresaw.

    A call is logged where it enters: one that comes from a process of ours, which brings a request id, only when it
    fails or for debugging. One of `streams` is not counted: how long somebody watches says nothing.
    """

    def __init__(self, metrics: CallMetrics, *, streams: Set[str] = frozenset()) -> None:
        self._metrics = metrics
        self._streams = streams

    async def around(self, answer: Answer, *, details: Details, context: Context) -> Any:
        """Answer; an unknown exception is logged here, once, and becomes an opaque INTERNAL."""
        request_id = _metadata(details, "x-request-id")
        level = logging.DEBUG
        if not _REQUEST_ID.fullmatch(request_id):
            request_id, level = uuid4().hex, logging.INFO
        structlog.contextvars.bind_contextvars(request_id=request_id, method=details.method)
        began, code = perf_counter(), grpc.StatusCode.OK.name
        try:
            return await answer()
        except grpc.aio.AbortError:
            code = _code_name(context)
            raise
        except asyncio.CancelledError:
            code = grpc.StatusCode.CANCELLED.name
            raise
        except Exception:
            code = grpc.StatusCode.INTERNAL.name
            log.exception("grpc.failed")
            await _abort(context, DuradeskError("The service failed for a reason of its own; its log says which."))
        finally:
            seconds = perf_counter() - began
            if details.method not in self._streams:
                self._metrics.observe(details.method, code=code, seconds=seconds)
            log.log(
                level if code == grpc.StatusCode.OK.name else logging.INFO,
                "grpc.call",
                code=code,
                milliseconds=round(seconds * 1000, 1),
            )


class Errors(Interceptor):
    """Turns domain errors into statuses and ends a call that takes too long, but for those of `streams`."""

    def __init__(self, *, streams: Set[str] = frozenset()) -> None:
        self._streams = streams

    async def around(self, answer: Answer, *, details: Details, context: Context) -> Any:
        """Answer within a minute; the caller's own deadline is mostly shorter and kept by gRPC."""
        seconds = None if details.method in self._streams else LONGEST_CALL_SECONDS
        try:
            async with asyncio.timeout(seconds) as limit:
                return await answer()
        except DuradeskError as error:
            await _abort(context, error)
        except TimeoutError:
            if not limit.expired():
                raise
            await _abort(context, Unavailable(f"The call took longer than {LONGEST_CALL_SECONDS} s and was ended."))


class Authorization(Interceptor):
    """Finds out who is calling and whether the method is for them.

    One of `streams` is served for as long as that is so, and until the server is `stopping`.
    """

    def __init__(
        self,
        authenticator: Authenticator,
        permissions: Mapping[str, str],
        *,
        streams: Set[str] = frozenset(),
        stopping: asyncio.Event | None = None,
    ) -> None:
        self._authenticator = authenticator
        self._permissions = dict(permissions)
        self._streams = streams
        self._stopping = stopping or asyncio.Event()

    async def around(self, answer: Answer, *, details: Details, context: Context) -> Any:
        """Answer for the principal that the bearer token names, if its role grants the method's permission."""
        permission = self._permissions.get(details.method)
        if permission is None:
            raise Forbidden("This method is not open to anybody.")
        if permission == ANONYMOUS:
            return await answer()
        scheme, _, token = _metadata(details, "authorization").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated("Send a token in the metadata, as `authorization: Bearer <token>`.")
        principal = await self._authenticator.authenticate(token)
        principal.require(permission)
        with acting_as(principal):
            if details.method in self._streams:
                return await run_while(self._guard(token, permission, principal), answer())
            return await answer()

    async def _guard(self, token: str, permission: str, principal: Principal) -> NoReturn:
        """Wait until the stream of the token has to end, and raise why."""
        while True:
            try:
                async with asyncio.timeout(_RECHECK_SECONDS):
                    await self._stopping.wait()
            except TimeoutError:
                present = await self._authenticator.authenticate(token, anew=True)
                present.require(permission)
                if present != principal:
                    # What a stream may tell was decided when it began.
                    raise Unauthenticated("Your role has changed: begin the stream anew.") from None
            else:
                raise Unavailable("The service stops: go on from the last position in a second.")


def _metadata(details: Details, key: str) -> str:
    for name, value in details.invocation_metadata or ():
        if name == key:
            return value if isinstance(value, str) else ""
    return ""


def _code_name(context: Context) -> str:
    code: Any = context.code() or grpc.StatusCode.OK
    return next((known.name for known in grpc.StatusCode if code in (known, known.value[0])), "UNKNOWN")


async def _abort(context: Context, error: DuradeskError) -> NoReturn:
    details = ((DETAILS_KEY, to_status(error).SerializeToString()),)
    await context.abort(code_of(error), words_of(error), details)
    raise AssertionError("abort always raises")
