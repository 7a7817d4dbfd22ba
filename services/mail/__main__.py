"""Runs the mail door: `python -m services.mail`."""

import asyncio
import logging
import signal
from contextlib import AsyncExitStack

import structlog

from services.common.auth import KeptToken, PrincipalSigner
from services.common.channel import open_channel
from services.common.logging import configure_logging
from services.common.metrics import serving_metrics
from services.common.objects import ObjectStore
from services.common.settings import load_settings
from services.common.tracing import configure_tracing
from services.domain.principal import Principal, Role
from services.mail.intake import MailIntake
from services.mail.metrics import MailMetrics
from services.mail.parsers import MailParsers
from services.mail.quarantine import working_through_quarantine
from services.mail.server import Connections, MailHandler, listening
from services.mail.settings import MailSettings
from services.tickets.client.tickets import TicketsClient

ITSELF = Principal("mail", Role.SERVICE)

log = structlog.get_logger()


async def run(settings: MailSettings) -> None:
    """Take mails until the process is told to stop; senders keep what was not acknowledged."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    signer = PrincipalSigner(settings.needed_principal_key)
    metrics = MailMetrics()
    async with (
        open_channel(settings.tickets_address, credentials=KeptToken(signer, ITSELF), ca=settings.tls_ca) as tickets,
        MailParsers() as parsers,
        AsyncExitStack() as stack,
    ):
        metrics.reading.set_function(lambda: parsers.reading)
        objects = ObjectStore(settings.object_store_url)
        intake = MailIntake(TicketsClient(tickets), parsers, objects, authserv_id=settings.trusted_authserv_id)
        handler, connections = MailHandler(intake, metrics), Connections(settings.mail_connections, metrics)
        await stack.enter_async_context(serving_metrics(settings, metrics.registry))
        for port, lmtp in ((settings.smtp_port, False), (settings.lmtp_port, True)):
            if port is not None:
                await stack.enter_async_context(
                    listening(
                        handler,
                        (settings.listen, port),
                        connections=connections,
                        size_limit=settings.mail_limit,
                        hostname=settings.mail_hostname,
                        lmtp=lmtp,
                    )
                )
        await stack.enter_async_context(working_through_quarantine(intake))
        log.info("server.ready", name="mail", port=settings.smtp_port)
        await stopping.wait()
        log.info("server.stopping", name="mail")


def main() -> None:
    """Read the environment, then run."""
    settings = load_settings(MailSettings)
    configure_logging(settings, "mail")
    configure_tracing(settings, "mail")
    # The library logs every command with the addresses in it.
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    asyncio.run(run(settings))


if __name__ == "__main__":
    main()
