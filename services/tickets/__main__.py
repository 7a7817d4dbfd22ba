"""Runs tickets: `python -m services.tickets`."""

import asyncio

from duradesk.tickets.v1.clock_service_pb2_grpc import add_ClockServiceServicer_to_server
from duradesk.tickets.v1.orchestration_service_pb2_grpc import add_OrchestrationServiceServicer_to_server
from duradesk.tickets.v1.ticket_service_pb2_grpc import add_TicketServiceServicer_to_server

from services.common.auth import PrincipalSigner
from services.common.channel import open_channel
from services.common.database import Database
from services.common.links import LinkSigner
from services.common.logging import configure_logging
from services.common.server import serve, server_credentials
from services.common.settings import load_settings
from services.domain.reply_address import ReplyAddresses
from services.identity.client import ExchangingAuthenticator, IdentityClient
from services.tickets.servicer.clocks import ClockServicer
from services.tickets.servicer.orchestration import OrchestrationServicer
from services.tickets.servicer.tickets import TicketServicer
from services.tickets.settings import TicketsSettings
from services.tickets.store import CONSTRAINT_ERRORS, Store
from services.tickets.store.words import reading_words
from services.tickets.wakeup import Wakeup


async def run(settings: TicketsSettings) -> None:
    """Serve until the process is told to stop."""
    signer = PrincipalSigner(settings.needed_principal_key)
    links = LinkSigner(settings.needed_principal_key, public_url=settings.public_url)
    reply_addresses = ReplyAddresses(settings.needed_principal_key)
    url = settings.needed_database_url
    database = Database(
        url, schema="tickets", constraint_errors=CONSTRAINT_ERRORS, max_size=settings.tickets_connections
    )
    async with (
        database,
        reading_words(database),
        Wakeup(url) as wakeup,
        open_channel(settings.identity_address) as identity,
    ):
        store = Store(database, wakeup.set, reply_addresses)
        await serve(
            settings,
            name="tickets",
            address=(settings.listen, settings.grpc_port),
            services=[
                (add_TicketServiceServicer_to_server, TicketServicer(store)),
                (add_ClockServiceServicer_to_server, ClockServicer(store)),
                (
                    add_OrchestrationServiceServicer_to_server,
                    OrchestrationServicer(database, wakeup, links, reply_addresses),
                ),
            ],
            authenticator=ExchangingAuthenticator(IdentityClient(identity), signer),
            tls=server_credentials(settings),
        )


def main() -> None:
    """Read the environment, then run."""
    settings = load_settings(TicketsSettings)
    configure_logging(settings, "tickets")
    asyncio.run(run(settings))


if __name__ == "__main__":
    main()
