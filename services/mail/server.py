"""SMTP and LMTP in (RFC 5321, RFC 2033): says 250 only when the mail is durable, and 451, so that the sender keeps it,
when it is not.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, AnyStr

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session
from opentelemetry.trace import SpanKind

from services.common.tracing import span
from services.domain.errors import DuradeskError
from services.mail.intake import MailIntake
from services.mail.metrics import MailMetrics

_LATER = "451 4.3.0 The mail is not taken yet: offer it again later"
_FULL = b"421 4.3.2 Too many connections: try again later\r\n"
_START_INPUT = "354"
_MOST_RECIPIENTS = 100

log = structlog.get_logger()


class Connections:
    """The open connections of all our ports; there may be `most` at once."""

    def __init__(self, most: int, metrics: MailMetrics) -> None:
        self._most = most
        self._metrics = metrics
        self._open = 0

    @property
    def is_full(self) -> bool:
        """Whether there is no place for another one."""
        return self._open >= self._most

    def change(self, by: int) -> None:
        """Count one that came (1) or went (-1)."""
        self._open += by
        self._metrics.connections.set(self._open)


class MailHandler:
    """Answers the commands of an SMTP session; the names are aiosmtpd's."""

    def __init__(self, intake: MailIntake, metrics: MailMetrics) -> None:
        self._intake = intake
        self._metrics = metrics

    async def handle_RCPT(  # noqa: N802 # aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Any recipient: we relay nothing, and a mail to an unknown address is for the first brand."""
        if len(envelope.rcpt_tos) >= _MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients: send the mail again to the others"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 Ok"

    async def handle_DATA(  # noqa: N802 # aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Keep the mail, then say so."""
        with self._metrics.unanswered.track_inprogress():
            answer = await self._take(envelope)
        self._metrics.answered(answer)
        return answer

    async def _take(self, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        try:
            # aiosmtpd hands out the null sender, which bounces have, as "<>".
            sender = (envelope.mail_from or "").strip("<>")
            with span("mail", kind=SpanKind.SERVER, parent=""):
                await self._intake.take_mail(envelope.content, envelope_sender=sender, recipients=envelope.rcpt_tos)
        except DuradeskError as error:
            log.warning("mail.deferred", reason=error.reason)
            return _LATER
        except Exception:
            log.exception("mail.failed")
            return _LATER
        return "250 2.0.0 Taken"

    async def handle_exception(self, error: Exception) -> str:
        """A fault in the session itself; the library would tell the sender its words."""
        log.error("mail.session_failed", exc_info=error)
        return _LATER


class _Smtp(SMTP):
    # Real mails have longer lines than the 998 octets of RFC 5321, 4.5.3.1.6; only the size of the mail is limited.
    line_length_limit = 1024 * 1024

    def __init__(self, handler: MailHandler, connections: Connections, **options: Any) -> None:
        super().__init__(handler, **options)
        self._connections = connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count it."""
        self._connections.change(1)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Count it no more."""
        self._connections.change(-1)
        super().connection_lost(error)


class _Lmtp(_Smtp, LMTP):
    """Answers a mail once for each of its recipients (RFC 2033, 4.2); for us they stand and fall together."""

    _answers = 1

    async def push(self, status: AnyStr) -> None:
        """Send an answer as often as it is due."""
        for _ in range(self._answers):
            await super().push(status)
        takes_mail = isinstance(status, str) and status.startswith(_START_INPUT)
        self._answers = len(self.envelope.rcpt_tos) if takes_mail and self.envelope else 1


class _Full(asyncio.Protocol):
    """Sends a connection away that is one too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say so, and hang up."""
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(_FULL)
        transport.close()


@asynccontextmanager
async def listening(
    handler: MailHandler,
    address: tuple[str, int],
    *,
    connections: Connections,
    size_limit: int,
    hostname: str,
    lmtp: bool = False,
) -> AsyncIterator[int]:
    """Take mails inside the block; yields the port. Raises SystemExit, with one sentence, for a busy port."""
    loop = asyncio.get_running_loop()
    accept: Any = partial(
        _Lmtp if lmtp else _Smtp,
        handler,
        connections,
        data_size_limit=size_limit,
        enable_SMTPUTF8=True,
        hostname=hostname,
        ident="Duradesk",
        loop=loop,
    )
    host, port = address
    try:
        server = await loop.create_server(lambda: _Full() if connections.is_full else accept(), host, port)
    except OSError as error:
        raise SystemExit(
            f"The mail door cannot listen on {host}:{port} ({error.strerror}): end what is using that port or set"
            f" DURADESK_{'LMTP' if lmtp else 'SMTP'}_PORT to another."
        ) from None
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
