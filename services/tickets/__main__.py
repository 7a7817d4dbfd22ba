"""Runs tickets: `python -m services.tickets`."""

import uvloop
from duradesk.macros.v1.macro_service_pb2_grpc import add_MacroServiceServicer_to_server
from duradesk.tickets.v1.broadcast_service_pb2_grpc import add_BroadcastServiceServicer_to_server
from duradesk.tickets.v1.bulk_service_pb2_grpc import add_BulkServiceServicer_to_server
from duradesk.tickets.v1.category_service_pb2_grpc import add_CategoryServiceServicer_to_server
from duradesk.tickets.v1.clock_service_pb2_grpc import add_ClockServiceServicer_to_server
from duradesk.tickets.v1.desk_service_pb2_grpc import add_DeskServiceServicer_to_server
from duradesk.tickets.v1.family_service_pb2_grpc import add_FamilyServiceServicer_to_server
from duradesk.tickets.v1.follower_service_pb2_grpc import add_FollowerServiceServicer_to_server
from duradesk.tickets.v1.merge_service_pb2_grpc import add_MergeServiceServicer_to_server
from duradesk.tickets.v1.operations_service_pb2_grpc import add_OperationsServiceServicer_to_server
from duradesk.tickets.v1.orchestration_service_pb2_grpc import add_OrchestrationServiceServicer_to_server
from duradesk.tickets.v1.organisation_service_pb2_grpc import add_OrganisationServiceServicer_to_server
from duradesk.tickets.v1.planning_service_pb2_grpc import add_PlanningServiceServicer_to_server
from duradesk.tickets.v1.queue_service_pb2_grpc import add_QueueServiceServicer_to_server
from duradesk.tickets.v1.rule_run_service_pb2_grpc import add_RuleRunServiceServicer_to_server
from duradesk.tickets.v1.ticket_field_service_pb2_grpc import add_TicketFieldServiceServicer_to_server
from duradesk.tickets.v1.ticket_service_pb2_grpc import add_TicketServiceServicer_to_server
from duradesk.tickets.v1.upcoming_service_pb2_grpc import add_UpcomingServiceServicer_to_server

from services.common.auth import KeptToken, PrincipalSigner
from services.common.channel import open_channel
from services.common.database import Database
from services.common.links import LinkSigner
from services.common.logging import configure_logging
from services.common.metrics import new_registry
from services.common.server import Service, serve, server_credentials
from services.common.settings import load_settings
from services.common.tracing import configure_tracing
from services.common.uploads import UploadSigner
from services.domain.principal import Principal, Role
from services.domain.reply_address import ReplyAddresses
from services.identity.client import ExchangingAuthenticator, IdentityClient
from services.tickets.calendars import Calendars, RoutingCalendars
from services.tickets.colleagues import IdentityColleagues
from services.tickets.metrics import TicketMetrics
from services.tickets.news import NewsDesk
from services.tickets.servicer.broadcasts import BroadcastServicer
from services.tickets.servicer.bulk import BulkServicer
from services.tickets.servicer.categories import CategoryServicer
from services.tickets.servicer.clocks import ClockServicer
from services.tickets.servicer.desk import DeskServicer
from services.tickets.servicer.families import FamilyServicer
from services.tickets.servicer.followers import FollowerServicer
from services.tickets.servicer.macros import MacroServicer
from services.tickets.servicer.merges import MergeServicer
from services.tickets.servicer.operations import OperationsServicer
from services.tickets.servicer.orchestration import OrchestrationServicer
from services.tickets.servicer.organisations import OrganisationServicer
from services.tickets.servicer.planning import PlanningServicer
from services.tickets.servicer.queue import QueueServicer
from services.tickets.servicer.rule_runs import RuleRunServicer
from services.tickets.servicer.ticket_fields import TicketFieldServicer
from services.tickets.servicer.tickets import TicketServicer
from services.tickets.servicer.upcoming import UpcomingServicer
from services.tickets.settings import TicketsSettings
from services.tickets.store import CONSTRAINT_ERRORS, Store
from services.tickets.store.mails import MailMaker
from services.tickets.store.watch import WatchStore
from services.tickets.store.words import reading_words
from services.tickets.wakeup import Wakeup


async def run(settings: TicketsSettings) -> None:
    """Serve until the process is told to stop."""
    signer, itself = PrincipalSigner(settings.needed_principal_key), Principal("tickets", Role.SERVICE)
    url, registry = settings.needed_database_url, new_registry()
    database = Database(
        url, schema="tickets", constraint_errors=CONSTRAINT_ERRORS, max_size=settings.tickets_connections
    )
    async with (
        database,
        reading_words(database),
        Wakeup(url) as wakeup,
        NewsDesk(WatchStore(database), wakeup.next) as news,
        open_channel(settings.identity_address, credentials=KeptToken(signer, itself)) as channel,
        open_channel(settings.routing_address, credentials=KeptToken(signer, itself)) as routing,
    ):
        identity, calendars = IdentityClient(channel), RoutingCalendars(routing)
        await serve(
            settings,
            name="tickets",
            address=(settings.listen, settings.grpc_port),
            services=services_on(database, wakeup, news, identity, calendars, settings, TicketMetrics(registry)),
            authenticator=ExchangingAuthenticator(identity, signer),
            registry=registry,
            tls=server_credentials(settings),
        )


def services_on(
    database: Database,
    wakeup: Wakeup,
    news: NewsDesk,
    identity: IdentityClient,
    calendars: Calendars,
    settings: TicketsSettings,
    metrics: TicketMetrics,
) -> list[Service]:
    """What this process serves, on that database."""
    links = LinkSigner(settings.needed_principal_key, public_url=settings.public_url)
    reply_addresses = ReplyAddresses(settings.needed_principal_key)
    mails = MailMaker(links, reply_addresses)
    store = Store(database, wakeup.set, reply_addresses)
    uploads, colleagues = UploadSigner(settings.needed_principal_key), IdentityColleagues(identity)
    return [
        (add_TicketServiceServicer_to_server, TicketServicer(store, uploads, colleagues, calendars, metrics)),
        (add_ClockServiceServicer_to_server, ClockServicer(store)),
        (add_CategoryServiceServicer_to_server, CategoryServicer(store)),
        (add_TicketFieldServiceServicer_to_server, TicketFieldServicer(store)),
        (add_OrganisationServiceServicer_to_server, OrganisationServicer(store)),
        (add_MacroServiceServicer_to_server, MacroServicer(store, uploads, colleagues)),
        (add_UpcomingServiceServicer_to_server, UpcomingServicer(store.upcoming)),
        (add_DeskServiceServicer_to_server, DeskServicer(store, news, colleagues)),
        (add_BulkServiceServicer_to_server, BulkServicer(store.bulk, wakeup, colleagues)),
        (add_FollowerServiceServicer_to_server, FollowerServicer(store, colleagues)),
        (add_FamilyServiceServicer_to_server, FamilyServicer(store)),
        (add_MergeServiceServicer_to_server, MergeServicer(store)),
        (add_BroadcastServiceServicer_to_server, BroadcastServicer(store)),
        (
            add_OrchestrationServiceServicer_to_server,
            OrchestrationServicer(database, wakeup, mails, colleagues, metrics),
        ),
        (add_QueueServiceServicer_to_server, QueueServicer(database, wakeup)),
        (add_RuleRunServiceServicer_to_server, RuleRunServicer(database)),
        (add_OperationsServiceServicer_to_server, OperationsServicer(database)),
        (add_PlanningServiceServicer_to_server, PlanningServicer(database, wakeup)),
    ]


def main() -> None:
    """Read the environment, then run."""
    settings = load_settings(TicketsSettings)
    configure_logging(settings, "tickets")
    configure_tracing(settings, "tickets")
    uvloop.run(run(settings))


if __name__ == "__main__":
    main()
