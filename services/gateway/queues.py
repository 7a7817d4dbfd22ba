"""The queues of the desk as metrics: asked for when somebody looks, and not more than once a second."""

from collections.abc import Iterable, Iterator, Mapping
from time import monotonic

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from services.domain.errors import DuradeskError
from services.domain.quarantine import QuarantineState
from services.domain.queues import Queues
from services.domain.ticket import DueKind
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
        deliveries = {queue.state: queue for queue in queues.deliveries}
        mails = {state: queue.mails for state, queue in deliveries.items()}
        yield _by("state", _STATES, "deliveries", "Mails that are not out.", mails)
        late = {state: queue.oldest_seconds for state, queue in deliveries.items()}
        yield _by("state", _STATES, "delivery_oldest_seconds", "How long the oldest should have been out.", late)
        overdue = {queue.kind: queue.dues for queue in queues.dues}
        yield _by("kind", DueKind, "dues_overdue", "Dues whose time has come and that have not fired.", overdue)
        lag = {queue.kind: queue.oldest_seconds for queue in queues.dues}
        yield _by("kind", DueKind, "due_oldest_seconds", "How late the oldest of them is.", lag)
        kept = {queue.state: queue.items for queue in queues.quarantine}
        told = "Items that could not be taken and are kept."
        yield _by("state", _QUARANTINE_STATES, "quarantined_items", told, kept)


def _by(label: str, names: Iterable[str], name: str, told: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    """A number for each name that the label can have: 0 is told, too."""
    family = GaugeMetricFamily(f"duradesk_{name}", told, labels=[label])
    for each in names:
        family.add_metric([each], values.get(each, 0))
    return family
