"""What a child of a settled parent costs, next to a bare workflow of one signal and one activity; no mail goes out."""

import asyncio
import time
from functools import partial
from typing import Any
from uuid import UUID

from temporalio.client import Client

from tests.bench.desk import WITHIN, Desk
from tests.bench.floors import Floor
from tests.bench.load import at_once
from tests.bench.orchestration import quiet
from tests.bench.report import Aim, Report, Row, milliseconds
from tests.bench.sizes import Size
from tests.families.seed import SEED, seeded
from tests.stack import wait_for
from workflows.messages import workflow_id

_STARTED_AT_ONCE = 16
_AIM = Aim(1.5)


def measure(desk: Desk, report: Report, size: Size) -> None:
    """For each number of children."""
    quiet(desk)
    for children in size.children:
        family = _family(desk, children)
        bare = asyncio.run(_bare(desk, children))
        cpu, seconds = _closed(desk, family)
        parent = asyncio.run(_history_length(desk, family["parent_id"]))
        child = asyncio.run(_history_length(desk, family["ids"][0]))
        told = f"{seconds:.1f} s; history events: {parent} of the parent, {child} of a child"
        report.add(
            Row(
                f"a cascade of {children}: CPU a child",
                children,
                milliseconds(cpu, children),
                "ms",
                milliseconds(bare, children),
                _AIM,
                cpu,
                told,
            )
        )


def _family(desk: Desk, children: int) -> dict[str, Any]:
    emails = [f"child-{children}-{number}@example.com" for number in range(children)]
    family = seeded(emails, parent_email=f"parent-{children}@example.com")
    desk.rows(SEED, **family)
    return family


def _closed(desk: Desk, family: dict[str, Any]) -> tuple[dict[str, float], float]:
    """CPU and seconds from closing the parent until all children are decided."""
    done = "SELECT count(*) FROM cascades WHERE parent_id = %(parent_id)s AND state = 'done'"
    began = time.monotonic()
    with desk.measured() as cpu:
        desk.api.post(f"/tickets/{family['parent_id']}/close").raise_for_status()
        finished = partial(desk.count, done, parent_id=family["parent_id"])
        wait_for(finished, within=WITHIN, every=0.2, what="the cascade")
        desk.wait_until_decided()
    return cpu, time.monotonic() - began


async def _bare(desk: Desk, children: int) -> dict[str, float]:
    """What bare workflows take for one signal and one activity each."""
    floor = Floor(await Client.connect(desk.stack.temporal_address), desk.floor_notes)
    with desk.measured() as cpu:
        await at_once(floor.start, children, concurrency=_STARTED_AT_ONCE)
        await floor.noted(children)
    return cpu


async def _history_length(desk: Desk, ticket_id: UUID) -> int:
    client = await Client.connect(desk.stack.temporal_address)
    return int((await client.get_workflow_handle(workflow_id(ticket_id)).describe()).history_length)
