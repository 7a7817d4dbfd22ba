"""BulkWorkflow: has the same change made on many tickets, page after page, until all are done or somebody cancels.

    start ─► page ─► page ─► … ─► end
              │ long history
              ▼
       continue as new

The bulk, its tickets and what became of each are rows of the tickets service: the workflow holds no copy. A page that
was cut off is simply asked for again, and a bulk that is terminated by hand is started again within a minute.
"""

from datetime import timedelta
from typing import ClassVar

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy

from workflows.messages import BulkInput, BulkPageResult, bulk_workflow_id

# A page mostly takes less than a second; a worker that dies in the middle of one is noticed by its silence.
_PAGE_TIMEOUT = timedelta(seconds=60)
_PAGE_SILENCE = timedelta(seconds=4)
_RETRY = RetryPolicy(initial_interval=timedelta(seconds=0.5), maximum_interval=timedelta(seconds=15))
# After whatever single tickets need.
_PRIORITY = Priority(priority_key=5)


@workflow.defn(name="BulkWorkflow")
class BulkWorkflow:
    """One bulk, from its first page to its last."""

    history_limit: ClassVar[int] = 1_000

    @workflow.run
    async def run(self, bulk: BulkInput) -> None:
        """Ask for pages until there is none left."""
        # Started by hand under another bulk's id, it would keep that one from being started.
        if workflow.info().workflow_id != bulk_workflow_id(bulk.job_id):
            return
        while True:
            page = await self._run_page(bulk)
            workflow.set_current_details(f"{page.handled} of {page.total} tickets")
            if page.finished:
                return
            info = workflow.info()
            if info.is_continue_as_new_suggested() or info.get_current_history_length() > self.history_limit:
                workflow.continue_as_new(bulk)

    async def _run_page(self, bulk: BulkInput) -> BulkPageResult:
        page: BulkPageResult = await workflow.execute_activity(
            "run_bulk_page",
            bulk.job_id,
            result_type=BulkPageResult,
            start_to_close_timeout=_PAGE_TIMEOUT,
            heartbeat_timeout=_PAGE_SILENCE,
            retry_policy=_RETRY,
            priority=_PRIORITY,
            summary="change the next tickets",
        )
        return page
