"""The queues of the desk as metrics: asked for when somebody looks, and not more than once a second."""

from collections.abc import Iterator
from time import monotonic

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from services.domain.errors import DuradeskError
from services.domain.queues import Queues
from services.tickets.client.operations import OperationsClient

_FRESH_SECONDS = 1.0
_STATES = ("waiting", "ready", "claimed", "sending", "failed", "in_doubt")


class QueueMetrics(Collector):
    """What waits, as a registry shows it; nothing while the tickets service does not answer."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._queues: Queues | None = None
        self._asked_at = -_FRESH_SECONDS
        registry.register(self)

    async def refresh(self, operations: OperationsClient) -> None:
        """Ask, unless somebody did just now."""
        if monotonic() - self._asked_at < _FRESH_SECONDS:
            return
        self._asked_at = monotonic()
        try:
            self._queues = await operations.get_queues()
        except DuradeskError:
            self._queues = None

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The last answer."""
        if (queues := self._queues) is None:
            return
        yield _gauge("outbox_tickets", "Tickets that their workflow is to look at.", queues.outbox_tickets)
        yield _gauge("outbox_oldest_seconds", "How long the oldest of them waits.", queues.outbox_oldest_seconds)
        yield _gauge("undecided_tickets", "Tickets with events that no decision has seen.", queues.undecided_tickets)
        mails = GaugeMetricFamily("duradesk_deliveries", "Mails that are not out.", labels=["state"])
        late = GaugeMetricFamily(
            "duradesk_delivery_oldest_seconds", "How long the oldest of them should have been out.", labels=["state"]
        )
        known = {queue.state: queue for queue in queues.deliveries}
        for state in _STATES:
            mails.add_metric([state], known[state].mails if state in known else 0)
            late.add_metric([state], known[state].oldest_seconds if state in known else 0)
        yield from (mails, late)


def _gauge(name: str, told: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"duradesk_{name}", told, value=value)
