"""Families on the real services, database, relay, workers and Temporal: children follow, and parents hear of it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from temporalio.testing import WorkflowEnvironment

from services.domain.family.model import Cascade, CascadeAct, CascadeState
from services.domain.principal import Principal, Role
from services.domain.ticket import NewTicket, Ticket, TicketStatus
from services.tickets.client.tickets import TicketsClient
from tests.conftest import DatabaseUrl
from tests.families.seed import SEED, seeded
from tests.workflow.env import Sender, until
from tests.workflow.real_desk import RealDesk, running_real_desk
from workflows.messages import workflow_id

# More than one page of a cascade.
CHILDREN = 110
AGENT = Principal(str(uuid4()), Role.AGENT)
DOOR = Principal("mail", Role.SERVICE)


@pytest.fixture
async def sender() -> Sender:
    return Sender()


@pytest.fixture
async def desk(database_url: DatabaseUrl, real_server: WorkflowEnvironment, sender: Sender) -> AsyncIterator[RealDesk]:
    url = await database_url("identity", "tickets", "routing")
    async with running_real_desk(url, real_server, sender) as desk:
        await desk.rows("UPDATE brands SET acknowledge = false, staff_notices = false")
        yield desk


async def new_ticket(door: TicketsClient, email: str) -> Ticket:
    return await door.create_ticket(NewTicket(subject="Late", body="Where?", requester_email=email))


async def has_status(agent: TicketsClient, ticket_id: UUID, status: TicketStatus) -> bool:
    return (await agent.get_ticket(ticket_id)).status is status


async def test_closing_a_parent_closes_pages_of_children_and_tells_each_customer_once(
    desk: RealDesk, sender: Sender, real_server: WorkflowEnvironment
) -> None:
    agent, families = await desk.tickets(AGENT), await desk.families(AGENT)
    # Every tenth customer has two of the children, and one has the parent, too.
    emails = ["parent@example.com", *(f"child-{number - number // 10 % 2}@example.com" for number in range(CHILDREN))]
    family = seeded(emails, parent_email="parent@example.com")
    await desk.rows(SEED, **family)
    parent_id = UUID(str(family["parent_id"]))
    await agent.close_ticket(parent_id, resolution="Sent again.")

    async def ended() -> bool:
        cascade = (await families.get_family(parent_id)).cascade
        return cascade is not None and cascade.state is CascadeState.DONE

    await until(ended, within=120, every=0.2)
    cascade = (await families.get_family(parent_id)).cascade
    assert isinstance(cascade, Cascade)
    assert (cascade.act, cascade.total, cascade.done) == (CascadeAct.CLOSE, len(emails), len(emails))
    wanted = set(emails)
    await until(lambda: len(sender.mails) >= len(wanted), within=120, every=0.2)
    assert Counter(mail.to_address for mail in sender.mails) == dict.fromkeys(wanted, 1)
    rows = await desk.rows("SELECT status, resolution FROM tickets WHERE parent_id IS NOT NULL")
    assert Counter((row["status"], row["resolution"]) for row in rows) == {("closed", "Sent again."): len(emails)}
    assert await desk.rows("SELECT FROM family_inbox") == [], "no child signals back what came from its parent"
    workflow = real_server.client.get_workflow_handle(workflow_id(parent_id))
    assert len([event async for event in workflow.fetch_history_events()]) < 1_000


async def test_children_closed_one_by_one_close_their_parent(desk: RealDesk) -> None:
    door, agent, families = await desk.tickets(DOOR), await desk.tickets(AGENT), await desk.families(AGENT)
    tickets = [await new_ticket(door, "ann@example.com") for _ in range(3)]
    parent = await families.group_tickets([ticket.id for ticket in tickets])
    for ticket in tickets[:2]:
        await agent.close_ticket(ticket.id)

    async def heard() -> bool:
        return not await desk.rows("SELECT FROM family_inbox")

    await until(heard)
    assert not (await agent.get_ticket(parent.id)).status.is_settled
    await agent.close_ticket(tickets[2].id)
    await until(lambda: has_status(agent, parent.id, TicketStatus.CLOSED))
    events, _ = await agent.list_events(parent.id)
    assert [(event.kind.value, event.reason) for event in events if "closed" in event.kind.value] == [
        ("ticket_closed", "closed: all 3 children are settled")
    ]


async def test_a_cascade_is_taken_back_and_leaves_what_was_touched_since(desk: RealDesk) -> None:
    door, agent, families = await desk.tickets(DOOR), await desk.tickets(AGENT), await desk.families(AGENT)
    tickets = [await new_ticket(door, f"{name}@example.com") for name in ("ann", "ben", "cat")]
    parent = await families.group_tickets([ticket.id for ticket in tickets])
    await agent.resolve_ticket(parent.id)
    await until(lambda: has_status(agent, tickets[2].id, TicketStatus.RESOLVED))
    await until(lambda: has_status(agent, tickets[0].id, TicketStatus.RESOLVED))
    await until(lambda: has_status(agent, tickets[1].id, TicketStatus.RESOLVED))
    await agent.close_ticket(tickets[1].id)
    cascade = (await families.get_family(parent.id)).cascade
    assert cascade is not None
    undo = await families.undo_cascade(cascade.id)

    async def ended() -> bool:
        return (await families.get_cascade(undo.id)).state is CascadeState.DONE

    await until(ended)
    undo = await families.get_cascade(undo.id)
    assert (undo.done, [problem.number for problem in undo.problems]) == (2, [tickets[1].number])
    found = await asyncio.gather(*(agent.get_ticket(ticket.id) for ticket in (parent, *tickets)))
    assert [ticket.status.value for ticket in found] == ["new", "new", "closed", "new"]
