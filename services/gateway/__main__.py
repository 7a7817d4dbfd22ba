"""Runs the gateway: `python -m services.gateway`."""

import signal
import socket

import uvicorn
import uvloop

from services.common.auth import PrincipalSigner
from services.common.channel import open_channel
from services.common.images import ImageLinks
from services.common.links import LinkSigner
from services.common.logging import configure_logging
from services.common.memory import keep_what_is_there
from services.common.objects import ObjectStore
from services.common.outbound import Outbound
from services.common.settings import load_settings
from services.common.tracing import configure_tracing
from services.common.uploads import UploadSigner
from services.gateway.app import create_app
from services.gateway.deps import Services
from services.gateway.protocol import GatewayProtocol, GatewayServer
from services.gateway.settings import GatewaySettings
from services.gateway.staff_names import StaffNames
from services.gateway.uploads import Uploads
from services.gateway.web.realm import Realm
from services.identity.account_client import AccountClient
from services.identity.client import ExchangingAuthenticator, IdentityClient
from services.identity.invitation_client import InvitationClient
from services.identity.session_client import SessionAuthenticator, SessionClient
from services.routing.client import RoutingClient
from services.routing.rules.client import RulesClient
from services.routing.service_levels.client import ServiceLevelsClient
from services.routing.staffing.client import StaffingClient
from services.tickets.client.broadcasts import BroadcastClient
from services.tickets.client.categories import CategoriesClient
from services.tickets.client.clocks import ClocksClient
from services.tickets.client.desk import DeskClient
from services.tickets.client.family import FamilyClient
from services.tickets.client.followers import FollowersClient
from services.tickets.client.macros import MacrosClient
from services.tickets.client.merges import MergeClient
from services.tickets.client.organisations import OrganisationsClient
from services.tickets.client.queue import QueueClient
from services.tickets.client.rule_runs import RuleRunsClient
from services.tickets.client.ticket_fields import TicketFieldsClient
from services.tickets.client.tickets import TicketsClient
from services.tickets.client.upcoming import UpcomingClient


async def run(settings: GatewaySettings, listener: socket.socket) -> None:
    """Serve until the process is told to stop."""
    signer = PrincipalSigner(settings.needed_principal_key)
    async with (
        open_channel(settings.tickets_address, ca=settings.tls_ca) as tickets,
        open_channel(settings.routing_address) as routing,
        open_channel(settings.identity_address) as identity,
    ):
        identity_client, session_client = IdentityClient(identity), SessionClient(identity)
        objects = ObjectStore(settings.object_store_url)
        services = Services(
            tickets=TicketsClient(tickets),
            clocks=ClocksClient(tickets),
            categories=CategoriesClient(tickets),
            ticket_fields=TicketFieldsClient(tickets),
            macros=MacrosClient(tickets),
            organisations=OrganisationsClient(tickets),
            upcoming=UpcomingClient(tickets),
            service_levels=ServiceLevelsClient(routing),
            rules=RulesClient(routing),
            rule_runs=RuleRunsClient(tickets),
            desk=DeskClient(tickets),
            queue=QueueClient(tickets),
            staffing=StaffingClient(routing),
            followers=FollowersClient(tickets),
            families=FamilyClient(tickets),
            merges=MergeClient(tickets),
            broadcasts=BroadcastClient(tickets),
            routing=RoutingClient(routing),
            identity=identity_client,
            staff_names=StaffNames(identity_client),
            authenticator=ExchangingAuthenticator(identity_client, signer),
            signer=signer,
            links=LinkSigner(settings.needed_principal_key, public_url=settings.public_url),
            channels={"identity": identity, "tickets": tickets, "routing": routing},
            accounts=AccountClient(identity),
            invitations=InvitationClient(identity),
            session_client=session_client,
            sessions=SessionAuthenticator(session_client, signer),
            realm=Realm(settings.needed_principal_key, public_url=settings.public_url),
            objects=objects,
            images=ImageLinks(settings.needed_principal_key),
            outbound=Outbound(ports=settings.image_ports),
            uploads=Uploads(objects, UploadSigner(settings.needed_principal_key)),
        )
        app = create_app(services, body_limit=settings.body_limit, mailbox=settings.sink)
        keep_what_is_there()
        await GatewayServer(server_config(app), app.state.streams).serve(sockets=[listener])


def server_config(app: object) -> uvicorn.Config:
    """How the application is served: our own logs, no headers that a proxy would set, 5 s for requests under way."""
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        http=GatewayProtocol,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        timeout_keep_alive=75,
        timeout_graceful_shutdown=5,
    )


def listen(settings: GatewaySettings) -> socket.socket:
    """The listening socket, or the end of the process with a sentence that names the variable."""
    family = socket.AF_INET6 if ":" in settings.listen else socket.AF_INET
    try:
        return socket.create_server((settings.listen, settings.port), family=family, backlog=1024)
    except OSError as error:
        raise SystemExit(
            f"The gateway cannot listen on {settings.listen}:{settings.port} ({error.strerror}): end what is using that"
            " port or set DURADESK_PORT to another."
        ) from None


def main() -> None:
    """Read the environment, then run."""
    settings = load_settings(GatewaySettings)
    configure_logging(settings, "gateway")
    configure_tracing(settings, "gateway")
    # uvicorn raises a signal that stopped it once more when it has ended, so that its caller may die of it.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stopped)
    with listen(settings) as listener:
        uvloop.run(run(settings, listener))


def _stopped(_number: int, _frame: object) -> None:
    """The server has ended: there is nothing left to do."""


if __name__ == "__main__":
    main()
