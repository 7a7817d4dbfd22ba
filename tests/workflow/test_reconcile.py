"""Reconciliation puts back what was lost, on the real server."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from structlog.testing import capture_logs
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError

from tests.workflow.env import Env, until
from workflows.reconcile import SENTINEL_ID, Reconciliation


@pytest.fixture
async def reconciled(env: Env) -> AsyncIterator[Reconciliation]:
    """A reconciliation that has had its first look, at a Temporal without memory."""
    reconciliation = Reconciliation(env.client, env.desk)
    await reconciliation.look()
    yield reconciliation
    await env.client.get_workflow_handle(SENTINEL_ID).terminate()


async def running_ticket(env: Env) -> UUID:
    ticket_id = await env.desk.create_ticket()
    await env.looks(ticket_id)
    return ticket_id


async def test_a_workflow_terminated_by_hand_is_nudged_once(env: Env, reconciled: Reconciliation) -> None:
    ticket_id = await running_ticket(env)
    await env.handle(ticket_id).terminate()

    async def nudged() -> bool:
        await reconciled.look()
        return ticket_id in env.desk.outbox

    await until(nudged)
    env.desk.outbox.clear()
    await reconciled.look()
    assert env.desk.outbox == {}


async def test_without_a_sentinel_every_live_ticket_is_nudged_and_the_sentinel_is_back(
    env: Env, reconciled: Reconciliation
) -> None:
    tickets = {await running_ticket(env) for _ in range(3)}
    closed = await env.desk.create_ticket()
    await env.desk.close(closed)
    await env.look(closed)
    await env.handle(closed).result()
    await env.client.get_workflow_handle(SENTINEL_ID).terminate()

    await reconciled.look()

    assert env.desk.outbox.keys() == tickets
    sentinel = await env.client.get_workflow_handle(SENTINEL_ID).describe()
    assert sentinel.status is WorkflowExecutionStatus.RUNNING


async def test_a_ticket_whose_due_nobody_saw_is_nudged(env: Env, reconciled: Reconciliation) -> None:
    ticket_id = await running_ticket(env)
    env.desk.overdue = [ticket_id]
    await reconciled.look()
    assert ticket_id in env.desk.outbox


async def test_the_comparison_nudges_exactly_the_tickets_without_a_workflow(
    env: Env, reconciled: Reconciliation
) -> None:
    running, lost = await running_ticket(env), await env.desk.create_ticket()
    env.desk.outbox.clear()

    async def is_listed() -> bool:
        query = f"WorkflowId = 'ticket/{running}'"
        return [execution.id async for execution in env.client.list_workflows(query)] != []

    await until(is_listed)
    assert await reconciled.compare() == 1
    assert env.desk.outbox.keys() == {lost}


async def test_a_workflow_whose_ticket_is_not_in_the_database_is_told_and_ends(
    env: Env, reconciled: Reconciliation
) -> None:
    lost, kept = await running_ticket(env), await running_ticket(env)
    del env.desk.rows[lost]

    async def is_told() -> bool:
        with capture_logs() as logs:
            await reconciled.compare()
        told = {entry["ticket_id"] for entry in logs if entry["event"] == "reconcile.lost"}
        assert str(kept) not in told
        return str(lost) in told and reconciled.lost > 0

    # Temporal lists a new workflow a moment later.
    await until(is_told, every=0.5)
    await env.handle(lost).result()


async def test_an_outage_of_one_part_is_told_once_and_stops_no_other_step(idle_env: Env) -> None:
    env = idle_env
    elsewhere = Client(env.client.service_client, namespace=f"missing-{uuid4()}")
    reconciliation = Reconciliation(elsewhere, env.desk)
    ticket_id = await env.desk.create_ticket()
    env.desk.outbox.clear()
    env.desk.overdue = [ticket_id]
    with capture_logs() as logs:
        await reconciliation.look()
        await reconciliation.look()
    assert ticket_id in env.desk.outbox
    assert env.desk.houses_kept == 2
    assert [entry["part"] for entry in logs if entry["event"] == "outage.began"] == ["temporal"]


async def test_a_part_that_is_away_ends_the_command_with_its_error(idle_env: Env) -> None:
    elsewhere = Client(idle_env.client.service_client, namespace=f"missing-{uuid4()}")
    with pytest.raises(RPCError):
        await Reconciliation(elsewhere, idle_env.desk).compare()


async def test_it_stops_when_told(idle_env: Env) -> None:
    stopping = asyncio.Event()
    stopping.set()
    await Reconciliation(idle_env.client, idle_env.desk).run(stopping)
