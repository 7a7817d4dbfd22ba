"""A ticket's months on the real services, database, relay and decisions; only Temporal's time is skipped."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from temporalio.testing import WorkflowEnvironment

from services.domain.message import NewMessage, Visibility
from services.domain.principal import Principal, Role
from services.domain.ticket import Event, EventKind, NewTicket, TicketStatus
from tests.conftest import DatabaseUrl
from tests.workflow.env import Sender, until
from tests.workflow.real_desk import RealDesk, running_real_desk

DAY = timedelta(days=1)
# Of days: while something is done, the time that is skipped goes on as fast as the machine is.
MOMENT = timedelta(minutes=1)
AGENT = Principal(str(uuid4()), Role.AGENT)
DOOR = Principal("mail", Role.SERVICE)


@pytest.fixture
async def sender() -> Sender:
    return Sender()


@pytest.fixture
async def desk(
    database_url: DatabaseUrl, skipping_server: WorkflowEnvironment, sender: Sender
) -> AsyncIterator[RealDesk]:
    url = await database_url("identity", "tickets", "routing")
    async with running_real_desk(url, skipping_server, sender) as desk:
        yield desk


async def test_a_forgotten_ticket_is_reminded_resolved_and_closed_over_weeks(desk: RealDesk, sender: Sender) -> None:
    door, agent = await desk.tickets(DOOR), await desk.tickets(AGENT)
    ticket = await door.create_ticket(NewTicket(subject="Late", body="Where?", requester_email="ann@example.com"))
    await agent.create_message(ticket.id, NewMessage(Visibility.PUBLIC, "Which order?"))

    async def planned() -> bool:
        return bool(await agent.list_dues(ticket.id)) and len(sender.mails) == 2

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
    assert len(sender.mails) == 4, "the acknowledgement, the answer, the reminder and the notice"


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
