"""The real services, database, relay and workers around a Temporal whose time is skipped.

The services take their time from the test server, so all parts agree on when it is.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any, LiteralString

from duradesk.tickets.v1.family_service_pb2_grpc import add_FamilyServiceServicer_to_server
from duradesk.tickets.v1.orchestration_service_pb2_grpc import add_OrchestrationServiceServicer_to_server
from duradesk.tickets.v1.ticket_service_pb2_grpc import add_TicketServiceServicer_to_server
from prometheus_client import CollectorRegistry
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from services.common.auth import SignedOnly
from services.common.channel import open_channel
from services.common.database import Database
from services.common.server import running_server
from services.common.settings import Settings
from services.domain.principal import Principal, Role
from services.domain.reply_address import ReplyAddresses
from services.routing.client import RoutingClient
from services.tickets.client.bulk import BulkClient
from services.tickets.client.family import FamilyClient
from services.tickets.client.orchestration import OrchestrationClient
from services.tickets.client.tickets import TicketsClient
from services.tickets.colleagues import IdentityColleagues
from services.tickets.metrics import TicketMetrics
from services.tickets.servicer.families import FamilyServicer
from services.tickets.servicer.orchestration import OrchestrationServicer
from services.tickets.servicer.tickets import TicketServicer
from services.tickets.store import CONSTRAINT_ERRORS, Store
from services.tickets.store.mails import MailMaker
from services.tickets.wakeup import Wakeup
from tests.contract.orchestration.desk import LINKS
from tests.contract.tickets.desk import UPLOADS, Calendars
from tests.people import SIGNER, identity_as, running_identity, running_routing
from tests.workflow.mails import Mails
from workflows.account_mail_activities import AccountMailActivities
from workflows.activities import BulkActivities, CascadeActivities, DeliverActivities, TicketActivities
from workflows.messages import workflow_id
from workflows.ports import MailSender
from workflows.relay import Relay
from workflows.worker import deliver_worker, tickets_worker


class RealDesk:
    """The desk as its doors see it, on `address`; `skip` lets time pass."""

    def __init__(self, stack: AsyncExitStack, database: Database, address: str, server: WorkflowEnvironment) -> None:
        self._stack, self._database = stack, database
        self.address, self.skip = address, server.sleep

    async def tickets(self, principal: Principal) -> TicketsClient:
        channel = open_channel(self.address, credentials=lambda: SIGNER.sign(principal))
        return TicketsClient(await self._stack.enter_async_context(channel))

    async def families(self, principal: Principal) -> FamilyClient:
        channel = open_channel(self.address, credentials=lambda: SIGNER.sign(principal))
        return FamilyClient(await self._stack.enter_async_context(channel))

    async def rows(self, statement: LiteralString, **parameters: Any) -> list[dict[str, Any]]:
        async with self._database.transaction() as conn:
            cursor = await conn.execute(statement, parameters)
            return await cursor.fetchall() if cursor.description else []


@asynccontextmanager
async def running_real_desk(url: str, server: WorkflowEnvironment, sender: MailSender) -> AsyncIterator[RealDesk]:
    """A desk on this database that sends its mails by this sender, at once."""
    itself = Principal("worker", Role.SERVICE)
    addresses = ReplyAddresses(b"k" * 32)
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        instant = server.get_current_time
        database = await enter(
            Database(url, schema="tickets", constraint_errors=CONSTRAINT_ERRORS, max_size=10, instant=instant)
        )
        async with database.transaction() as conn:
            await conn.execute("UPDATE brands SET undo_seconds = 0")
        wakeup = await enter(Wakeup(url))
        identity_address = await enter(running_identity(url))
        identity = await enter(identity_as(itself, identity_address))
        store, metrics = Store(database, wakeup.set, addresses), TicketMetrics(CollectorRegistry())
        port = await enter(
            running_server(
                Settings(),
                name="tickets",
                address=("127.0.0.1", 0),
                services=[
                    (
                        add_TicketServiceServicer_to_server,
                        TicketServicer(store, UPLOADS, IdentityColleagues(identity), Calendars(), metrics),
                    ),
                    (add_FamilyServiceServicer_to_server, FamilyServicer(store)),
                    (
                        add_OrchestrationServiceServicer_to_server,
                        OrchestrationServicer(
                            database, wakeup, MailMaker(LINKS, addresses), IdentityColleagues(identity), metrics
                        ),
                    ),
                ],
                authenticator=SignedOnly(SIGNER),
            )
        )
        routing_address = await enter(running_routing(url, identity_address))
        tickets = await enter(open_channel(f"127.0.0.1:{port}", credentials=lambda: SIGNER.sign(itself)))
        routing = await enter(open_channel(routing_address, credentials=lambda: SIGNER.sign(itself)))
        orchestration = OrchestrationClient(tickets)
        decide = TicketActivities(orchestration, RoutingClient(routing))
        cascades = CascadeActivities(FamilyClient(tickets))
        await enter(tickets_worker(server.client, decide, BulkActivities(BulkClient(tickets)), cascades))
        account_mails = AccountMailActivities(Mails(), Mails(), sender)
        await enter(deliver_worker(server.client, DeliverActivities(orchestration, sender), account_mails))
        relaying = asyncio.create_task(Relay(server.client, orchestration).run(asyncio.Event()))
        desk = RealDesk(stack, database, f"127.0.0.1:{port}", server)
        try:
            yield desk
        finally:
            relaying.cancel()
            with suppress(asyncio.CancelledError):
                await relaying
            await _end_workflows(desk, server)


async def _end_workflows(desk: RealDesk, server: WorkflowEnvironment) -> None:
    """A step that no worker takes any more would keep time from being skipped for all that come after."""
    for row in await desk.rows("SELECT id FROM tickets"):
        with suppress(RPCError):
            await server.client.get_workflow_handle(workflow_id(row["id"])).terminate()
