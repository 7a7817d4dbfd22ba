"""A ticket's months on the real services, database, relay and decisions; only Temporal's time is skipped.

The services take their time from the test server, so all parts agree on when it is.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from duradesk.tickets.v1.orchestration_service_pb2_grpc import add_OrchestrationServiceServicer_to_server
from duradesk.tickets.v1.ticket_service_pb2_grpc import add_TicketServiceServicer_to_server
from temporalio.testing import WorkflowEnvironment

from services.common.auth import SignedOnly
from services.common.channel import open_channel
from services.common.database import Database
from services.common.server import running_server
from services.common.settings import Settings
from services.domain.principal import Principal, Role
from services.domain.reply_address import ReplyAddresses
from services.domain.ticket import Event, EventKind, NewMessage, NewTicket, TicketStatus, Visibility
from services.routing.client import RoutingClient
from services.tickets.client.orchestration import OrchestrationClient
from services.tickets.client.tickets import TicketsClient
from services.tickets.servicer.orchestration import OrchestrationServicer
from services.tickets.servicer.tickets import TicketServicer
from services.tickets.store import CONSTRAINT_ERRORS, Store
from services.tickets.wakeup import Wakeup
from tests.conftest import DatabaseUrl
from tests.contract.orchestration.desk import LINKS
from tests.contract.tickets.desk import UPLOADS
from tests.people import SIGNER, running_identity, running_routing
from tests.workflow.bulks import Bulks
from tests.workflow.conftest import Skip
from tests.workflow.env import Sender, until
from tests.workflow.mails import Mails
from workflows.account_mail_activities import AccountMailActivities
from workflows.activities import BulkActivities, DeliverActivities, TicketActivities
from workflows.relay import Relay
from workflows.worker import deliver_worker, tickets_worker

DAY = timedelta(days=1)
MOMENT = timedelta(seconds=5)
AGENT = Principal(str(uuid4()), Role.AGENT)
DOOR = Principal("mail", Role.SERVICE)


class RealDesk:
    """The desk as its doors see it, and the mails that went out."""

    def __init__(self, stack: AsyncExitStack, address: str, skip: Skip, sender: Sender) -> None:
        self._stack, self._address = stack, address
        self.skip, self.sender = skip, sender

    async def tickets(self, principal: Principal) -> TicketsClient:
        channel = open_channel(self._address, credentials=lambda: SIGNER.sign(principal))
        return TicketsClient(await self._stack.enter_async_context(channel))


@pytest.fixture
async def desk(database_url: DatabaseUrl, skipping_server: WorkflowEnvironment) -> AsyncIterator[RealDesk]:
    url = await database_url("identity", "tickets", "routing")
    itself = Principal("worker", Role.SERVICE)
    client, sender = skipping_server.client, Sender()
    addresses = ReplyAddresses(b"k" * 32)
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        instant = skipping_server.get_current_time
        database = await enter(
            Database(url, schema="tickets", constraint_errors=CONSTRAINT_ERRORS, max_size=10, instant=instant)
        )
        async with database.transaction() as conn:
            await conn.execute("UPDATE brands SET undo_seconds = 0")
        wakeup = await enter(Wakeup(url))
        port = await enter(
            running_server(
                Settings(),
                name="tickets",
                address=("127.0.0.1", 0),
                services=[
                    (
                        add_TicketServiceServicer_to_server,
                        TicketServicer(Store(database, wakeup.set, addresses), UPLOADS),
                    ),
                    (
                        add_OrchestrationServiceServicer_to_server,
                        OrchestrationServicer(database, wakeup, LINKS, addresses),
                    ),
                ],
                authenticator=SignedOnly(SIGNER),
            )
        )
        routing_address = await enter(running_routing(url, await enter(running_identity(url))))
        tickets = await enter(open_channel(f"127.0.0.1:{port}", credentials=lambda: SIGNER.sign(itself)))
        routing = await enter(open_channel(routing_address, credentials=lambda: SIGNER.sign(itself)))
        orchestration = OrchestrationClient(tickets)
        decide = TicketActivities(orchestration, RoutingClient(routing))
        await enter(tickets_worker(client, decide, BulkActivities(Bulks())))
        account_mails = AccountMailActivities(Mails(), Mails(), sender)
        await enter(deliver_worker(client, DeliverActivities(orchestration, sender), account_mails))
        relaying = asyncio.create_task(Relay(client, orchestration).run(asyncio.Event()))
        yield RealDesk(stack, f"127.0.0.1:{port}", skipping_server.sleep, sender)
        relaying.cancel()
        with suppress(asyncio.CancelledError):
            await relaying


async def test_a_forgotten_ticket_is_reminded_resolved_and_closed_over_weeks(desk: RealDesk) -> None:
    door, agent = await desk.tickets(DOOR), await desk.tickets(AGENT)
    ticket = await door.create_ticket(NewTicket(subject="Late", body="Where?", requester_email="ann@example.com"))
    await agent.create_message(ticket.id, NewMessage(Visibility.PUBLIC, "Which order?"))

    async def planned() -> bool:
        return bool(await agent.list_dues(ticket.id)) and len(desk.sender.mails) == 2

    await until(planned)
    pending = await agent.get_ticket(str(ticket.id))
    await desk.skip(60 * DAY)

    events, _ = await agent.list_events(ticket.id)
    by_itself = [event for event in events if event.cause.startswith("due ")]
    assert [event.kind for event in by_itself] == [
        EventKind.DUE_FIRED,
        EventKind.TICKET_RESOLVED,
        EventKind.TICKET_CLOSED,
    ]
    for event, days in zip(by_itself, (3, 7, 11), strict=True):
        assert_on_time(event, pending.status_since + days * DAY)
    assert (await agent.get_ticket(str(ticket.id))).status is TicketStatus.CLOSED
    assert len(desk.sender.mails) == 4, "the acknowledgement, the answer, the reminder and the notice"


async def test_a_customer_who_comes_back_months_later_gets_a_follow_up(desk: RealDesk) -> None:
    door, agent = await desk.tickets(DOOR), await desk.tickets(AGENT)
    ticket = await door.create_ticket(NewTicket(subject="Broken", body="It is.", requester_email="ben@example.com"))
    await agent.resolve_ticket(ticket.id)

    async def planned() -> bool:
        return bool(await agent.list_dues(ticket.id))

    await until(planned)
    word = NewMessage(Visibility.PUBLIC, "Still broken.", sender_email="ben@example.com")
    await desk.skip(3 * DAY)
    _, reopened = await door.create_message(ticket.id, word)
    assert (reopened.id, reopened.status) == (ticket.id, TicketStatus.OPEN)

    await agent.resolve_ticket(ticket.id)
    await until(planned)
    await desk.skip(90 * DAY)
    assert (await agent.get_ticket(str(ticket.id))).status is TicketStatus.CLOSED
    _, follow_up = await door.create_message(ticket.id, word)
    assert follow_up.follow_up_of == ticket.id


def assert_on_time(event: Event, instant: datetime) -> None:
    """Never early; a late moment of the reminder moves what follows it by as much."""
    assert timedelta() <= event.effective_at - instant < MOMENT
    assert timedelta() <= event.occurred_at - event.effective_at < MOMENT
