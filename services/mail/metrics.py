"""What the mail door has in hand."""

from prometheus_client import Counter, Gauge

from services.common.metrics import new_registry


class MailMetrics:
    """Connections, mails between their final dot and our answer, mails that are being read, and our answers."""

    def __init__(self) -> None:
        self.registry = new_registry()
        self.connections = Gauge("duradesk_mail_connections", "Open SMTP connections.", registry=self.registry)
        self.unanswered = Gauge(
            "duradesk_mails_unanswered", "Mails whose sender waits for our answer.", registry=self.registry
        )
        self.reading = Gauge("duradesk_mails_reading", "Mails that a parser reads just now.", registry=self.registry)
        self._answers = Counter("duradesk_mail_answers", "Answers to mails by code.", ["code"], registry=self.registry)

    def answered(self, answer: str) -> None:
        """Count an answer."""
        self._answers.labels(answer[:3]).inc()
