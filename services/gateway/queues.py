"""The queues of the desk as metrics: asked for when somebody looks, and not more than once a second."""

from collections.abc import Iterator
from time import monotonic

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from services.domain.errors import DuradeskError
from services.domain.queues import Queues
from services.domain.ticket import DueKind, QuarantineState
from services.tickets.client.operations import OperationsClient

_FRESH_SECONDS = 1.0
_STATES = ("waiting", "ready", "claimed", "sending", "failed", "in_doubt")
_QUARANTINE_STATES = (QuarantineState.KEPT, QuarantineState.RELEASING, QuarantineState.RETRYING)
# The plain numbers, by their names in Queues.
_TOLD = {
    "outbox_tickets": "Tickets that their workflow is to look at.",
    "outbox_oldest_seconds": "How long the oldest of them waits.",
    "outbox_parked": "Those of them that were signalled in vain again and again.",
    "undecided_tickets": "Tickets with events that no decision has seen.",
    "undecided_oldest_seconds": "How long the oldest of them waits.",
    "waiting_tickets": "Tickets that wait in a team's queue for somebody who is free.",
    "waiting_oldest_seconds": "How long the oldest of them waits.",
    "cascades": "Settlings of families that are under way.",
}


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
        for name, told in _TOLD.items():
            yield GaugeMetricFamily(f"duradesk_{name}", told, value=getattr(queues, name))
        mails = _family("deliveries", "Mails that are not out.", "state")
        late = _family("delivery_oldest_seconds", "How long the oldest of them should have been out.", "state")
        deliveries = {queue.state: queue for queue in queues.deliveries}
        for state in _STATES:
            mails.add_metric([state], deliveries[state].mails if state in deliveries else 0)
            late.add_metric([state], deliveries[state].oldest_seconds if state in deliveries else 0)
        overdue = _family("dues_overdue", "Dues whose time has come and that have not fired.", "kind")
        lag = _family("due_oldest_seconds", "How late the oldest of them is.", "kind")
        dues = {queue.kind: queue for queue in queues.dues}
        for kind in DueKind:
            overdue.add_metric([kind], dues[kind].dues if kind in dues else 0)
            lag.add_metric([kind], dues[kind].oldest_seconds if kind in dues else 0)
        quarantined = _family("quarantined_items", "Items that could not be taken and are kept.", "state")
        items = {queue.state: queue.items for queue in queues.quarantine}
        for state in _QUARANTINE_STATES:
            quarantined.add_metric([state], items.get(state, 0))
        yield from (mails, late, overdue, lag, quarantined)


def _family(name: str, told: str, label: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"duradesk_{name}", told, labels=[label])
