"""Living through outages: say once that a part is away, try again ever more slowly, say once that it is back."""

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import structlog
from temporalio.client import Client
from temporalio.runtime import LogForwardingConfig, LoggingConfig, PrometheusConfig, Runtime, TelemetryConfig
from temporalio.service import RPCError, TLSConfig

from services.common.settings import Settings
from services.common.tracing import is_tracing
from workflows.tracing import TraceInterceptor

_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 5.0
_LAST_WORD_SECONDS = 0.5
# The SDK's own core logs through ours, but not each try of each poller while Temporal is away.
_SDK_LOGS = LoggingConfig(
    filter="ERROR,temporalio_sdk_core=WARN,temporalio_client=ERROR",
    forwarding=LogForwardingConfig(logger=logging.getLogger("temporalio")),
)

T = TypeVar("T")

log = structlog.get_logger()


class Outage:
    """Whether one part that we need is away just now, and how long to wait before it is asked again."""

    def __init__(self, part: str) -> None:
        self._part = part
        self._pause = 0.0

    def goes_on(self, error: Exception) -> float:
        """Note a failure, log the first of a row, and say how many seconds to wait."""
        if not self._pause:
            status = error.status.name if isinstance(error, RPCError) else ""
            log.warning("outage.began", part=self._part, error=type(error).__name__, status=status)
        self._pause = min(self._pause * 2 or _FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)
        return self._pause

    def is_over(self) -> None:
        """Note a success, and log it if it ends an outage."""
        if self._pause:
            log.info("outage.ended", part=self._part)
        self._pause = 0.0


async def pause(seconds: float, stopping: asyncio.Event) -> None:
    """Wait, but no longer than until the process is to stop."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), seconds)


async def cut_off_by(stopping: asyncio.Event, call: Coroutine[Any, Any, T]) -> T | None:
    """What the call answers; None when the process is to stop before that.

    Half a second later: a call that is just taking something is not to lose it.
    """
    calling, ending = asyncio.create_task(call), asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait((calling, ending), return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait((calling,), timeout=_LAST_WORD_SECONDS)
        return await calling if calling.done() else None
    finally:
        for task in (calling, ending):
            task.cancel()
        await asyncio.gather(calling, ending, return_exceptions=True)


async def connect(
    settings: Settings, stopping: asyncio.Event, *, metrics: PrometheusConfig | None = None
) -> Client | None:
    """A client of Temporal, waited for as long as it takes; None when the process is to stop before that."""
    outage = Outage("temporal")
    runtime = Runtime(telemetry=TelemetryConfig(logging=_SDK_LOGS, metrics=metrics, attach_service_name=False))
    while not stopping.is_set():
        try:
            client = await Client.connect(
                settings.temporal_address,
                namespace=settings.temporal_namespace,
                runtime=runtime,
                interceptors=[TraceInterceptor()] if is_tracing() else [],
            )
        # An address that does not answer is a RuntimeError here, a server that is not up yet an RPCError.
        except (RPCError, RuntimeError) as error:
            await pause(outage.goes_on(error), stopping)
        else:
            outage.is_over()
            return client
    return None


def _tls(settings: Settings) -> TLSConfig | bool:
    if settings.temporal_tls_ca is None and settings.temporal_tls_certificate is None:
        return False
    return TLSConfig(
        server_root_ca_cert=_content(settings.temporal_tls_ca),
        client_cert=_content(settings.temporal_tls_certificate),
        client_private_key=_content(settings.temporal_tls_key),
    )


def _content(file: Path | None) -> bytes | None:
    return file.read_bytes() if file else None
