"""identity and routing as tests run them: real servers over a real database, on ports that are free."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from duradesk.routing.v1.routing_service_pb2_grpc import add_RoutingServiceServicer_to_server
from duradesk.routing.v1.rule_service_pb2_grpc import add_RuleServiceServicer_to_server
from duradesk.routing.v1.service_level_service_pb2_grpc import add_ServiceLevelServiceServicer_to_server
from duradesk.routing.v1.staffing_service_pb2_grpc import add_StaffingServiceServicer_to_server

from services.common.auth import PrincipalSigner, SignedOnly
from services.common.channel import open_channel
from services.common.database import Database
from services.common.server import running_server
from services.common.settings import Settings
from services.domain.principal import Principal, Role
from services.domain.user import NewUser, User
from services.identity.client import IdentityClient
from services.identity.passwords import Passwords
from services.identity.servicer import servicers
from services.identity.session_client import SessionClient
from services.identity.store import statements as identity_statements
from services.routing import store as routing_store
from services.routing.client import RoutingClient
from services.routing.current import CurrentRouting
from services.routing.names import KnownNames, TicketThings
from services.routing.rules.current import CurrentRules
from services.routing.rules.people import RulePeople
from services.routing.rules.servicer import RuleServicer
from services.routing.rules.store import RuleStore
from services.routing.service_levels.brands import BrandCalendars
from services.routing.service_levels.current import CurrentServiceLevels
from services.routing.service_levels.planning import Planning
from services.routing.service_levels.servicer import ServiceLevelServicer
from services.routing.service_levels.store import ServiceLevelStore
from services.routing.servicer import RoutingServicer
from services.routing.staff import StaffDirectory
from services.routing.staffing.client import StaffingClient
from services.routing.staffing.current import CurrentStaffing
from services.routing.staffing.servicer import StaffingServicer
from services.routing.staffing.store import StaffingStore
from services.tickets.client.categories import CategoriesClient
from services.tickets.client.organisations import OrganisationsClient
from services.tickets.client.planning import PlanningClient
from services.tickets.client.ticket_fields import TicketFieldsClient
from services.tickets.client.tickets import TicketsClient

PUBLIC_URL = "https://desk.example"
SIGNER_KEY = "k" * 32
SIGNER = PrincipalSigner(SIGNER_KEY.encode())
# Not a user of the database: the first signed principal that may make users.
THE_OWNER = Principal("00000000-0000-4000-8000-000000000001", Role.OWNER)
PASSWORD = "correct horse battery"


class Clock:
    """Seconds that pass when the test says so."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def running_identity(url: str) -> AsyncIterator[str]:
    """The address of an identity server on this database."""
    errors = identity_statements.CONSTRAINT_ERRORS
    async with (
        Database(url, schema="identity", constraint_errors=errors, max_size=4) as database,
        running_server(
            Settings(),
            name="identity",
            address=("127.0.0.1", 0),
            services=servicers(database, passwords=Passwords(), key=SIGNER_KEY.encode(), public_url=PUBLIC_URL),
            authenticator=SignedOnly(SIGNER),
        ) as port,
    ):
        yield f"127.0.0.1:{port}"


@asynccontextmanager
async def running_routing(url: str, identity_address: str, tickets_address: str = "") -> AsyncIterator[str]:
    """The address of a routing server on this database that asks that identity, and the tickets that are there."""
    errors = routing_store.CONSTRAINT_ERRORS
    itself = Principal("routing", Role.SERVICE)
    async with (
        Database(url, schema="routing", constraint_errors=errors, max_size=4) as database,
        open_channel(identity_address, credentials=lambda: SIGNER.sign(itself)) as channel,
        open_channel(tickets_address or "127.0.0.1:1", credentials=lambda: SIGNER.sign(itself)) as tickets,
    ):
        service_levels = ServiceLevelStore(database)
        staff = StaffDirectory(IdentityClient(channel))
        levels, staffing = CurrentServiceLevels(service_levels), StaffingStore(database)
        rules = RuleStore(database)
        current_rules, people = CurrentRules(rules), RulePeople(routing_store.RoutingStore(database), staff)
        things = TicketThings(
            TicketsClient(tickets), CategoriesClient(tickets), OrganisationsClient(tickets), TicketFieldsClient(tickets)
        )
        names = KnownNames(routing_store.RoutingStore(database), staff, things)
        rule_servicer = RuleServicer(rules, levels, current_rules, people, names)
        current, routing = CurrentStaffing(staffing, levels), CurrentRouting(staffing, levels, current_rules)
        planning = Planning(PlanningClient(tickets), levels)
        store = routing_store.RoutingStore(database)
        brands = BrandCalendars(TicketsClient(tickets))
        servicer = RoutingServicer(store, staff, routing)
        async with running_server(
            Settings(),
            name="routing",
            address=("127.0.0.1", 0),
            services=[
                (add_RoutingServiceServicer_to_server, servicer),
                (
                    add_ServiceLevelServiceServicer_to_server,
                    ServiceLevelServicer(service_levels, planning, names, brands),
                ),
                (add_RuleServiceServicer_to_server, rule_servicer),
                (add_StaffingServiceServicer_to_server, StaffingServicer(staffing, current, staff)),
            ],
            authenticator=SignedOnly(SIGNER),
        ) as port:
            yield f"127.0.0.1:{port}"


@asynccontextmanager
async def identity_as(principal: Principal, address: str) -> AsyncIterator[IdentityClient]:
    """identity as this caller reaches it."""
    async with open_channel(address, credentials=lambda: SIGNER.sign(principal)) as channel:
        yield IdentityClient(channel)


@asynccontextmanager
async def sessions_as(principal: Principal, address: str) -> AsyncIterator[SessionClient]:
    """identity's sessions as this caller reaches them."""
    async with open_channel(address, credentials=lambda: SIGNER.sign(principal)) as channel:
        yield SessionClient(channel)


@asynccontextmanager
async def routing_as(principal: Principal, address: str) -> AsyncIterator[RoutingClient]:
    """routing as this caller reaches it."""
    async with open_channel(address, credentials=lambda: SIGNER.sign(principal)) as channel:
        yield RoutingClient(channel)


@asynccontextmanager
async def staffing_as(principal: Principal, address: str) -> AsyncIterator[StaffingClient]:
    """routing's staffing as this caller reaches it."""
    async with open_channel(address, credentials=lambda: SIGNER.sign(principal)) as channel:
        yield StaffingClient(channel)


async def make_account(client: IdentityClient, name: str = "ann", role: Role = Role.AGENT) -> User:
    """An account of this role with the address <name>@example.com."""
    return await client.create_user(NewUser(f"{name}@example.com", name.title(), role), PASSWORD)


def principal_of(user: User) -> Principal:
    """The user as the caller of requests."""
    return Principal(str(user.id), user.role, user.contact_id)
