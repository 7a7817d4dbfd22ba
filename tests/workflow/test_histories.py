"""Histories of every release replay on the present code, and the present code gives the commands it was known for.

When a fingerprint test fails, the change needs `workflow.patched`, and then a new recording beside the old one.
"""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

from tests.histories.record import HERE, version
from tests.histories.stories import STORIES, fingerprint, history_of
from tests.workflow.conftest import Skip
from tests.workflow.env import Env
from workflows.messages import bulk_workflow_id, workflow_id
from workflows.tracing import TraceInterceptor

RECORDED = sorted(HERE.glob("*/*.json"))


def recorded(path: Path) -> WorkflowHistory:
    """The history under the id that it ran under, which is not in the recording: that of its ticket or bulk."""
    history = WorkflowHistory.from_json("", path.read_text(encoding="utf-8"))
    (started,) = history.events[0].workflow_execution_started_event_attributes.input.payloads
    given = json.loads(started.data)
    name = workflow_id(given["ticket_id"]) if "ticket_id" in given else bulk_workflow_id(given["job_id"])
    return replace(history, workflow_id=name)


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: f"{path.parent.name}/{path.stem}")
async def test_histories_of_every_release_replay_with_and_without_traces(path: Path) -> None:
    for interceptors in ([], [TraceInterceptor()]):
        replayer = Replayer(
            workflows=[STORIES[path.stem].workflow],
            workflow_runner=UnsandboxedWorkflowRunner(),
            interceptors=interceptors,
        )
        await replayer.replay_workflow(recorded(path))


@pytest.mark.parametrize("name", STORIES)
async def test_this_release_gives_the_commands_that_were_recorded(name: str, idle_months: tuple[Env, Skip]) -> None:
    env, skip = idle_months
    history = await history_of(env, skip, STORIES[name])
    assert fingerprint(history.events) == fingerprint(recorded(HERE / version() / f"{name}.json").events)


def test_the_recorded_stories_use_every_command() -> None:
    lines = {line for path in RECORDED for line in fingerprint(recorded(path).events)}
    assert {
        "local activity advance",
        "activity advance on tickets",
        "activity deliver on deliver",
        "activity run_bulk_page on tickets",
        "activity run_cascade_page on tickets",
        "signal child_settled",
        "start timer",
        "cancel timer",
        "continue as new",
        "complete",
    } <= lines


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_recorded_history_says_nothing_of_the_machine_it_was_made_on(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "stackTrace" not in text
    workers = [
        event.workflow_task_started_event_attributes.identity
        for event in recorded(path).events
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED
    ]
    assert set(workers) == {"test"}
