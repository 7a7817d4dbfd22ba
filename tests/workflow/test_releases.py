"""What becomes of a run when the next release cannot go on with it."""

import pytest
from temporalio import workflow
from temporalio.client import WorkflowFailureError

from tests.workflow.env import Env, until
from workflows.activities import BulkActivities, CascadeActivities, TicketActivities
from workflows.messages import TicketInput
from workflows.ticket import TicketWorkflow
from workflows.worker import tickets_worker


@workflow.defn(name="TicketWorkflow")
class OtherRelease(TicketWorkflow):
    """Begins with a step that ours does not have."""

    @workflow.init
    def __init__(self, ticket: TicketInput) -> None:
        super().__init__(ticket)

    @workflow.run
    async def run(self, ticket: TicketInput) -> None:
        await workflow.sleep(0.01)
        await super().run(ticket)


async def test_a_run_that_this_release_cannot_go_on_with_ends_and_the_ticket_has_a_new_one(idle_env: Env) -> None:
    env = idle_env
    ticket_id = await env.desk.create_ticket()
    decide, cascades = TicketActivities(env.desk, env.desk), CascadeActivities(env.desk.cascades)
    async with tickets_worker(env.client, decide, BulkActivities(env.bulks), cascades, workflows=[OtherRelease]):
        await env.look(ticket_id)
        await until(lambda: env.desk.advances > 0)
    run = (await env.handle(ticket_id).describe()).run_id
    async with env.working():
        await env.look(ticket_id)
        with pytest.raises(WorkflowFailureError):
            await env.client.get_workflow_handle(f"ticket/{ticket_id}", run_id=run).result()
        await env.looks(ticket_id)
        assert (await env.handle(ticket_id).describe()).run_id != run
