"""The Temporal SDK's own metrics beside those of the process, and whom the process waits for."""

import socket
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

import grpc
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector
from temporalio.client import Client
from temporalio.runtime import PrometheusConfig
from temporalio.service import RPCError

from services.common.channel import not_serving

_SECONDS = 2.0
# It is this process: a proxy for the web in the environment is not meant for it.
_OPENER = build_opener(ProxyHandler({}))


class SdkMetrics(Collector):
    """What the SDK counts of its polls, tasks, slots and calls, on a port of its own that is asked here."""

    def __init__(self, registry: CollectorRegistry) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._address = f"127.0.0.1:{free.getsockname()[1]}"
        registry.register(self)

    @property
    def config(self) -> PrometheusConfig:
        """What the SDK's runtime is told."""
        return PrometheusConfig(
            bind_address=self._address, counters_total_suffix=True, unit_suffix=True, durations_as_seconds=True
        )

    def describe(self) -> Sequence[Metric]:
        """Nothing: the names are known when the SDK runs."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """What it tells now; nothing before it runs."""
        try:
            with _OPENER.open(f"http://{self._address}/metrics", timeout=_SECONDS) as answer:
                text = answer.read().decode()
        except (URLError, OSError):
            return
        yield from text_string_to_metric_families(text)


class Needs:
    """Temporal and the services that a process calls, as far as it has come to know them."""

    def __init__(self) -> None:
        self._client: Client | None = None
        self._channels: Mapping[str, grpc.aio.Channel] = {}

    def met(self, client: Client, channels: Mapping[str, grpc.aio.Channel]) -> None:
        """The process has begun its work with them."""
        self._client, self._channels = client, channels

    async def missing(self) -> Sequence[str]:
        """Those that do not answer now; Temporal until the work has begun."""
        if self._client is None or not await _is_healthy(self._client):
            return ["temporal", *await not_serving(self._channels)]
        return await not_serving(self._channels)


async def _is_healthy(client: Client) -> bool:
    try:
        return await client.service_client.check_health(timeout=timedelta(seconds=_SECONDS))
    except RPCError:
        return False
