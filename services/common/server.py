"""The gRPC server of every service: health, reflection, and three steps around each call.

From the outside in: request context and log, errors, authorization. Deny by default: a method that names no permission
keeps the server from starting. A method may answer with a stream, which ends with its caller's right to it and when the
server stops; one that reads a stream keeps the server from starting, because the steps do not cover it.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import grpc
import structlog
from duradesk.options.v1 import options_pb2
from google.protobuf import descriptor_pool
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from prometheus_client import CollectorRegistry

from services.common.auth import Authenticator
from services.common.channel import MAXIMUM_MESSAGE_BYTES
from services.common.interceptors import Authorization, Errors, Handler, RequestContext, Tracing, surrounded
from services.common.memory import keep_what_is_there
from services.common.metrics import CallMetrics, serving_metrics
from services.common.settings import Settings
from services.common.tracing import is_tracing

# A generated `add_…Servicer_to_server` and the servicer it takes.
Service = tuple[Callable[[Any, Any], None], object]

_GRACE_SECONDS = 5
_OPTIONS: list[tuple[str, Any]] = [
    ("grpc.max_receive_message_length", MAXIMUM_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAXIMUM_MESSAGE_BYTES),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    # Our channels ask every 30 s whether we are there; by default that counts as abuse.
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
    # By default a second server could take the same port and half of the calls.
    ("grpc.so_reuseport", 0),
]

log = structlog.get_logger()


async def serve(
    settings: Settings,
    *,
    name: str,
    address: tuple[str, int],
    services: Sequence[Service],
    authenticator: Authenticator,
    registry: CollectorRegistry,
    tls: grpc.ServerCredentials | None = None,
) -> None:
    """Run the services and tell their metrics until SIGTERM or SIGINT, then let the calls under way end within 5 s."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    server = running_server(
        settings,
        name=name,
        address=address,
        services=services,
        authenticator=authenticator,
        metrics=CallMetrics(registry),
        tls=tls,
    )
    async with serving_metrics(settings, registry), server as port:
        keep_what_is_there()
        log.info("server.ready", name=name, port=port)
        await stopping.wait()
        log.info("server.stopping", name=name)


@asynccontextmanager
async def running_server(
    settings: Settings,
    *,
    name: str,
    address: tuple[str, int],
    services: Sequence[Service],
    authenticator: Authenticator,
    metrics: CallMetrics | None = None,
    tls: grpc.ServerCredentials | None = None,
) -> AsyncIterator[int]:
    """A server that takes calls inside the block; yields its port (useful with port 0).

    Raises ValueError for a method without permission and SystemExit, with one sentence, for a busy port.
    """
    registry = _Registry()
    for add, servicer in services:
        add(servicer, registry)
    stopping = asyncio.Event()
    streams = registry.streams()
    interceptors = [
        *([Tracing(streams=streams)] if is_tracing() else []),
        RequestContext(metrics or CallMetrics(CollectorRegistry()), streams=streams),
        Errors(streams=streams),
        Authorization(
            authenticator, registry.permissions(), streams=streams, waiting=registry.waiting(), stopping=stopping
        ),
    ]
    server = grpc.aio.server(options=_OPTIONS)
    for service, handlers in registry.handlers.items():
        around = {name: surrounded(handler, f"/{service}/{name}", interceptors) for name, handler in handlers.items()}
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, around),))
    checks = health.aio.HealthServicer()  # type: ignore[attr-defined]
    health_pb2_grpc.add_HealthServicer_to_server(checks, server)
    names = [*registry.handlers, health.SERVICE_NAME, reflection.SERVICE_NAME]
    if settings.reflection:
        reflection.enable_server_reflection(names, server)
    port = _bind(server, address, name=name, tls=tls)
    await server.start()
    for service in ("", *registry.handlers):
        await checks.set(service, health_pb2.HealthCheckResponse.SERVING)
    try:
        yield port
    finally:
        stopping.set()
        await checks.enter_graceful_shutdown()
        await server.stop(_GRACE_SECONDS)


def server_credentials(settings: Settings) -> grpc.ServerCredentials | None:
    """TLS for a public port as the settings say, or None for a port that only our own processes reach."""
    if settings.tls_certificate is None or settings.tls_key is None:
        return None
    return grpc.ssl_server_credentials([(settings.tls_key.read_bytes(), settings.tls_certificate.read_bytes())])


class _Registry:
    """Stands in for a server while services are added, to take the methods that they bring."""

    def __init__(self) -> None:
        self.handlers: dict[str, Mapping[str, Handler]] = {}

    def add_generic_rpc_handlers(self, handlers: object) -> None:
        """Generated code calls this too; the names come with the other call."""

    def add_registered_method_handlers(self, service: str, handlers: Mapping[str, Handler]) -> None:
        """Note the methods of one service."""
        self.handlers[service] = handlers

    def permissions(self) -> dict[str, str]:
        """The permission of each method, by its full name; ValueError when one has none."""
        return {
            f"/{service}/{method}": _permission(service, method, handler)
            for service, methods in self.handlers.items()
            for method, handler in methods.items()
        }

    def streams(self) -> frozenset[str]:
        """The full names of the methods that answer with a stream."""
        return frozenset(
            f"/{service}/{method}"
            for service, methods in self.handlers.items()
            for method, handler in methods.items()
            if handler.response_streaming
        )

    def waiting(self) -> frozenset[str]:
        """The full names of the methods whose caller says how long to `wait` for something."""
        return frozenset(
            f"/{service}/{method}"
            for service, methods in self.handlers.items()
            for method in methods
            if "wait" in _described(service, method).input_type.fields_by_name
        )


def _described(service: str, method: str) -> Any:
    return descriptor_pool.Default().FindServiceByName(service).methods_by_name[method]


def _permission(service: str, method: str, handler: Handler) -> str:
    if handler.request_streaming:
        raise ValueError(f"{service}.{method} reads a stream: authorization covers methods with one request only.")
    permission: str = _described(service, method).GetOptions().Extensions[options_pb2.permission]
    if not permission:
        raise ValueError(f"{service}.{method} names no permission: set the option duradesk.options.v1.permission.")
    return permission


def _bind(server: grpc.aio.Server, address: tuple[str, int], *, name: str, tls: grpc.ServerCredentials | None) -> int:
    host, port = address
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        return server.add_insecure_port(target) if tls is None else server.add_secure_port(target, tls)
    except RuntimeError:
        raise SystemExit(
            f"The {name} service cannot listen on {target}: end what is using that port or set DURADESK_GRPC_PORT to"
            " another."
        ) from None
