"""The floor of orchestration: a workflow with one signal and one activity that does nothing for each change.

`python -m tests.bench.floor_workflow` is its worker, with the settings of ours. Each activity adds a line to the file
that BENCH_FLOOR names: how many seconds after the instant it is measured from it ran.
"""

import asyncio
import os
import signal
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

QUEUE = "bench-floor"


@dataclass(frozen=True, slots=True)
class FloorInput:
    """So many changes, each begun by a signal or, without, one that is due after `wait` seconds, at `since`."""

    changes: int = 1
    wait: float = 0.0
    since: float = 0.0


@workflow.defn(name="FloorWorkflow")
class FloorWorkflow:
    """Does as little as there is to do."""

    @workflow.init
    def __init__(self, floor: FloorInput) -> None:
        self._since: list[float] = []

    @workflow.run
    async def run(self, floor: FloorInput) -> None:
        """One activity for each change."""
        if floor.wait:
            await workflow.sleep(floor.wait)
            self._since.append(floor.since)
        for change in range(floor.changes):
            await workflow.wait_condition(lambda: len(self._since) > change)  # noqa: B023 # it is waited for here
            await workflow.execute_activity(
                "note", self._since[change], start_to_close_timeout=timedelta(seconds=60), summary="do nothing"
            )

    @workflow.signal
    def change(self, since: float) -> None:
        """One more change."""
        self._since.append(since)


class Notes:
    """What the activity writes to."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", buffering=1)

    @activity.defn
    async def note(self, since: float) -> None:
        """Say how late this is."""
        self._file.write(f"{time.time() - since}\n")


async def _work() -> None:
    client = await Client.connect(os.environ["DURADESK_TEMPORAL_ADDRESS"])
    notes = Notes(Path(os.environ["BENCH_FLOOR"]))
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    async with Worker(
        client,
        task_queue=QUEUE,
        workflows=[FloorWorkflow],
        activities=[notes.note],
        workflow_runner=UnsandboxedWorkflowRunner(),
        max_cached_workflows=5_000,
        max_concurrent_activities=20,
    ):
        print("floor.ready", flush=True)
        await stopping.wait()


if __name__ == "__main__":
    asyncio.run(_work())
    # temporalio may abort while the interpreter ends.
    os._exit(0)
