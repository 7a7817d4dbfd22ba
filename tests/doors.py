"""The doors as tests run them: the gateway over HTTP and the mail door over SMTP, before real services."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import grpc
import httpx

from services.common.channel import open_channel
from services.common.images import ImageLinks
from services.common.links import LinkSigner
from services.common.objects import ObjectStore
from services.common.outbound import Outbound
from services.domain.principal import Principal, Role
from services.domain.user import NewUser, User
from services.gateway.__main__ import server_config
from services.gateway.app import create_app
from services.gateway.deps import Services
from services.gateway.protocol import GatewayServer
from services.gateway.staff_names import StaffNames
from services.gateway.uploads import Uploads
from services.gateway.web.realm import Realm
from services.identity.account_client import AccountClient
from services.identity.client import ExchangingAuthenticator, IdentityClient
from services.identity.invitation_client import InvitationClient
from services.identity.session_client import SessionAuthenticator, SessionClient
from services.mail.intake import MailIntake
from services.mail.metrics import MailMetrics
from services.mail.parsers import MailParsers
from services.mail.quarantine import working_through_quarantine
from services.mail.server import Connections, MailHandler, listening
from services.routing.client import RoutingClient
from services.routing.rules.client import RulesClient
from services.routing.service_levels.client import ServiceLevelsClient
from services.routing.staffing.client import StaffingClient
from services.tickets.calendars import RoutingCalendars
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
from services.tickets.colleagues import IdentityColleagues
from tests.browsing import Browser
from tests.contract.tickets.desk import UPLOADS, Desk, running_desk
from tests.people import PASSWORD, PUBLIC_URL, SIGNER, THE_OWNER, identity_as, running_identity, running_routing

IMAGES = ImageLinks(b"k" * 32)
LINKS = LinkSigner(b"k" * 32, public_url=PUBLIC_URL)
BODY_LIMIT = 1024 * 1024
API = "/api/v1"
# How long an answer may take on a machine with much else to do, in seconds.
PATIENCE = 30.0
MAIL = Principal("mail", Role.SERVICE)
TICKETS = Principal("tickets", Role.SERVICE)


@dataclass
class Doors:
    """The gateway's address and the services behind it."""

    url: str
    desk: Desk
    identity: IdentityClient
    identity_address: str
    objects: ObjectStore
    stack: AsyncExitStack
    routing_address: str
    numbers: Iterator[int] = field(default_factory=count)

    async def account(self, role: Role = Role.AGENT) -> User:
        """A new account of this role."""
        name = f"{role.value}-{next(self.numbers)}"
        email, contact_id = f"{name}@example.com", None
        if role is Role.CUSTOMER:
            tickets = await self.desk.client(Principal(THE_OWNER.subject, Role.ADMIN))
            contact_id = (await tickets.create_contact(email, name)).id
        return await self.identity.create_user(NewUser(email, name, role, contact_id), PASSWORD)

    async def http(self, **headers: str) -> httpx.AsyncClient:
        """Somebody without a token."""
        client = httpx.AsyncClient(base_url=f"{self.url}{API}", headers=headers, trust_env=False, timeout=60)
        return await self.stack.enter_async_context(client)

    async def browser(self, email: str = "") -> Browser:
        """A browser, signed in when an account is named."""
        client = httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=60)
        browser = Browser(await self.stack.enter_async_context(client), PUBLIC_URL)
        if email:
            assert (await browser.sign_in(email)).status_code == 303
        return browser

    async def signed_in(self, role: Role = Role.AGENT) -> httpx.AsyncClient:
        """A new user of this role, signed in."""
        user = await self.account(role)
        issued = await self.identity.create_token(user.email, PASSWORD, source="test")
        return await self.http(authorization=f"Bearer {issued.token}")


@dataclass
class LaterCalendars:
    """Those of routing, which starts when tickets is there."""

    channel: grpc.aio.Channel | None = None

    async def list_ids(self) -> frozenset[UUID]:
        assert self.channel is not None
        return await RoutingCalendars(self.channel).list_ids()


@asynccontextmanager
async def running_doors(url: str) -> AsyncIterator[Doors]:
    """The gateway and, behind it, tickets, routing and identity on this database."""
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        identity_address = await enter(running_identity(url))
        as_tickets = await enter(identity_as(TICKETS, identity_address))
        calendars = LaterCalendars()
        desk = await enter(running_desk(url, IdentityColleagues(as_tickets), calendars))
        routing_address = await enter(running_routing(url, identity_address, desk.address))
        calendars.channel = await enter(open_channel(routing_address, credentials=lambda: SIGNER.sign(TICKETS)))
        objects = await enter(object_store())
        gateway = await enter(running_gateway(desk.address, routing_address, identity_address, objects=objects))
        identity = await enter(identity_as(THE_OWNER, identity_address))
        yield Doors(gateway, desk, identity, identity_address, objects, await enter(AsyncExitStack()), routing_address)


@asynccontextmanager
async def object_store() -> AsyncIterator[ObjectStore]:
    """An object store in a directory of its own."""
    with TemporaryDirectory() as directory:
        yield ObjectStore(Path(directory).as_uri())


@asynccontextmanager
async def running_gateway(
    tickets_address: str, routing_address: str, identity_address: str, *, objects: ObjectStore
) -> AsyncIterator[str]:
    """The URL of a gateway before these services."""
    async with (
        open_channel(tickets_address) as tickets,
        open_channel(routing_address) as routing,
        open_channel(identity_address) as identity,
    ):
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
            identity=IdentityClient(identity),
            staff_names=StaffNames(IdentityClient(identity)),
            authenticator=ExchangingAuthenticator(IdentityClient(identity), SIGNER),
            signer=SIGNER,
            links=LINKS,
            channels={"identity": identity, "tickets": tickets, "routing": routing},
            objects=objects,
            accounts=AccountClient(identity),
            invitations=InvitationClient(identity),
            images=IMAGES,
            outbound=Outbound(ports=range(65536), is_allowed=lambda _: True),
            session_client=SessionClient(identity),
            sessions=SessionAuthenticator(SessionClient(identity), SIGNER),
            realm=Realm(b"k" * 32, public_url=PUBLIC_URL),
            uploads=Uploads(objects, UPLOADS),
        )
        async with served(create_app(services, body_limit=BODY_LIMIT)) as url:
            yield url


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[str]:
    """The URL of an application, served as the gateway is."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = GatewayServer(server_config(app), app.state.streams)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.stop()
            await serving


@asynccontextmanager
async def running_mail_door(
    tickets_address: str, objects: ObjectStore, *, authserv_id: str = "", most: int = 100, lmtp: bool = False
) -> AsyncIterator[int]:
    """The port of a mail door before this tickets service; `authserv_id` names the mail server it trusts."""
    metrics = MailMetrics()
    async with (
        open_channel(tickets_address, credentials=lambda: SIGNER.sign(MAIL)) as channel,
        MailParsers() as parsers,
        listening(
            MailHandler(
                intake := MailIntake(TicketsClient(channel), parsers, objects, authserv_id=authserv_id), metrics
            ),
            ("127.0.0.1", 0),
            connections=Connections(most, metrics),
            lmtp=lmtp,
            size_limit=1_000_000,
            hostname="desk.example",
        ) as port,
        working_through_quarantine(intake),
    ):
        yield port
