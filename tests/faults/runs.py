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


def history_lengths(stack: Stack, ticket: str) -> list[int]:
    """How many events each run of a ticket's workflow has had so far; the latest run may not be listed yet."""
    listed = stack.temporal("workflow", "list", "--query", f"WorkflowId = 'ticket/{ticket}'")
    return [_history_length(stack, ticket, run["execution"]["runId"]) for run in listed]


def _history_length(stack: Stack, ticket: str, run_id: str) -> int:
    described = stack.temporal("workflow", "describe", "--workflow-id", f"ticket/{ticket}", "--run-id", run_id)
    return int(described["workflowExecutionInfo"]["historyLength"])
