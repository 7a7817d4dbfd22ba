"""What happens around each call that a server takes: request context and log, errors, authorization."""

import asyncio
import logging
import re
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence, Set
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
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

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}")

_END = grpc.aio.EOF  # type: ignore[attr-defined]  # the stubs lack it
Context = grpc.aio.ServicerContext[Any, Any]
Handler = Any  # grpc.RpcMethodHandler, whose stub is generic and whose class is not
Answer = Callable[[], Awaitable[Any]]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the method of this full name."""

    method: str
    context: Context

    def metadata(self, key: str) -> str:
        """What the caller said of it besides the message, or nothing."""
        for name, value in self.context.invocation_metadata() or ():
            if name == key:
                return value if isinstance(value, str) else ""
        return ""


class Interceptor(ABC):
    """A step around each call."""

    @abstractmethod
    async def around(self, answer: Answer, call: Call) -> Any:
        """Answer the call, with what this step adds."""


def surrounded(handler: Handler, method: str, interceptors: Sequence[Interceptor]) -> Handler:
    """The handler of the method of this full name, with these steps around each call, the first outermost.

    Worked out once, not for each call as gRPC does it with interceptors of its own.
    """
    # Requests as a stream, so that all steps come before the message is read: nobody holds memory by half of one.
    if handler.response_streaming:
        serve, wrap = _writing_all(handler.unary_stream), grpc.stream_stream_rpc_method_handler
    else:
        serve, wrap = handler.unary_unary, grpc.stream_unary_rpc_method_handler

    async def read_and_serve(context: Context) -> Any:
        try:
            request = await context.read()
        except DecodeError:
            request = _END
        if request is _END:
            raise Invalid("The call brings no message of this method.")
        return await serve(request, context)

    async def served(_requests: object, context: Context) -> Any:
        call, answer = Call(method, context), partial(read_and_serve, context)
        for interceptor in reversed(interceptors):
            answer = partial(interceptor.around, answer, call)
        return await answer()

    return wrap(
        served, request_deserializer=handler.request_deserializer, response_serializer=handler.response_serializer
    )


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

    async def around(self, answer: Answer, call: Call) -> Any:
        """Answer within a span that knows the code."""
        parent, from_us = call.metadata(HEADER), _REQUEST_ID.fullmatch(call.metadata("x-request-id"))
        if call.method in self._streams or (from_us and not parent):
            return await answer()
        with span(call.method.removeprefix("/duradesk."), kind=SpanKind.SERVER, parent=parent) as served:
            try:
                return await answer()
            finally:
                served.set_attribute("rpc.grpc.status_code", _code_name(call.context))


class RequestContext(Interceptor):
    """Binds request id and method to the logs, logs and counts the call once, and hides what nobody foresaw.

    A call is logged where it enters: one that comes from a process of ours, which brings a request id, only when it
    fails or for debugging. One of `streams` is not counted: how long somebody watches says nothing.
    """

    def __init__(self, metrics: CallMetrics, *, streams: Set[str] = frozenset()) -> None:
        self._metrics = metrics
        self._streams = streams

    async def around(self, answer: Answer, call: Call) -> Any:
        """Answer; an unknown exception is logged here, once, and becomes an opaque INTERNAL."""
        request_id = call.metadata("x-request-id")
        level = logging.DEBUG
        if not _REQUEST_ID.fullmatch(request_id):
            request_id, level = uuid4().hex, logging.INFO
        structlog.contextvars.bind_contextvars(request_id=request_id, method=call.method)
        began, code = perf_counter(), grpc.StatusCode.OK.name
        try:
            return await answer()
        except grpc.aio.AbortError:
            code = _code_name(call.context)
            raise
        except asyncio.CancelledError:
            code = grpc.StatusCode.CANCELLED.name
            raise
        except Exception:
            code = grpc.StatusCode.INTERNAL.name
            log.exception("grpc.failed")
            await _abort(call.context, DuradeskError("The service failed for a reason of its own; its log says which."))
        finally:
            seconds = perf_counter() - began
            if call.method not in self._streams:
                self._metrics.observe(call.method, code=code, seconds=seconds)
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

    async def around(self, answer: Answer, call: Call) -> Any:
        """Answer within a minute; the caller's own deadline is mostly shorter and kept by gRPC."""
        seconds = None if call.method in self._streams else LONGEST_CALL_SECONDS
        try:
            async with asyncio.timeout(seconds) as limit:
                return await answer()
        except DuradeskError as error:
            await _abort(call.context, error)
        except TimeoutError:
            if not limit.expired():
                raise
            await _abort(
                call.context, Unavailable(f"The call took longer than {LONGEST_CALL_SECONDS} s and was ended.")
            )


class Authorization(Interceptor):
    """Finds out who is calling and whether the method is for them.

    One of `streams` is served for as long as that is so, and until the server is `stopping`; one of the methods that
    are `waiting` for something ends then, too.
    """

    def __init__(
        self,
        authenticator: Authenticator,
        permissions: Mapping[str, str],
        *,
        streams: Set[str] = frozenset(),
        waiting: Set[str] = frozenset(),
        stopping: asyncio.Event | None = None,
    ) -> None:
        self._authenticator = authenticator
        self._permissions = dict(permissions)
        self._streams = streams
        self._waiting = waiting
        self._stopping = stopping or asyncio.Event()

    async def around(self, answer: Answer, call: Call) -> Any:
        """Answer for the principal that the bearer token names, if its role grants the method's permission."""
        permission = self._permissions.get(call.method)
        if permission is None:
            raise Forbidden("This method is not open to anybody.")
        if permission == ANONYMOUS:
            return await answer()
        scheme, _, token = call.metadata("authorization").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated("Send a token in the metadata, as `authorization: Bearer <token>`.")
        principal = await self._authenticator.authenticate(token)
        principal.require(permission)
        with acting_as(principal):
            if call.method in self._streams:
                return await run_while(self._guard(token, permission, principal), answer())
            if call.method in self._waiting:
                return await run_while(self._until_stopping(), answer())
            return await answer()

    async def _guard(self, token: str, permission: str, principal: Principal) -> NoReturn:
        """Wait until the stream of the token has to end, and raise why."""
        while True:
            try:
                async with asyncio.timeout(_RECHECK_SECONDS):
                    await self._until_stopping()
            except TimeoutError:
                present = await self._authenticator.authenticate(token, anew=True)
                present.require(permission)
                if present != principal:
                    # What a stream may tell was decided when it began.
                    raise Unauthenticated("Your role has changed: begin the stream anew.") from None

    async def _until_stopping(self) -> NoReturn:
        await self._stopping.wait()
        raise Unavailable("The service stops: go on where you were in a second.")


def _code_name(context: Context) -> str:
    code: Any = context.code() or grpc.StatusCode.OK
    return next((known.name for known in grpc.StatusCode if code in (known, known.value[0])), "UNKNOWN")


async def _abort(context: Context, error: DuradeskError) -> NoReturn:
    details = ((DETAILS_KEY, to_status(error).SerializeToString()),)
    await context.abort(code_of(error), words_of(error), details)
    raise AssertionError("abort always raises")
