"""A desk in memory around a Temporal server, with the product's own workers, and a mail sender that does as told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionRequest, DescribeWorkflowExecutionResponse
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError

from services.domain.decision import Nudge
from services.domain.effects import EffectOutcome, OutgoingMail
from tests.workflow.bulks import Bulks
from tests.workflow.desk import Desk
from tests.workflow.mails import Mails
from workflows.account_mail_activities import AccountMailActivities
from workflows.activities import BulkActivities, CascadeActivities, DeliverActivities, TicketActivities
from workflows.messages import account_mail_id, workflow_id
from workflows.relay import signal_with_start
from workflows.ticket import TicketWorkflow
from workflows.worker import WORKFLOWS, deliver_worker, tickets_worker


@dataclass(frozen=True)
class Sent:
    """What a sender says about one attempt."""

    outcome: EffectOutcome
    detail: str = "canary text"


class Sender:
    """Sends nothing, and says what a test told it to say, in turn; then that all is well."""

    def __init__(self) -> None:
        self.script: list[Sent | Exception] = []
        self.mails: list[OutgoingMail] = []

    async def send(self, mail: OutgoingMail, *, begin: Callable[[], Awaitable[None]]) -> Sent:
        await begin()
        self.mails.append(mail)
        answer = self.script.pop(0) if self.script else Sent(EffectOutcome.DONE)
        if isinstance(answer, Exception):
            raise answer
        return answer


class Env:
    """One desk with workers on a server. `skip` lets time pass, if the server can."""

    def __init__(self, client: Client, *, now: Callable[[], Awaitable[datetime]]) -> None:
        self.client = client
        self.now = now
        self.desk = Desk(now)
        self.mails = Mails()
        self.bulks = Bulks()
        self.sender = Sender()

    @asynccontextmanager
    async def working(self, *, workflows: Sequence[type] = WORKFLOWS) -> AsyncIterator[None]:
        """Workers at work inside; afterwards the workflows of this desk are ended."""
        async with AsyncExitStack() as stack:
            tickets = TicketActivities(self.desk, self.desk)
            bulk, cascades = BulkActivities(self.bulks), CascadeActivities(self.desk.cascades)
            await stack.enter_async_context(tickets_worker(self.client, tickets, bulk, cascades, workflows=workflows))
            deliveries = DeliverActivities(self.desk, self.sender)
            account_mails = AccountMailActivities(self.mails, self.mails, self.sender)
            await stack.enter_async_context(deliver_worker(self.client, deliveries, account_mails))
            try:
                yield
            finally:
                await self.terminate_all()

    async def terminate_all(self) -> None:
        ids = [*map(workflow_id, self.desk.rows), *map(account_mail_id, self.mails.rows)]
        for name in ids:
            try:
                await self.client.get_workflow_handle(name).terminate()
            except RPCError:
                continue  # it ended before, or never began

    def handle(self, ticket_id: UUID) -> WorkflowHandle[TicketWorkflow, None]:
        return self.client.get_workflow_handle_for(TicketWorkflow.run, workflow_id(ticket_id))

    async def look(self, ticket_id: UUID) -> None:
        """What the relay does with a ticket's row."""
        self.desk.outbox[ticket_id] = True
        await signal_with_start(self.client, self.desk.nudge_of(ticket_id))

    async def start(self, ticket_id: UUID) -> str:
        """Start the ticket's workflow, wait until it idles, and say which run it is."""
        await self.looks(ticket_id)
        return (await self.events(ticket_id))[0].workflow_execution_started_event_attributes.original_execution_run_id

    async def looks(self, ticket_id: UUID, *, ends: bool = False) -> None:
        """Look, and wait until there is nothing more to do, or until the workflow `ends`."""
        advances = self.desk.advances
        await self.look(ticket_id)
        await until(lambda: self.desk.advances > advances)
        await self.settled(ticket_id)
        if not ends:
            await self.idles(ticket_id)

    async def settles_down(self, ticket_id: UUID, *, advances: int) -> None:
        """Wait until the workflow has advanced so often since the beginning, and idles."""
        done = (EventType.EVENT_TYPE_MARKER_RECORDED, EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED)

        async def has_advanced() -> bool:
            return await self.count(ticket_id, *done) > advances

        await until(has_advanced)
        await self.idles(ticket_id)

    async def signal(self, nudge: Nudge) -> None:
        await signal_with_start(self.client, nudge)

    async def idles(self, ticket_id: UUID) -> None:
        """Wait until the workflow has nothing to do at the moment: no step under way, no signal unanswered.

        Seen twice with the same history: between a step and the task that it brings, the server shows neither.
        """
        before = 0

        async def is_idle() -> bool:
            nonlocal before
            last, before = before, len(await self.events(ticket_id))
            description = await self.describe(ticket_id)
            busy = description.pending_activities or description.HasField("pending_workflow_task")
            return before == last and not busy

        await until(is_idle)

    async def settled(self, ticket_id: UUID) -> None:
        """Wait until every event of the ticket is decided."""
        row = self.desk.rows[ticket_id]
        await until(lambda: row.decided_seq == row.facts.version)

    async def events(self, ticket_id: UUID, *, run_id: str | None = None) -> list[HistoryEvent]:
        handle = self.client.get_workflow_handle(workflow_id(ticket_id), run_id=run_id)
        return [event async for event in handle.fetch_history_events()]

    async def details(self, ticket_id: UUID) -> str:
        """The live panel of the workflow, as Temporal's interface asks for it."""
        answer: Any = await self.handle(ticket_id).query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
        return str(answer.current_details)

    async def summaries(self, ticket_id: UUID, kind: "EventType.ValueType") -> list[str]:
        """The labels of the events of this kind."""
        payloads = [e.user_metadata.summary for e in await self.events(ticket_id) if e.event_type == kind]
        return [str(value) for value in await self.client.data_converter.decode(payloads)]

    async def pending(self, ticket_id: UUID) -> str:
        """The steps under way with their last failures, as operators see them."""
        return str((await self.describe(ticket_id)).pending_activities)

    async def describe(self, ticket_id: UUID) -> DescribeWorkflowExecutionResponse:
        """The server's own answer: the one that skips time gives search attributes that the SDK cannot read."""
        request = DescribeWorkflowExecutionRequest(
            namespace=self.client.namespace, execution=WorkflowExecution(workflow_id=workflow_id(ticket_id))
        )
        return await self.client.workflow_service.describe_workflow_execution(request)

    async def count(self, ticket_id: UUID, *kinds: "EventType.ValueType") -> int:
        return sum(event.event_type in kinds for event in await self.events(ticket_id))


async def until(condition: Callable[[], bool | Awaitable[bool]], *, within: float = 60.0, every: float = 0.02) -> None:
    """Wait for a condition; TimeoutError when it does not come true in time."""
    async with asyncio.timeout(within):
        while True:
            answer = condition()
            if answer if isinstance(answer, bool) else await answer:
                return
            await asyncio.sleep(every)
