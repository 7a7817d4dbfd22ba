"""Reconciliation: puts back what Temporal, an operator or a crash lost. The tickets are the truth, workflows follow.

Every 15 s it nudges tickets that wait too long, and those whose workflow was terminated or failed. When the sentinel
workflow is gone, Temporal lost its database: then every live ticket is nudged, soonest due first. Each hour, and at
start, all live tickets are compared with the workflows that run; a workflow without a ticket is told and ends. A nudge
too many does no harm, so nothing is kept. It also has the tickets service remove, piece by piece, what nobody asks for
any more.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError, RPCStatusCode

from services.domain.errors import DuradeskError, NotFound
from workflows.messages import TICKETS_QUEUE, workflow_id
from workflows.patience import Outage, pause
from workflows.ports import Orchestration
from workflows.search_attributes import register_search_attributes
from workflows.ticket import SentinelWorkflow

SENTINEL_ID = "duradesk/sentinel"
_EVERY_SECONDS = 15.0
_OVERDUE = timedelta(seconds=15)
_COMPARE_EVERY = timedelta(hours=1)
# Temporal's list of workflows lags behind by a moment, and its clock may differ from ours: look back further.
_LOOK_BACK = timedelta(minutes=5)
_PAGE = 1_000

log = structlog.get_logger()


class Reconciliation:
    """Compares tickets with workflows and nudges the tickets that lack theirs."""

    def __init__(self, client: Client, orchestration: Orchestration) -> None:
        self._client = client
        self._orchestration = orchestration
        self._temporal = Outage("temporal")
        self._tickets = Outage("tickets")
        self._ended: set[str] = set()
        self._compared_at: datetime | None = None
        self._lost: list[UUID] = []

    async def run(self, stopping: asyncio.Event) -> None:
        """Look every 15 s until the process is to stop; a part that is away is waited for."""
        while not stopping.is_set():
            await self.look()
            await pause(_EVERY_SECONDS, stopping)

    async def look(self) -> None:
        """Take each step once; one that fails keeps none of the others from being taken."""
        away = set()
        for step in (
            self._nudge_overdue,
            self._restore_lost,
            self._nudge_ended,
            self._compare_hourly,
            self._keep_house,
        ):
            try:
                await step()
            except (RPCError, DuradeskError) as error:
                outage = self._temporal if isinstance(error, RPCError) else self._tickets
                outage.goes_on(error)
                away.add(outage)
        for outage in {self._temporal, self._tickets} - away:
            outage.is_over()

    async def compare(self) -> int:
        """Nudge every live ticket that has no running workflow, and say how many.

        The other way round, a workflow whose ticket is not there was acknowledged and is lost, because the database is
        older than Temporal: restored from a backup. It is told, and ends.
        Raises RPCError when Temporal does not answer, and Unavailable when the tickets service does not.
        """
        query = "WorkflowType = 'TicketWorkflow' AND ExecutionStatus = 'Running'"
        running = {execution.id async for execution in self._client.list_workflows(query, page_size=_PAGE)}
        idle, nudged = set(running), 0
        async for live in self._live_pages():
            idle.difference_update(map(workflow_id, live))
            nudged += await self._nudge([ticket_id for ticket_id in live if workflow_id(ticket_id) not in running])
        self._lost = [ticket_id for ticket_id in _ticket_ids(idle) if await self._is_lost(ticket_id)]
        log.info("reconcile.compared", running=len(running), nudged=nudged, lost=len(self._lost))
        return nudged

    @property
    def lost(self) -> int:
        """How many workflows the last comparison found whose ticket is not in the database."""
        return len(self._lost)

    async def _is_lost(self, ticket_id: UUID) -> bool:
        """Whether the workflow's ticket does not exist: then that is told, and the workflow is to look, and ends."""
        try:
            await self._orchestration.get_for_decision(ticket_id)
        except NotFound:
            workflow = self._client.get_workflow_handle(workflow_id(ticket_id))
            described = await workflow.describe()
            # The summary has number and brand, and no word of a customer.
            log.warning("reconcile.lost", ticket_id=str(ticket_id), was=await described.static_summary())
            if described.status is WorkflowExecutionStatus.RUNNING:
                await workflow.signal("look")
            return True
        return False

    async def _compare_hourly(self) -> None:
        now = datetime.now(UTC)
        if self._compared_at is None or now >= self._compared_at + _COMPARE_EVERY:
            await self.compare()
            self._compared_at = now

    async def _nudge_overdue(self) -> None:
        nudged = await self._orchestration.nudge_overdue(_OVERDUE)
        if nudged:
            log.info("reconcile.overdue", nudged=nudged)

    async def _keep_house(self) -> None:
        removed = await self._orchestration.keep_house()
        if removed:
            log.info("reconcile.removed", rows=removed)

    async def _nudge_ended(self) -> None:
        """Bring back workflows that did not end by themselves: terminated by hand, say, or failed."""
        since = (datetime.now(UTC) - _LOOK_BACK).isoformat()
        query = (
            "WorkflowType = 'TicketWorkflow' AND ExecutionStatus IN ('Terminated', 'Failed', 'TimedOut', 'Canceled')"
            f" AND CloseTime > '{since}'"
        )
        ended = {execution.run_id: execution.id async for execution in self._client.list_workflows(query)}
        ticket_ids = _ticket_ids(ended[run_id] for run_id in ended.keys() - self._ended)
        for start in range(0, len(ticket_ids), _PAGE):
            await self._orchestration.nudge_tickets(ticket_ids[start : start + _PAGE])
        if ticket_ids:
            log.info("reconcile.ended", nudged=len(ticket_ids))
        self._ended = set(ended)

    async def _restore_lost(self) -> None:
        """When the sentinel is missing, nudge every live ticket, then start it: in this order a crash loses nothing."""
        if await self._sentinel_runs():
            return
        await register_search_attributes(self._client)
        nudged = await self._nudge_live()
        await self._client.start_workflow(
            SentinelWorkflow.run,
            id=SENTINEL_ID,
            task_queue=TICKETS_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary="shows that Temporal kept its memory: do not terminate",
        )
        (log.warning if nudged else log.info)("reconcile.restored", nudged=nudged)  # none: a first start

    async def _sentinel_runs(self) -> bool:
        try:
            sentinel = await self._client.get_workflow_handle(SENTINEL_ID).describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise
        return sentinel.status is WorkflowExecutionStatus.RUNNING

    async def _nudge_live(self) -> int:
        return sum([await self._nudge(live) async for live in self._live_pages()])

    async def _nudge(self, ticket_ids: Sequence[UUID]) -> int:
        return await self._orchestration.nudge_tickets(ticket_ids) if ticket_ids else 0

    async def _live_pages(self) -> AsyncIterator[Sequence[UUID]]:
        token = ""
        while True:
            live, token = await self._orchestration.list_live_tickets(page_size=_PAGE, page_token=token)
            yield live
            if not token:
                return


def _ticket_ids(workflow_ids: Iterable[str]) -> list[UUID]:
    """The tickets of these workflows; what somebody started by hand under another kind of id is no ticket's."""
    ticket_ids = []
    for name in workflow_ids:
        with suppress(ValueError):
            ticket_ids.append(UUID(name.removeprefix("ticket/")))
    return ticket_ids
