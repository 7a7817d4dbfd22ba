"""The floor of orchestration as it is driven: bare workflows on the stack's Temporal, and what they noted."""

import asyncio
import time
from pathlib import Path
from uuid import uuid4

from temporalio.client import Client, WorkflowHandle

from tests.bench.desk import WITHIN
from tests.bench.floor_workflow import QUEUE, FloorInput, FloorWorkflow
from tests.stack import wait_for

Handle = WorkflowHandle[FloorWorkflow, None]


class Floor:
    """Starts bare workflows; `noted` says how late their activities have been so far, in seconds."""

    def __init__(self, client: Client, notes: Path) -> None:
        self._client = client
        self._notes = notes
        self._said = len(notes.read_text().splitlines())
        self.handles: list[Handle] = []

    async def start(self, *, changes: int = 1, wait: float = 0.0) -> None:
        """One more workflow, with its first signal unless it has something to wait for."""
        now = time.time()
        handle = await self._client.start_workflow(
            FloorWorkflow.run,
            FloorInput(changes, wait, now + wait),
            id=f"floor/{uuid4()}",
            task_queue=QUEUE,
            start_signal=None if wait else "change",
            start_signal_args=[now],
        )
        self.handles.append(handle)

    async def signal(self, handle: Handle) -> None:
        """One more change of a workflow."""
        await handle.signal(FloorWorkflow.change, time.time())

    async def noted(self, activities: int) -> list[float]:
        """What that many activities more have noted."""
        return await asyncio.to_thread(self._wait_for, activities)

    def _wait_for(self, activities: int) -> list[float]:
        def found() -> list[float] | None:
            lines = self._notes.read_text().splitlines()[self._said :]
            return [float(line) for line in lines] if len(lines) >= activities else None

        late = wait_for(found, within=WITHIN, what=f"{activities} activities of the floor")
        self._said += len(late)
        return late
