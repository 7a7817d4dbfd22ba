"""Tells how much waits in a running stack, out of the metrics of its gateway and its mail door."""

import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException

from prometheus_client.parser import text_string_to_metric_families

from deploy.local import targets
from deploy.local.settings import LocalSettings

_SECONDS = 5.0
_TELLERS = ("gateway", "mail")
_SHOWN = ("outbox", "undecided", "waiting", "cascades", "deliver", "due", "quarantined", "mail")
# Everything is on this machine: a proxy for the web in the environment is not meant for it.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def read_queues(settings: LocalSettings) -> Iterator[tuple[str, float]]:
    """Each number by its name, e.g. `outbox_tickets` or `deliveries ready`; what does not answer tells none."""
    addresses = targets.read(settings)
    for text in (_read(f"http://{addresses[name]}/metrics") for name in _TELLERS if name in addresses):
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                name = sample.name.removeprefix("duradesk_")
                # Of the kinds of dues only those of which one is late: there are many, and mostly none is.
                if name.startswith(_SHOWN) and (sample.value or not name.startswith("due")):
                    yield " ".join([name, *sample.labels.values()]), sample.value


def _read(url: str) -> str:
    try:
        with _OPENER.open(url, timeout=_SECONDS) as answer:
            return str(answer.read().decode())
    except (urllib.error.URLError, HTTPException, OSError):
        return ""
