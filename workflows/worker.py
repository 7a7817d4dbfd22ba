"""The workers: who polls which queue, and with what limits."""

from collections.abc import Sequence
from datetime import timedelta

from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from workflows.account_mail import AccountMailWorkflow
from workflows.account_mail_activities import AccountMailActivities
from workflows.activities import BulkActivities, CascadeActivities, DeliverActivities, TicketActivities
from workflows.bulk import BulkWorkflow
from workflows.messages import DELIVER_QUEUE, TICKETS_QUEUE
from workflows.ticket import SentinelWorkflow, TicketWorkflow

WORKFLOWS: Sequence[type] = (TicketWorkflow, SentinelWorkflow, BulkWorkflow)

# Of local ones and of others each. Enough to keep the cores busy between two answers of the database. What is urgent
# overtakes what waits, not what has begun, so more at once would do no more and let the urgent wait for more.
_TICKET_ACTIVITIES_AT_ONCE = 10
# A delivery mostly waits for somebody else's mail server.
_DELIVERIES_AT_ONCE = 20
# Above the number of active tickets: a workflow that falls out of the cache is replayed at its next step.
_CACHED_WORKFLOWS = 5_000
# How long a step waits for a worker that was killed before another one takes it.
_STICKY_TIMEOUT = timedelta(seconds=2)
# How often Temporal hears at most that a step goes on: several times within the silence that it takes for death.
_HEARTBEAT = timedelta(seconds=1)
# A run that another release began and that this one cannot go on with ends: it holds nothing, and is started anew from
# the rows. Else it would stand still until a release comes that knows its history, which after a rollback none does.
_ENDS_A_RUN = [workflow.NondeterminismError]
# The supervisor gives a process 10 s to end.
_GRACE = timedelta(seconds=5)


def tickets_worker(
    client: Client,
    activities: TicketActivities,
    bulk: BulkActivities,
    cascades: CascadeActivities,
    *,
    workflows: Sequence[type] = WORKFLOWS,
) -> Worker:
    """Runs the workflows, their `advance`, and the pages of bulks and cascades.

    Without the SDK's sandbox, which costs a third of the worker's CPU: a test keeps clocks, randomness and I/O out of
    the workflows' module instead, and recorded histories are replayed.
    """
    return Worker(
        client,
        task_queue=TICKETS_QUEUE,
        workflows=workflows,
        activities=[activities.advance, bulk.run_bulk_page, cascades.run_cascade_page],
        workflow_runner=UnsandboxedWorkflowRunner(),
        workflow_failure_exception_types=_ENDS_A_RUN,
        max_cached_workflows=_CACHED_WORKFLOWS,
        max_concurrent_activities=_TICKET_ACTIVITIES_AT_ONCE,
        max_concurrent_local_activities=_TICKET_ACTIVITIES_AT_ONCE,
        sticky_queue_schedule_to_start_timeout=_STICKY_TIMEOUT,
        max_heartbeat_throttle_interval=_HEARTBEAT,
        graceful_shutdown_timeout=_GRACE,
    )


def deliver_worker(client: Client, activities: DeliverActivities, account_mails: AccountMailActivities) -> Worker:
    """Runs deliveries, and the workflows of account mails."""
    return Worker(
        client,
        task_queue=DELIVER_QUEUE,
        workflows=[AccountMailWorkflow],
        activities=[activities.deliver, account_mails.deliver_account_mail],
        workflow_runner=UnsandboxedWorkflowRunner(),
        workflow_failure_exception_types=_ENDS_A_RUN,
        max_concurrent_activities=_DELIVERIES_AT_ONCE,
        sticky_queue_schedule_to_start_timeout=_STICKY_TIMEOUT,
        graceful_shutdown_timeout=_GRACE,
    )
