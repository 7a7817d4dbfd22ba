"""The stories whose histories are kept: between them they use every command that a ticket's workflow can give.

Each step waits for the one before, so that a story always gives the same commands in the same order.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from google.protobuf.json_format import MessageToJson
from temporalio import workflow
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import History, HistoryEvent

from services.domain.errors import Unavailable
from services.domain.ticket import Priority
from tests.workflow.env import Env
from workflows.bulk import BulkWorkflow
from workflows.bulk_relay import start_bulk
from workflows.messages import BulkInput, TicketInput, bulk_workflow_id
from workflows.ticket import TicketWorkflow

Skip = Callable[[timedelta], Awaitable[None]]
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


@workflow.defn(name="TicketWorkflow")
class ShortRuns(TicketWorkflow):
    """The same workflow, whose history is long early."""

    history_limit = 60

    @workflow.init
    def __init__(self, ticket: TicketInput) -> None:
        super().__init__(ticket)

    @workflow.run
    async def run(self, ticket: TicketInput) -> None:
        await super().run(ticket)


@workflow.defn(name="BulkWorkflow")
class ShortBulk(BulkWorkflow):
    """The same workflow, whose history is long early."""

    history_limit = 30

    @workflow.run
    async def run(self, bulk: BulkInput) -> None:
        await super().run(bulk)


@dataclass(frozen=True)
class Story:
    """What happens to one ticket, under which class of workflow."""

    tell: Callable[[Env, Skip, UUID], Awaitable[None]]
    workflow: type = TicketWorkflow


async def _silence(env: Env, skip: Skip, ticket_id: UUID) -> None:
    """Answered once, then reminded, resolved and closed by itself."""
    await env.desk.agent_replies(ticket_id)
    await env.looks(ticket_id)
    for days in (3, 4):
        await skip(days * DAY + MINUTE)
        await env.idles(ticket_id)
    await skip(4 * DAY)


async def _changes(env: Env, skip: Skip, ticket_id: UUID) -> None:
    """A due that moves later, one that goes away, one that moves earlier; a new priority; a conflict; a close."""
    env.desk.conflicts_to_raise = 7
    await env.looks(ticket_id)
    await env.desk.agent_replies(ticket_id)
    await env.looks(ticket_id)
    await skip(DAY)
    await env.desk.agent_replies(ticket_id)
    await env.looks(ticket_id)
    await env.desk.customer_replies(ticket_id)
    await env.looks(ticket_id)
    await skip(5 * DAY)
    await env.desk.update(ticket_id, priority=Priority.URGENT)
    await env.desk.resolve(ticket_id)
    await env.looks(ticket_id)
    await env.desk.shorten_grace(ticket_id, 2 * DAY)
    await env.looks(ticket_id)
    await env.desk.close(ticket_id)
    await env.looks(ticket_id, ends=True)


async def _long_history(env: Env, skip: Skip, ticket_id: UUID) -> None:
    """Continues as new, and goes on."""
    for _ in range(8):
        await env.desk.update(ticket_id)
        await env.looks(ticket_id)
    await env.desk.close(ticket_id)
    await env.looks(ticket_id, ends=True)


async def _parent(env: Env, skip: Skip, ticket_id: UUID) -> None:
    """Hears its children, closes them page by page through an outage, and ends."""
    await env.handle(ticket_id).signal(TicketWorkflow.child_settled)
    await env.settles_down(ticket_id, advances=1)
    env.desk.cascades.failures.append(Unavailable("away"))
    env.desk.cascades.begin(ticket_id, 250)
    await env.desk.close(ticket_id)
    await env.looks(ticket_id, ends=True)


async def _child(env: Env, skip: Skip, ticket_id: UUID) -> None:
    """Tells its parent, which does not run, and then once more."""
    env.desk.parents_to_tell[ticket_id] = UUID(int=7)
    await env.desk.resolve(ticket_id)
    await env.looks(ticket_id)
    await env.desk.close(ticket_id)
    await env.looks(ticket_id, ends=True)


async def _bulk(env: Env, _skip: Skip, job_id: UUID) -> None:
    """Page after page, with an outage, continued as new."""
    env.bulks.failures.append(Unavailable("away"))
    await start_bulk(env.client, job_id)


STORIES = {
    "bulk": Story(_bulk, workflow=ShortBulk),
    "silence": Story(_silence),
    "changes": Story(_changes),
    "long_history": Story(_long_history, workflow=ShortRuns),
    "parent": Story(_parent),
    "child": Story(_child),
}


async def history_of(env: Env, skip: Skip, story: Story) -> History:
    """Live through the story, and give the history of its first run."""
    async with env.working(workflows=[story.workflow]):
        if story.workflow is ShortBulk:
            return await _history_of_bulk(env, skip, story)
        ticket_id = await env.desk.create_ticket()
        run_id = await env.start(ticket_id)
        await story.tell(env, skip, ticket_id)
        await env.handle(ticket_id).result()
        return History(events=await env.events(ticket_id, run_id=run_id))


async def _history_of_bulk(env: Env, skip: Skip, story: Story) -> History:
    job_id = env.bulks.add(650)
    await story.tell(env, skip, job_id)
    handle = env.client.get_workflow_handle(bulk_workflow_id(job_id))
    await handle.result()
    last = [event async for event in handle.fetch_history_events()]
    first = last[0].workflow_execution_started_event_attributes.first_execution_run_id
    begun = env.client.get_workflow_handle(bulk_workflow_id(job_id), run_id=first)
    return History(events=[event async for event in begun.fetch_history_events()])


def to_json(history: History) -> str:
    """The history as the Temporal command line writes and reads it, without where our files lie on this machine."""
    for event in history.events:
        if event.marker_recorded_event_attributes.HasField("failure"):
            event.marker_recorded_event_attributes.failure.stack_trace = ""
    return MessageToJson(history) + "\n"


def fingerprint(events: Sequence[HistoryEvent]) -> list[str]:
    """The commands that the workflow gave, in order, each with what a replay compares."""
    return [line for event in events if (line := _command(event))]


def _command(event: HistoryEvent) -> str:
    match event.event_type:
        case EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
            scheduled = event.activity_task_scheduled_event_attributes
            return f"activity {scheduled.activity_type.name} on {scheduled.task_queue.name}"
        case EventType.EVENT_TYPE_MARKER_RECORDED:
            (data,) = event.marker_recorded_event_attributes.details["data"].payloads
            return f"local activity {json.loads(data.data)['activity_type']}"
        case EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
            upserted = event.upsert_workflow_search_attributes_event_attributes.search_attributes.indexed_fields
            return f"search attributes {', '.join(sorted(upserted))}"
        case EventType.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED:
            return f"signal {event.signal_external_workflow_execution_initiated_event_attributes.signal_name}"
        case EventType.EVENT_TYPE_TIMER_STARTED:
            return "start timer"
        case EventType.EVENT_TYPE_TIMER_CANCELED:
            return "cancel timer"
        case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW:
            return "continue as new"
        case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
            return "complete"
        case _:
            return ""
