"""A server and its callers over a real channel: deny by default, errors that keep their class, one log line a call."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import jwt
import pytest
import structlog
from duradesk.options.v1 import options_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from services.common.auth import PrincipalSigner, SignedOnly, current_principal
from services.common.channel import MAXIMUM_MESSAGE_BYTES, calling_as, open_channel, responses
from services.common.server import running_server
from services.common.settings import Settings
from services.domain.errors import Conflict, DuradeskError, Forbidden, Invalid, Unauthenticated, Unavailable
from services.domain.principal import Principal, Role
from tests.ports import free_port
from tests.protos import compile_proto

# The options' generated module must be loaded before a proto that imports it.
OPTIONS = options_pb2.DESCRIPTOR.name
MESSAGES = compile_proto(
    "tests.echo",
    """
    import "duradesk/options/v1/options.proto";
    message EchoRequest { string text = 1; }
    message EchoResponse { string text = 1; }
    service Echo {
      rpc Say(EchoRequest) returns (EchoResponse) { option (duradesk.options.v1.permission) = "tickets.create"; }
      rpc Greet(EchoRequest) returns (EchoResponse) { option (duradesk.options.v1.permission) = "anonymous"; }
    }
    service Open {
      rpc Say(EchoRequest) returns (EchoResponse) { option (duradesk.options.v1.permission) = "tickets.create"; }
      rpc Forgotten(EchoRequest) returns (EchoResponse);
    }
    message WaitRequest { string text = 1; int32 wait = 2; }
    service Later {
      rpc Say(WaitRequest) returns (EchoResponse) { option (duradesk.options.v1.permission) = "tickets.create"; }
    }
    service Stream {
      rpc Say(stream EchoRequest) returns (EchoResponse) { option (duradesk.options.v1.permission) = "anonymous"; }
    }
    service Feed {
      rpc Tell(EchoRequest) returns (stream EchoResponse) {
        option (duradesk.options.v1.permission) = "tickets.create";
      }
    }
    """,
)
REQUEST, RESPONSE = MESSAGES["EchoRequest"], MESSAGES["EchoResponse"]
PATHS = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
KEY = b"k" * 32
SIGNER = PrincipalSigner(KEY)
AGENT = Principal("agent", Role.AGENT)
LIGHT_AGENT = Principal("light", Role.LIGHT_AGENT)

Behaviour = Callable[[str], Awaitable[str]]


@dataclass
class Echo:
    """Answers with what `behaviour` makes of the text, and remembers who asked."""

    behaviour: Behaviour | None = None
    calls: list[Principal] = field(default_factory=list)

    async def say(self, request: Any, _context: object) -> Any:
        self.calls.append(current_principal())
        return RESPONSE(text=await self.behaviour(request.text) if self.behaviour else request.text)

    async def greet(self, request: Any, _context: object) -> Any:
        return RESPONSE(text=f"hello {request.text}")

    async def tell(self, request: Any, _context: object) -> AsyncGenerator[Any, None]:
        """The text once, then nothing for ever."""
        yield RESPONSE(text=f"{current_principal().subject}: {request.text}")
        await asyncio.Event().wait()


def adding(service: str, *methods: str, make: Any = grpc.unary_unary_rpc_method_handler) -> Callable[[Any, Any], None]:
    """What generated code calls `add_…Servicer_to_server`."""

    def add(servicer: Echo, server: Any) -> None:
        handlers = {
            name: make(getattr(servicer, name.lower()), REQUEST.FromString, RESPONSE.SerializeToString)
            for name in methods
        }
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))
        server.add_registered_method_handlers(service, handlers)

    return add


ADD = adding("tests.echo.Echo", "Say", "Greet")
LATER = adding("tests.echo.Later", "Say")
FEED = adding("tests.echo.Feed", "Tell", make=grpc.unary_stream_rpc_method_handler)


@dataclass
class Stack:
    """A running server and ways to call it."""

    port: int
    echo: Echo
    exits: AsyncExitStack

    async def call(self, text: str = "hi", *, method: str = "Say", token: str | None = None, **options: Any) -> str:
        """Call over a channel of ours, as the agent unless a token is given."""
        credentials = (lambda: SIGNER.sign(AGENT)) if token is None else (lambda: token)
        channel = await self.exits.enter_async_context(open_channel(f"127.0.0.1:{self.port}", credentials=credentials))
        return await say(channel, text, method=method, **options)

    async def plain(self) -> grpc.aio.Channel:
        """A channel as any other client opens one."""
        return await self.exits.enter_async_context(grpc.aio.insecure_channel(f"127.0.0.1:{self.port}"))


async def say(channel: grpc.aio.Channel, text: str = "hi", *, method: str = "Say", **options: Any) -> str:
    stub = channel.unary_unary(f"/tests.echo.Echo/{method}", REQUEST.SerializeToString, RESPONSE.FromString)
    answer: Any = await stub(REQUEST(text=text), **options)
    return str(answer.text)


@asynccontextmanager
async def serving(
    behaviour: Behaviour | None = None, *, port: int = 0, reflection: bool = True
) -> AsyncIterator[Stack]:
    echo = Echo(behaviour)
    async with AsyncExitStack() as exits, running(port, [(ADD, echo)], reflection=reflection) as bound:
        yield Stack(bound, echo, exits)


def running(port: int, services: Any, *, reflection: bool = True) -> Any:
    settings = Settings(reflection=reflection)
    address = ("127.0.0.1", port)
    return running_server(settings, name="echo", address=address, services=services, authenticator=SignedOnly(SIGNER))


async def refused(stack: Stack, metadata: tuple[tuple[str, str], ...]) -> grpc.StatusCode:
    """The code that a call with this metadata on a plain channel ends with."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await say(await stack.plain(), metadata=metadata)
    return caught.value.code()


def claims(**overrides: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    good = {"iss": "duradesk", "aud": "duradesk", "sub": "x", "role": "owner", "iat": now}
    return {**good, "exp": now + timedelta(seconds=60), **overrides}


@pytest.mark.parametrize(
    ("add", "problem"),
    [
        (adding("tests.echo.Open", "Say", "Forgotten"), "Open.Forgotten names no permission"),
        (
            adding("tests.echo.Stream", "Say", make=grpc.stream_unary_rpc_method_handler),
            "Stream.Say reads a stream",
        ),
    ],
)
async def test_a_method_without_permission_keeps_the_server_from_starting(
    add: Callable[[Any, Any], None], problem: str
) -> None:
    class Anything(Echo):
        forgotten = Echo.say

    with pytest.raises(ValueError, match=problem):
        async with running(0, [(add, Anything())]):
            pass


async def test_the_rightful_caller_is_served_and_known_to_the_method() -> None:
    async with serving() as stack:
        assert await stack.call("hi") == "hi"
        assert stack.echo.calls == [AGENT]


async def test_the_token_of_the_call_at_hand_is_sent_where_the_channel_has_none() -> None:
    async with serving() as stack, open_channel(f"127.0.0.1:{stack.port}") as channel:
        with calling_as(SIGNER.sign(AGENT)):
            assert await say(channel) == "hi"
        with pytest.raises(Unauthenticated):
            await say(channel)


async def test_an_anonymous_method_needs_no_token() -> None:
    async with serving() as stack:
        assert await say(await stack.plain(), method="Greet") == "hello hi"


async def test_a_role_without_the_permission_is_refused() -> None:
    async with serving() as stack:
        with pytest.raises(Forbidden, match=r"needs the permission tickets\.create"):
            await stack.call(token=SIGNER.sign(LIGHT_AGENT))
        assert stack.echo.calls == []


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic b3duZXI6b3duZXI=",
        SIGNER.sign(AGENT),
        "Bearer nonsense",
        f"Bearer {jwt.encode(claims(), '', algorithm='none')}",
        f"Bearer {jwt.encode(claims(), b'x' * 32, algorithm='HS256')}",
        f"Bearer {SIGNER.sign(AGENT, now=datetime.now(UTC) - timedelta(minutes=5))}",
    ],
)
async def test_a_caller_without_a_good_token_is_refused(authorization: str | None) -> None:
    metadata = () if authorization is None else (("authorization", authorization),)
    # What a spoofed identity might look like in front of a server that trusts its neighbours.
    spoofed = (("x-principal", "owner"), ("x-role", "owner"), ("x-forwarded-user", "owner"))
    async with serving() as stack:
        assert await refused(stack, (*metadata, *spoofed)) is grpc.StatusCode.UNAUTHENTICATED
        assert stack.echo.calls == []


async def test_a_domain_error_arrives_as_itself() -> None:
    async def refuse(_text: str) -> str:
        raise Invalid("The subject is empty.", violations={"ticket.subject": "write one"}, metadata={"a": "b"})

    async with serving(refuse) as stack:
        with pytest.raises(Invalid) as caught:
            await stack.call()
    assert (caught.value.message, caught.value.violations) == ("The subject is empty.", {"ticket.subject": "write one"})
    assert caught.value.metadata == {"a": "b"}


async def test_an_unknown_error_is_opaque_to_the_caller_and_logged_once() -> None:
    async def break_down(_text: str) -> str:
        raise RuntimeError("canary")

    with structlog.testing.capture_logs() as logs:
        async with serving(break_down) as stack:
            with pytest.raises(DuradeskError) as caught:
                await stack.call()
    assert type(caught.value) is DuradeskError
    assert "canary" not in f"{caught.value} {caught.value.__cause__!r}"
    assert [entry["event"] for entry in logs] == ["grpc.failed", "grpc.call"]


async def test_each_call_is_logged_once_with_its_code() -> None:
    async def conflict(text: str) -> str:
        if text == "hi":
            return text
        raise Conflict("Read it again.")

    with structlog.testing.capture_logs() as logs:
        async with serving(conflict) as stack:
            await stack.call("hi")
            with pytest.raises(Conflict):
                await stack.call("no")
    assert [(entry["event"], entry["code"]) for entry in logs] == [("grpc.call", "OK"), ("grpc.call", "ABORTED")]


@pytest.mark.parametrize(("sent", "kept"), [("request-17", True), ("a b", False), ("x" * 101, False)])
async def test_a_request_id_is_carried_from_hop_to_hop(sent: str, kept: bool) -> None:
    async def tell(_text: str) -> str:
        return str(structlog.contextvars.get_contextvars()["request_id"])

    async with serving(tell) as stack:
        with structlog.contextvars.bound_contextvars(request_id=sent):
            told = await stack.call()
    assert (told == sent) is kept
    assert told


async def test_a_call_has_a_deadline_and_keeps_its_own() -> None:
    async def wait(_text: str) -> str:
        return str(await asyncio.Event().wait())

    async with serving(wait) as stack:
        with pytest.raises(Unavailable, match="did not answer in time"):
            await stack.call(timeout=0.2)


async def test_an_unavailable_service_is_asked_again() -> None:
    asked = []

    async def at_the_third_time(text: str) -> str:
        asked.append(text)
        if len(asked) < 3:
            raise Unavailable("The database does not answer.")
        return text

    async with serving(at_the_third_time) as stack:
        assert await stack.call() == "hi"
    assert len(asked) == 3


async def test_a_channel_finds_a_restarted_service_again() -> None:
    port = free_port()
    async with open_channel(f"127.0.0.1:{port}", credentials=lambda: SIGNER.sign(AGENT)) as channel:
        with pytest.raises(Unavailable, match="does not answer"):
            await say(channel)
        for _ in range(2):
            async with serving(port=port):
                assert await say(channel, wait_for_ready=True) == "hi"


async def test_a_message_over_the_limit_is_refused() -> None:
    async with serving() as stack:
        assert len(await stack.call("x" * 15_000_000)) == 15_000_000
        with pytest.raises(DuradeskError):
            await stack.call("x" * (MAXIMUM_MESSAGE_BYTES + 1))
        assert len(stack.echo.calls) == 1


def frame(kind: int, flags: int, payload: bytes, *, stream: int = 1) -> bytes:
    """A frame of HTTP/2 (RFC 9113, 4.1)."""
    return len(payload).to_bytes(3) + bytes((kind, flags)) + stream.to_bytes(4) + payload


def half_a_call(**metadata: str) -> bytes:
    """The beginning of a call whose message is announced with 15 MB, and then does not come."""
    headers = {":method": "POST", ":scheme": "http", ":path": "/tests.echo.Echo/Say", ":authority": "x"}
    headers |= {"content-type": "application/grpc", "te": "trailers"} | metadata
    literal = b"".join(
        b"\0" + b"".join(len(text).to_bytes(1) + text.encode() for text in header) for header in headers.items()
    )
    settings, announced = frame(4, 0, b"", stream=0), b"\0" + (15_000_000).to_bytes(4) + b"x" * 10_000
    return b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings + frame(1, 4, literal) + frame(0, 0, announced)


async def test_nobody_holds_a_call_open_with_half_a_message() -> None:
    async with serving() as stack, asyncio.timeout(60):
        for metadata in ({}, {"authorization": "Bearer made-up"}):
            reader, writer = await asyncio.open_connection("127.0.0.1", stack.port)
            writer.write(half_a_call(**metadata))
            kind = flags = 0
            while (kind, flags & 1) != (1, 1):  # headers that end the stream: the answer's trailers
                head = await reader.readexactly(9)
                kind, flags = head[3], head[4]
                await reader.readexactly(int.from_bytes(head[:3]))
            writer.close()
            await writer.wait_closed()
        assert await stack.call("hi") == "hi"


async def test_what_is_no_message_is_the_callers_mistake() -> None:
    async with serving() as stack:
        stub = (await stack.plain()).unary_unary("/tests.echo.Echo/Say", bytes, bytes)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub(b"\xff\xff", metadata=(("authorization", f"Bearer {SIGNER.sign(AGENT)}"),))
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_a_busy_port_is_one_sentence_that_names_the_variable() -> None:
    async with serving() as stack:
        with pytest.raises(SystemExit, match=rf"127\.0\.0\.1:{stack.port}.*DURADESK_GRPC_PORT"):
            async with serving(port=stack.port):
                pass


SERVE = """
import asyncio, sys
from services.common.auth import PrincipalSigner, SignedOnly
from services.common.server import serve
from services.common.settings import Settings
from prometheus_client import CollectorRegistry
authenticator = SignedOnly(PrincipalSigner(b"k" * 32))
address = ("127.0.0.1", int(sys.argv[1]))
registry = CollectorRegistry()
asyncio.run(
    serve(Settings(), name="echo", address=address, services=[], authenticator=authenticator, registry=registry)
)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_process_cleanly_after_it_said_so(number: signal.Signals) -> None:
    port = free_port()
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", SERVE, str(port), env=os.environ | PATHS)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        request = health_pb2.HealthCheckRequest()
        watch: Any = health_pb2_grpc.HealthStub(channel).Watch(request, wait_for_ready=True, timeout=30)
        assert (await watch.read()).status == health_pb2.HealthCheckResponse.SERVING
        process.send_signal(number)
        assert (await watch.read()).status == health_pb2.HealthCheckResponse.NOT_SERVING
    assert await asyncio.wait_for(process.wait(), 60) == 0


async def test_health_answers_anybody() -> None:
    async with serving() as stack:
        health = health_pb2_grpc.HealthStub(await stack.plain())
        for service in ("", "tests.echo.Echo"):
            answer = await health.Check(health_pb2.HealthCheckRequest(service=service))
            assert answer.status == health_pb2.HealthCheckResponse.SERVING


@pytest.mark.parametrize("on", [True, False])
async def test_reflection_is_there_when_the_settings_say_so(on: bool) -> None:
    async with serving(reflection=on) as stack:
        stub = reflection_pb2_grpc.ServerReflectionStub(await stack.plain())
        call: Any = stub.ServerReflectionInfo(iter([reflection_pb2.ServerReflectionRequest(list_services="")]))
        if on:
            names = [
                service.name for answer in [await call.read()] for service in answer.list_services_response.service
            ]
            assert "tests.echo.Echo" in names
        else:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await call.read()
            assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def listen(port: int, token: str) -> AsyncGenerator[str, None]:
    async with open_channel(f"127.0.0.1:{port}", credentials=lambda: token) as channel:
        tell: Any = channel.unary_stream("/tests.echo.Feed/Tell", REQUEST.SerializeToString, RESPONSE.FromString)
        async with aclosing(responses(tell(REQUEST(text="hi")))) as told:
            async for response in told:
                yield response.text


async def test_a_stream_is_told_in_its_callers_name_and_ends_when_the_server_stops() -> None:
    began = 0.0
    async with AsyncExitStack() as listeners:
        async with running(0, [(FEED, Echo())]) as port:
            streams = [await listeners.enter_async_context(aclosing(listen(port, SIGNER.sign(AGENT)))) for _ in "ab"]
            assert [await anext(stream) for stream in streams] == ["agent: hi", "agent: hi"]
            began = time.monotonic()
        for stream in streams:
            with pytest.raises(Unavailable):
                await anext(stream)
        assert time.monotonic() - began < 30


async def test_a_call_that_waits_ends_when_the_server_stops() -> None:
    asked = asyncio.Event()

    async def wait(text: str) -> str:
        asked.set()
        await asyncio.Event().wait()
        return text

    metadata = (("authorization", f"Bearer {SIGNER.sign(AGENT)}"),)
    async with AsyncExitStack() as exits:
        async with running(0, [(LATER, Echo(wait))]) as port:
            channel = await exits.enter_async_context(grpc.aio.insecure_channel(f"127.0.0.1:{port}"))
            later = channel.unary_unary("/tests.echo.Later/Say", REQUEST.SerializeToString, RESPONSE.FromString)
            call: Any = later(REQUEST(text="hi"), metadata=metadata)
            await asked.wait()
        with pytest.raises(grpc.aio.AioRpcError, match="The service stops"):
            await call


class Changing:
    """Says who is calling as `now` has it."""

    now = AGENT

    async def authenticate(self, token: str, *, anew: bool = False) -> Principal:
        return self.now


async def test_a_stream_ends_when_its_callers_role_changes_even_if_that_may_listen_too() -> None:
    authenticator = Changing()
    address = ("127.0.0.1", 0)
    server = running_server(
        Settings(), name="echo", address=address, services=[(FEED, Echo())], authenticator=authenticator
    )
    async with server as port, aclosing(listen(port, "t")) as stream:
        assert await anext(stream) == "agent: hi"
        authenticator.now = Principal(AGENT.subject, Role.OWNER)
        with pytest.raises(Unauthenticated):
            async with asyncio.timeout(60):
                await anext(stream)


async def test_a_stream_needs_its_permission_and_a_credential_that_lasts() -> None:
    async with running(0, [(FEED, Echo())]) as port:
        with pytest.raises(Forbidden):
            await anext(listen(port, SIGNER.sign(LIGHT_AGENT)))
        with pytest.raises(Unauthenticated):
            await anext(listen(port, "nonsense"))
