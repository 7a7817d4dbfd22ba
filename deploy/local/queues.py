"""Tells how much waits in a running stack, out of the metrics of its gateway and its mail door."""

import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException

from prometheus_client.parser import text_string_to_metric_families

from deploy.local.settings import LocalSettings

_SECONDS = 5.0
_SHOWN = ("duradesk_outbox", "duradesk_undecided", "duradesk_deliver", "duradesk_mail")
# Everything is on this machine: a proxy for the web in the environment is not meant for it.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def read_queues(settings: LocalSettings) -> Iterator[tuple[str, float]]:
    """Each number by its name, e.g. `outbox_tickets` or `deliveries ready`; what does not answer tells none."""
    ports = [settings.port, settings.mail_metrics_port]
    for text in (_read(f"http://{settings.listen}:{port}/metrics") for port in ports if port):
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name.startswith(_SHOWN) and not sample.name.endswith("_created"):
                    yield " ".join([sample.name.removeprefix("duradesk_"), *sample.labels.values()]), sample.value


def _read(url: str) -> str:
    try:
        with _OPENER.open(url, timeout=_SECONDS) as answer:
            return str(answer.read().decode())
    except (urllib.error.URLError, HTTPException, OSError):
        return ""
