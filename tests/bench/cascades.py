"""What a child of a settled parent costs, next to a bare signal after which its workflow looks and finds nothing.

Two families of the same size: the first one's parent is closed; of the second each child gets one signal. No mail goes
out in either.
"""

import asyncio
import time
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy

from tests.bench.desk import WITHIN, Desk
from tests.bench.orchestration import quiet
from tests.bench.report import Aim, Report, Row
from tests.bench.sizes import Size
from tests.families.seed import SEED, seeded
from tests.stack import wait_for
from tests.workflow.env import until
from workflows.messages import TICKETS_QUEUE, TicketInput, workflow_id
from workflows.ticket import TicketWorkflow

_SIGNALS_AT_ONCE = 16
# What signalling each child instead was measured to cost in a first draft of cascades, of this floor.
_AIM = Aim(1.5)


@dataclass(frozen=True, slots=True)
class _Cost:
    """Of one way, in all."""

    seconds: float
    cpu: dict[str, float]

    def per_child(self, children: int) -> float:
        return 1000 * sum(self.cpu.values()) / children


def measure(desk: Desk, report: Report, size: Size) -> None:
    """For each number of children."""
    quiet(desk)
    for children in size.children:
        first, second = (_family(desk, children, name) for name in ("cascade", "signal"))
        cascade, bare = _closed(desk, first), _signalled(desk, second)
        parent = asyncio.run(_history_length(desk, first["parent_id"]))
        child = asyncio.run(_history_length(desk, first["ids"][0]))
        told = f"{cascade.seconds:.1f} s; history events: {parent} of the parent, {child} of a child"
        report.add(
            Row(
                f"a cascade of {children}: CPU a child",
                children,
                cascade.per_child(children),
                "ms",
                bare.per_child(children),
                _AIM,
                cascade.cpu,
                told,
            )
        )


def _family(desk: Desk, children: int, name: str) -> dict[str, Any]:
    emails = [f"{name}-{children}-{number}@example.com" for number in range(children)]
    family = seeded(emails, parent_email=f"{name}-{children}@example.com")
    desk.rows(SEED, **family)
    return family


def _closed(desk: Desk, family: dict[str, Any]) -> _Cost:
    """From closing the parent until all children are decided."""
    done = "SELECT count(*) FROM cascades WHERE parent_id = %(parent_id)s AND state = 'done'"
    began = time.monotonic()
    with desk.measured() as cpu:
        desk.api.post(f"/tickets/{family['parent_id']}/close").raise_for_status()
        finished = partial(desk.count, done, parent_id=family["parent_id"])
        wait_for(finished, within=WITHIN, every=0.2, what="the cascade")
        desk.wait_until_decided()
    return _Cost(time.monotonic() - began, cpu)


def _signalled(desk: Desk, family: dict[str, Any]) -> _Cost:
    """From the first signal until the last workflow has looked."""
    began = time.monotonic()
    with desk.measured() as cpu:
        asyncio.run(_signal(desk, family["ids"]))
    return _Cost(time.monotonic() - began, cpu)


async def _signal(desk: Desk, ids: list[UUID]) -> None:
    client = await Client.connect(desk.stack.temporal_address)
    places = asyncio.Semaphore(_SIGNALS_AT_ONCE)

    async def signal(ticket_id: UUID) -> WorkflowHandle[TicketWorkflow, None]:
        async with places:
            return await client.start_workflow(
                TicketWorkflow.run,
                TicketInput(str(ticket_id), decides_in_step=True),
                id=workflow_id(ticket_id),
                task_queue=TICKETS_QUEUE,
                start_signal="look",
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            )

    for handle in await asyncio.gather(*(signal(ticket_id) for ticket_id in ids)):
        await until(partial(_has_looked, handle), within=WITHIN, every=0.5)


async def _has_looked(handle: WorkflowHandle[TicketWorkflow, None]) -> bool:
    kinds = [event.event_type async for event in handle.fetch_history_events()]
    return EventType.EVENT_TYPE_MARKER_RECORDED in kinds


async def _history_length(desk: Desk, ticket_id: UUID) -> int:
    client = await Client.connect(desk.stack.temporal_address)
    return int((await client.get_workflow_handle(workflow_id(ticket_id)).describe()).history_length)
