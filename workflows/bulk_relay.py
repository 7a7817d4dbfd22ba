"""Starts a workflow for each bulk that nobody works on: a new one, or one whose workflow was lost."""

import asyncio
from datetime import timedelta
from uuid import UUID

import structlog
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import RPCError

from services.domain.errors import DuradeskError
from workflows.bulk import BulkWorkflow
from workflows.messages import TICKETS_QUEUE, BulkInput, bulk_workflow_id
from workflows.patience import Outage, cut_off_by, pause
from workflows.ports import Bulks

_WAIT = timedelta(seconds=20)
_START_TIMEOUT = timedelta(seconds=5)

log = structlog.get_logger()


class BulkRelay:
    """Claims bulks and starts their workflows. One that could not be started is claimed again half a minute later."""

    def __init__(self, client: Client, bulks: Bulks) -> None:
        self._client = client
        self._bulks = bulks
        self._tickets = Outage("tickets")
        self._temporal = Outage("temporal")

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until the process is to stop; a part that is away is waited for."""
        while not stopping.is_set():
            try:
                job_ids = await cut_off_by(stopping, self._bulks.claim_bulk_jobs(wait=_WAIT))
                self._tickets.is_over()
                for job_id in job_ids or ():
                    await start_bulk(self._client, job_id)
                self._temporal.is_over()
            except DuradeskError as error:
                await pause(self._tickets.goes_on(error), stopping)
            except RPCError as error:
                await pause(self._temporal.goes_on(error), stopping)


async def start_bulk(client: Client, job_id: UUID) -> None:
    """Start the bulk's workflow unless it runs; RPCError when Temporal does not take it."""
    await client.start_workflow(
        BulkWorkflow.run,
        BulkInput(str(job_id)),
        id=bulk_workflow_id(job_id),
        task_queue=TICKETS_QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        static_summary="the same change on many tickets",
        rpc_timeout=_START_TIMEOUT,
    )
    log.info("bulk.started", job_id=str(job_id))
