"""What the mail door has in hand, in Prometheus' text format on a port of its own."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server


class MailMetrics:
    """Connections, mails between their final dot and our answer, mails that are being read, and our answers."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.connections = Gauge("duradesk_mail_connections", "Open SMTP connections.", registry=self.registry)
        self.unanswered = Gauge(
            "duradesk_mails_unanswered", "Mails whose sender waits for our answer.", registry=self.registry
        )
        self.reading = Gauge("duradesk_mails_reading", "Mails that a parser reads just now.", registry=self.registry)
        self._answers = Counter("duradesk_mail_answers", "Answers to mails by code.", ["code"], registry=self.registry)

    def answered(self, answer: str) -> None:
        """Count an answer."""
        self._answers.labels(answer[:3]).inc()


@contextmanager
def serving_metrics(metrics: MailMetrics, address: tuple[str, int | None]) -> Iterator[None]:
    """Serve them inside the block, unless the port is None; SystemExit, with one sentence, for a busy port."""
    host, port = address
    if port is None:
        yield
        return
    try:
        server, thread = start_http_server(port, addr=host, registry=metrics.registry)
    except OSError as error:
        raise SystemExit(
            f"The mail door cannot tell its metrics on {host}:{port} ({error.strerror}): end what is using that port or"
            " set DURADESK_MAIL_METRICS_PORT to another."
        ) from None
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
