"""The runs of a ticket's workflow: made long from outside, and measured."""

import asyncio
from collections.abc import Sequence

from temporalio.client import Client

from tests.stack import Stack

_AT_ONCE = 20


async def signal_often(stack: Stack, tickets: Sequence[str], times: int) -> None:
    """Tell the workflow of each ticket so often to look; each time is an event in the history of its run."""
    client = await Client.connect(stack.temporal_address)
    for ticket in tickets:
        handle = client.get_workflow_handle(f"ticket/{ticket}")
        for _ in range(times // _AT_ONCE):
            await asyncio.gather(*(handle.signal("look") for _ in range(_AT_ONCE)))


def list_runs(stack: Stack, ticket: str) -> list[str]:
    """The ids of the runs that a ticket's workflow has had; the latest may be missing for a moment."""
    listed = stack.temporal("workflow", "list", "--query", f"WorkflowId = 'ticket/{ticket}'")
    return [run["execution"]["runId"] for run in listed]


def history_length(stack: Stack, ticket: str, run_id: str) -> int:
    """How many events a run has had so far."""
    described = stack.temporal("workflow", "describe", "--workflow-id", f"ticket/{ticket}", "--run-id", run_id)
    return int(described["workflowExecutionInfo"]["historyLength"])
