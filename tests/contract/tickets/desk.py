"""What tests of TicketService need: the running service, the people who call it, and a clock that can be moved."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString
from uuid import UUID, uuid4

import grpc
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
from duradesk.tickets.v1.ticket_service_pb2_grpc import TicketServiceStub, add_TicketServiceServicer_to_server
from duradesk.tickets.v1.upcoming_service_pb2_grpc import add_UpcomingServiceServicer_to_server
from prometheus_client import CollectorRegistry

from services.common.auth import PrincipalSigner, SignedOnly
from services.common.channel import open_channel
from services.common.database import Database
from services.common.server import running_server
from services.common.settings import Settings
from services.common.uploads import UploadSigner
from services.domain.message import NewMessage, Visibility
from services.domain.principal import Principal, Role
from services.domain.reply_address import ReplyAddresses
from services.domain.ticket import NewTicket, Ticket
from services.domain.user import User
from services.tickets.calendars import Calendars as KnowsCalendars
from services.tickets.client.broadcasts import BroadcastClient
from services.tickets.client.bulk import BulkClient
from services.tickets.client.categories import CategoriesClient
from services.tickets.client.desk import DeskClient
from services.tickets.client.family import FamilyClient
from services.tickets.client.followers import FollowersClient
from services.tickets.client.macros import MacrosClient
from services.tickets.client.merges import MergeClient
from services.tickets.client.organisations import OrganisationsClient
from services.tickets.client.ticket_fields import TicketFieldsClient
from services.tickets.client.tickets import TicketsClient
from services.tickets.client.upcoming import UpcomingClient
from services.tickets.colleagues import Colleagues
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
from services.tickets.store import CONSTRAINT_ERRORS, Store
from services.tickets.store.mails import MailMaker
from services.tickets.store.watch import WatchStore
from services.tickets.wakeup import Wakeup
from tests.contract.orchestration.desk import LINKS

SIGNER = PrincipalSigner(b"k" * 32)
REPLY_ADDRESSES = ReplyAddresses(b"k" * 32)
UPLOADS = UploadSigner(b"k" * 32)
AGENT = Principal(str(uuid4()), Role.AGENT)
ADMIN = Principal(str(uuid4()), Role.ADMIN)
LIGHT_AGENT = Principal(str(uuid4()), Role.LIGHT_AGENT)
MAIL = Principal("mail", Role.SERVICE)
RELAY = Principal("relay", Role.SERVICE)


@dataclass
class Clock:
    """The business clock: the real one and what a test skipped."""

    skipped: timedelta = timedelta()

    async def instant(self) -> datetime:
        return datetime.now(UTC) + self.skipped


@dataclass
class Wakeups:
    """Counts how often the service said that the outbox changed."""

    count: int = 0

    def set(self) -> None:
        self.count += 1


@dataclass
class Staff:
    """Who works here: everybody as an agent, but those of whom a test says otherwise."""

    roles: dict[UUID, Role] = field(
        default_factory=lambda: {UUID(one.subject): one.role for one in (ADMIN, LIGHT_AGENT)}
    )
    gone: set[UUID] = field(default_factory=set)

    async def find_colleague(self, user_id: UUID) -> User | None:
        role = self.roles.get(user_id, Role.AGENT)
        active = user_id not in self.gone
        return User(user_id, "ann@desk.example", "Ann", role, active, None, datetime.now(UTC))


@dataclass
class Calendars:
    """The calendars that there are."""

    ids: set[UUID] = field(default_factory=set)

    async def list_ids(self) -> frozenset[UUID]:
        return frozenset(self.ids)


@dataclass
class Desk:
    """The service on a port, and clients of it for anybody."""

    database: Database
    address: str
    stack: AsyncExitStack
    clock: Clock
    wakeups: Wakeups
    staff: Staff
    channels: dict[Principal, grpc.aio.Channel] = field(default_factory=dict)

    async def channel(self, principal: Principal) -> grpc.aio.Channel:
        if principal not in self.channels:
            channel = open_channel(self.address, credentials=lambda: SIGNER.sign(principal))
            self.channels[principal] = await self.stack.enter_async_context(channel)
        return self.channels[principal]

    async def client(self, principal: Principal = AGENT) -> TicketsClient:
        return TicketsClient(await self.channel(principal))

    async def categories(self, principal: Principal = ADMIN) -> CategoriesClient:
        return CategoriesClient(await self.channel(principal))

    async def ticket_fields(self, principal: Principal = ADMIN) -> TicketFieldsClient:
        return TicketFieldsClient(await self.channel(principal))

    async def macros(self, principal: Principal = AGENT) -> MacrosClient:
        return MacrosClient(await self.channel(principal))

    async def organisations(self, principal: Principal = ADMIN) -> OrganisationsClient:
        return OrganisationsClient(await self.channel(principal))

    async def followers(self, principal: Principal = AGENT) -> FollowersClient:
        return FollowersClient(await self.channel(principal))

    async def family(self, principal: Principal = AGENT) -> FamilyClient:
        return FamilyClient(await self.channel(principal))

    async def merges(self, principal: Principal = AGENT) -> MergeClient:
        return MergeClient(await self.channel(principal))

    async def broadcasts(self, principal: Principal = AGENT) -> BroadcastClient:
        return BroadcastClient(await self.channel(principal))

    async def desk_client(self, principal: Principal = AGENT) -> DeskClient:
        return DeskClient(await self.channel(principal))

    async def upcoming_client(self, principal: Principal = AGENT) -> UpcomingClient:
        return UpcomingClient(await self.channel(principal))

    async def bulk_client(self) -> BulkClient:
        return BulkClient(await self.channel(RELAY))

    async def stub(self, principal: Principal = AGENT) -> Any:
        return TicketServiceStub(await self.channel(principal))

    async def rows(self, statement: LiteralString, **parameters: Any) -> list[dict[str, Any]]:
        async with self.database.transaction() as conn:
            cursor = await conn.execute(statement, parameters)
            return await cursor.fetchall() if cursor.description else []

    async def row(self, statement: LiteralString, **parameters: Any) -> dict[str, Any]:
        (row,) = await self.rows(statement, **parameters)
        return row

    async def new_ticket(self, **overrides: Any) -> Ticket:
        return await (await self.client(MAIL)).create_ticket(new_ticket(**overrides))

    async def reply(self, ticket: Ticket, principal: Principal = AGENT, **overrides: Any) -> Ticket:
        _, landed = await (await self.client(principal)).create_message(ticket.id, new_message(**overrides))
        return landed

    async def sent_mail(self, ticket: Ticket, rfc_message_id: str, *, recipient: str = "") -> None:
        """A mail that went out on the ticket under this Message-ID."""
        await self.rows(
            "WITH decision AS (INSERT INTO decisions (ticket_id, version, decided_seq, facts, routing, decision)"
            " VALUES (%(id)s, 1, 1, '{}', '{}', '{}') RETURNING id)"
            " INSERT INTO effects (ticket_id, decision_id, key, kind, rfc_message_id, recipient, not_before, state)"
            " SELECT %(id)s, id, 'reply/' || %(name)s, 'reply_mail', %(name)s, %(recipient)s, instant(), 'done'"
            " FROM decision",
            id=ticket.id,
            name=rfc_message_id,
            recipient=recipient or ticket.requester.email,
        )

    async def outbox(self, ticket_id: UUID) -> dict[str, Any]:
        return await self.row("SELECT * FROM outbox WHERE ticket_id = %(id)s", id=ticket_id)


def new_ticket(**overrides: Any) -> NewTicket:
    return NewTicket(**{"subject": "Printer", "body": "It is on fire", "requester_email": "cleo@c.example"} | overrides)


def new_message(**overrides: Any) -> NewMessage:
    return NewMessage(**{"visibility": Visibility.PUBLIC, "body": "words"} | overrides)


def customer(ticket: Ticket) -> Principal:
    """The requester of the ticket, signed in."""
    return Principal(str(uuid4()), Role.CUSTOMER, ticket.requester.id)


@asynccontextmanager
async def running_desk(
    url: str, colleagues: Colleagues | None = None, calendars: KnowsCalendars | None = None
) -> AsyncIterator[Desk]:
    clock, wakeups, staff = Clock(), Wakeups(), Staff()
    colleagues, calendars = colleagues or staff, calendars or Calendars()
    async with (
        Database(
            url, schema="tickets", constraint_errors=CONSTRAINT_ERRORS, max_size=20, instant=clock.instant
        ) as database,
        Wakeup(url) as wakeup,
        NewsDesk(WatchStore(database), wakeup.next) as news,
        AsyncExitStack() as stack,
    ):

        def on_commit() -> None:
            wakeups.set()
            wakeup.set()

        store = Store(database, on_commit, REPLY_ADDRESSES)
        mails, metrics = MailMaker(LINKS, REPLY_ADDRESSES), TicketMetrics(CollectorRegistry())
        server = running_server(
            Settings(),
            name="tickets",
            address=("127.0.0.1", 0),
            services=[
                (add_TicketServiceServicer_to_server, TicketServicer(store, UPLOADS, colleagues, calendars, metrics)),
                (add_FollowerServiceServicer_to_server, FollowerServicer(store, colleagues)),
                (add_DeskServiceServicer_to_server, DeskServicer(store, news, colleagues)),
                (add_BulkServiceServicer_to_server, BulkServicer(store.bulk, wakeup, colleagues)),
                (add_FamilyServiceServicer_to_server, FamilyServicer(store)),
                (add_MergeServiceServicer_to_server, MergeServicer(store)),
                (add_BroadcastServiceServicer_to_server, BroadcastServicer(store)),
                (add_OperationsServiceServicer_to_server, OperationsServicer(database)),
                (add_ClockServiceServicer_to_server, ClockServicer(store)),
                (add_QueueServiceServicer_to_server, QueueServicer(database, wakeup)),
                (add_RuleRunServiceServicer_to_server, RuleRunServicer(database)),
                (add_CategoryServiceServicer_to_server, CategoryServicer(store)),
                (add_TicketFieldServiceServicer_to_server, TicketFieldServicer(store)),
                (
                    add_OrchestrationServiceServicer_to_server,
                    OrchestrationServicer(database, wakeup, mails, Staff(), metrics),
                ),
                (add_OrganisationServiceServicer_to_server, OrganisationServicer(store)),
                (add_MacroServiceServicer_to_server, MacroServicer(store, UPLOADS, colleagues)),
                (add_UpcomingServiceServicer_to_server, UpcomingServicer(store.upcoming)),
                (add_PlanningServiceServicer_to_server, PlanningServicer(database, wakeup)),
            ],
            authenticator=SignedOnly(SIGNER),
        )
        port = await stack.enter_async_context(server)
        yield Desk(database, f"127.0.0.1:{port}", stack, clock, wakeups, staff)
