"""A bulk's workflow: every page once, through outages, and again after it was lost."""

import asyncio
from uuid import uuid4

from services.domain.errors import Unavailable
from tests.workflow.env import Env, until
from workflows.bulk_relay import BulkRelay, start_bulk
from workflows.messages import BulkInput, bulk_workflow_id


async def test_all_pages_are_done_through_outages(env: Env) -> None:
    env.bulks.failures = [Unavailable("away"), RuntimeError("canary text")]
    stopping = asyncio.Event()
    relaying = asyncio.create_task(BulkRelay(env.client, env.bulks).run(stopping))
    jobs = [env.bulks.add(total) for total in (1, 100, 250)]
    await until(lambda: all(env.bulks.handled[job_id] == env.bulks.totals[job_id] for job_id in jobs))
    for job_id in jobs:
        await env.client.get_workflow_handle(bulk_workflow_id(job_id)).result()
    stopping.set()
    relaying.cancel()
    await asyncio.gather(relaying, return_exceptions=True)


async def test_a_bulk_is_started_once_and_anew_when_it_was_terminated(idle_env: Env) -> None:
    job_id = idle_env.bulks.add(150)
    await start_bulk(idle_env.client, job_id)
    await start_bulk(idle_env.client, job_id)
    await idle_env.client.get_workflow_handle(bulk_workflow_id(job_id)).terminate()
    async with idle_env.working():
        await start_bulk(idle_env.client, job_id)
        await idle_env.client.get_workflow_handle(bulk_workflow_id(job_id)).result()
    assert idle_env.bulks.handled[job_id] == 150


async def test_a_workflow_under_a_foreign_id_or_of_an_unknown_bulk_ends(env: Env) -> None:
    job_id = env.bulks.add(100)
    for name, given in ((bulk_workflow_id(uuid4()), job_id), (bulk_workflow_id(unknown := uuid4()), unknown)):
        await env.client.execute_workflow("BulkWorkflow", BulkInput(str(given)), id=name, task_queue="tickets")
    assert env.bulks.handled[job_id] == 0
