"""A parent's workflow: it reads its children's news together, and carries cascades out beside all else."""

import asyncio
from uuid import UUID

from temporalio.api.enums.v1 import EventType

from services.domain.errors import Unavailable
from tests.histories.stories import ShortRuns
from tests.workflow.env import Env, until
from workflows.ticket import TicketWorkflow


async def test_children_that_settle_one_after_the_other_are_read_together(env: Env) -> None:
    parent = await env.desk.create_ticket()
    await env.start(parent)
    before = env.desk.advances
    for _ in range(40):
        await env.handle(parent).signal(TicketWorkflow.child_settled)
    await env.settles_down(parent, advances=1)
    # All within the moment that it waits, or within two where the machine is slow.
    assert 1 <= env.desk.advances - before <= 5


async def test_a_child_tells_its_parent_and_one_that_does_not_run_keeps_nobody(env: Env) -> None:
    parent, child, orphan = [await env.desk.create_ticket() for _ in range(3)]
    await env.start(parent)
    env.desk.parents_to_tell = {child: parent, orphan: UUID(int=7)}
    before = env.desk.advances
    await env.start(child)
    signals = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
    begun = await env.count(parent, signals)
    assert begun >= 1
    await until(lambda: env.desk.advances >= before + 2)
    await env.start(orphan)
    failed = EventType.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED
    assert await env.count(orphan, failed) >= 1


async def test_a_cascade_goes_on_through_outages_shows_its_progress_and_holds_the_workflow(env: Env) -> None:
    parent = await env.desk.create_ticket()
    await env.start(parent)
    env.desk.cascades.failures = [Unavailable("away"), RuntimeError("canary text")]
    cascade_id = env.desk.cascades.begin(parent, 350)
    await env.desk.close(parent)
    await env.look(parent)
    await env.handle(parent).result()
    assert env.desk.cascades.handled[cascade_id] == 350
    scheduled = EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
    summaries = await env.summaries(parent, scheduled)
    assert "closing children 300/350" in summaries
    assert summaries.count("settle the next children") == 1


async def test_a_cascade_of_a_terminated_workflow_goes_on_in_the_next(idle_env: Env) -> None:
    parent = await idle_env.desk.create_ticket()
    cascade_id = idle_env.desk.cascades.begin(parent, 150)
    await idle_env.desk.close(parent)
    await idle_env.look(parent)
    await idle_env.handle(parent).terminate()
    async with idle_env.working():
        await idle_env.look(parent)
        await idle_env.handle(parent).result()
    assert idle_env.desk.cascades.handled[cascade_id] == 150


async def test_no_history_passes_ten_times_its_limit_whatever_the_children_tell(idle_env: Env) -> None:
    parent = await idle_env.desk.create_ticket()
    async with idle_env.working(workflows=[ShortRuns]):
        run_id: str | None = await idle_env.start(parent)
        cascade_id = idle_env.desk.cascades.begin(parent, 3_000)
        await idle_env.look(parent)
        for _ in range(5):
            await asyncio.gather(*(idle_env.handle(parent).signal(TicketWorkflow.child_settled) for _ in range(20)))
        await until(lambda: idle_env.desk.cascades.handled[cascade_id] == 3_000)
        await idle_env.desk.close(parent)
        await idle_env.look(parent)
        await idle_env.handle(parent).result()
        lengths = []
        while run_id:
            events = await idle_env.events(parent, run_id=run_id)
            lengths.append(len(events))
            run_id = events[-1].workflow_execution_continued_as_new_event_attributes.new_execution_run_id
    # The limit of a real run is 1,000 events, and Temporal's own is far above ten times that.
    assert TicketWorkflow.history_limit == 1_000
    assert len(lengths) > 1
    assert max(lengths) < 10 * ShortRuns.history_limit
