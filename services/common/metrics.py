"""What a process tells those who watch over it: its metrics, whether it lives, and what it lacks.

Each process has one registry. The gateway tells it on its own port; the others answer on a port for this alone, with
/metrics (Prometheus' text format), /healthz (its event loop turns) and /readyz (whom it needs is there). Labels take
few values, and none that a customer or a caller could make up.
"""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import TimeoutError as TookTooLong
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus
from http.server import ThreadingHTTPServer
from threading import Thread
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    Histogram,
    MetricsHandler,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

from services.common.settings import Settings

# From a look into memory to a call that is about to be ended; the objectives are 50 ms, 100 ms and 0.5 s.
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_ANSWER_SECONDS = 5.0

Missing = Callable[[], Awaitable[Sequence[str]]]


async def nothing_missing() -> Sequence[str]:
    """Of a process that needs nobody, or tells who it lacks in another way."""
    return ()


def new_registry() -> CollectorRegistry:
    """A registry that tells of the process itself: CPU, memory, open files, start, garbage collection."""
    # When a series began is told by the process's start; a series for it beside each other one would double the answer.
    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    return registry


class CallMetrics:
    """gRPC calls that a server answered, by method and code, with their seconds."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seconds = Histogram(
            "duradesk_grpc_call_seconds",
            "Seconds that gRPC calls took, by method and code; calls that wait for news take as long as they wait.",
            ["method", "code"],
            buckets=SECONDS,
            registry=registry,
        )

    def observe(self, method: str, *, code: str, seconds: float) -> None:
        """Count one call of a method that is served, by its full name."""
        self._seconds.labels(method.removeprefix("/duradesk."), code).observe(seconds)


@asynccontextmanager
async def serving_metrics(
    settings: Settings,
    registry: CollectorRegistry,
    *,
    missing: Missing = nothing_missing,
    patience: float = _ANSWER_SECONDS,
) -> AsyncIterator[None]:
    """Tell them inside the block, where the settings say so; SystemExit, with one sentence, for a busy port.

    `missing` names those whom the process needs and who do not answer; an event loop that does not turn for `patience`
    seconds is stuck.
    """
    listener = _listener(settings)
    if listener is None:
        yield
        return
    loop = asyncio.get_running_loop()

    def look() -> Sequence[str]:
        # Asked on the event loop, which thereby shows that it turns.
        return asyncio.run_coroutine_threadsafe(_listed(missing), loop).result(patience)

    server = ThreadingHTTPServer(("", 0), partial(_Handler, look, registry), bind_and_activate=False)
    server.socket.close()
    server.socket = listener
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    try:
        yield
    finally:
        await asyncio.to_thread(server.shutdown)
        server.server_close()


class _Handler(MetricsHandler):
    """Answers three questions, each in a thread of its own: the event loop is left alone but for being asked."""

    timeout = _ANSWER_SECONDS

    def __init__(self, look: Callable[[], Sequence[str]], registry: CollectorRegistry, *args: Any) -> None:
        """`look` says who is missing; TookTooLong when the event loop does not turn."""
        self._look = look
        self.registry = registry
        # It answers before it returns.
        super().__init__(*args)

    def do_GET(self) -> None:  # noqa: N802 # the library's name
        """Answer one question."""
        match self.path.partition("?")[0]:
            case "/metrics":
                super().do_GET()
            case "/healthz" | "/readyz" as question:
                self._tell(question)
            case _:
                self.send_error(HTTPStatus.NOT_FOUND)

    def _tell(self, question: str) -> None:
        try:
            absent = self._look()
        except TookTooLong:
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, {"status": "stuck"})
            return
        if question == "/readyz" and absent:
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, {"status": f"waits for {', '.join(absent)}"})
        else:
            self._answer(HTTPStatus.OK, {"status": "ok"})

    def _answer(self, status: HTTPStatus, body: dict[str, str]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


async def _listed(missing: Missing) -> Sequence[str]:
    return await missing()


def _listener(settings: Settings) -> socket.socket | None:
    """The socket that whoever started the process holds for it, or one on the port that it was told."""
    if settings.metrics_fd is not None:
        return socket.socket(fileno=settings.metrics_fd)
    if settings.metrics_port is None:
        return None
    try:
        return socket.create_server((settings.listen, settings.metrics_port))
    except OSError as error:
        raise SystemExit(
            f"Metrics cannot be told on {settings.listen}:{settings.metrics_port} ({error.strerror}): end what is using"
            " that port or set DURADESK_METRICS_PORT to another."
        ) from None
