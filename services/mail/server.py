"""SMTP in (RFC 5321): says 250 only when the mail is durable, and 451, so that the sender keeps it, when it is not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session

from services.domain.errors import DuradeskError
from services.mail.intake import MailIntake

_LATER = "451 4.3.0 The mail is not taken yet: offer it again later"
_MOST_RECIPIENTS = 100

log = structlog.get_logger()


class MailHandler:
    """Answers the commands of an SMTP session; the names are aiosmtpd's."""

    def __init__(self, intake: MailIntake) -> None:
        self._intake = intake

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
        assert isinstance(envelope.content, bytes)
        try:
            # aiosmtpd hands out the null sender, which bounces have, as "<>".
            sender = (envelope.mail_from or "").strip("<>")
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


class _Protocol(SMTP):
    # Real mails have longer lines than the 998 octets of RFC 5321, 4.5.3.1.6; only the size of the mail is limited.
    line_length_limit = 1024 * 1024


@asynccontextmanager
async def listening(
    intake: MailIntake, address: tuple[str, int], *, size_limit: int, hostname: str
) -> AsyncIterator[int]:
    """Take mails inside the block; yields the port. Raises SystemExit, with one sentence, for a busy port."""
    loop = asyncio.get_running_loop()
    connection: Any = partial(
        _Protocol,
        MailHandler(intake),
        data_size_limit=size_limit,
        enable_SMTPUTF8=True,
        hostname=hostname,
        ident="Duradesk",
        loop=loop,
    )
    host, port = address
    try:
        server = await loop.create_server(connection, host, port)
    except OSError as error:
        raise SystemExit(
            f"The mail door cannot listen on {host}:{port} ({error.strerror}): end what is using that port or set"
            " DURADESK_SMTP_PORT to another."
        ) from None
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
