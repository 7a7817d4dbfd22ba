"""The relay between the outbox and the workflows."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from structlog.testing import capture_logs
from temporalio.client import Client

from services.domain.errors import Unavailable
from services.domain.ticket import Priority
from tests.workflow.env import Env, until
from workflows.relay import Relay
from workflows.search_attributes import KEYS, register_search_attributes
from workflows.ticket import NEXT_DUE_AT


@asynccontextmanager
async def relaying(env: Env, client: Client) -> AsyncIterator[None]:
    stopping = asyncio.Event()
    running = asyncio.create_task(Relay(client, env.desk).run(stopping))
    try:
        yield
    finally:
        stopping.set()
        await env.desk.wake_up()
        await running


def away(client: Client) -> Client:
    """The same server under a namespace that it does not have: it refuses every signal."""
    return Client(client.service_client, namespace=f"missing-{uuid4()}")


async def test_every_committed_change_reaches_its_workflow(env: Env) -> None:
    async with relaying(env, env.client):
        tickets = [await env.desk.create_ticket(priority=priority) for priority in Priority for _ in range(10)]
        for ticket_id in tickets:
            await env.desk.agent_replies(ticket_id)
        for ticket_id in tickets:
            await env.settled(ticket_id)
    assert env.desk.outbox == {}


async def test_a_workflow_starts_with_what_operators_look_for(idle_env: Env) -> None:
    env = idle_env
    ticket_id = await env.desk.create_ticket(priority=Priority.URGENT)
    async with relaying(env, env.client):
        await until(lambda: env.desk.outbox[ticket_id])
    description = await env.handle(ticket_id).describe()

    assert await description.static_summary() == "#1 · mail · Acme"
    values = {key.name: description.typed_search_attributes.get(key) for key in KEYS if key is not NEXT_DUE_AT}
    assert values == {
        "TicketStatus": "new",
        "TicketPriority": "urgent",
        "TicketBrand": "Acme",
        "TicketTeam": None,
    }
    assert description.raw_description.workflow_execution_info.priority.priority_key == 1
    await env.terminate_all()


async def test_what_cannot_be_signalled_is_given_back_and_told_once(idle_env: Env) -> None:
    env = idle_env
    ticket_id = await env.desk.create_ticket()
    with capture_logs() as logs:
        async with relaying(env, away(env.client)):
            await until(lambda: env.desk.released >= 2)
    assert not env.desk.outbox[ticket_id]
    assert [(entry["event"], entry["part"]) for entry in logs] == [("outage.began", "temporal")]


async def test_an_outage_of_the_tickets_service_is_waited_for_and_told_once(env: Env) -> None:
    ticket_id = await env.desk.create_ticket()
    env.desk.claim_failures = [Unavailable("away")] * 2
    with capture_logs() as logs:
        async with relaying(env, env.client):
            await env.settled(ticket_id)
    told = [(entry["event"], entry["part"]) for entry in logs if entry["log_level"] != "debug"]
    assert told == [("outage.began", "tickets"), ("outage.ended", "tickets")]


async def test_search_attributes_are_registered_as_often_as_one_likes(client: Client) -> None:
    await register_search_attributes(client)
    await register_search_attributes(client)
