"""What a child of a settled parent costs next to a bare signal: `python -m tests.bench.families [children]`.

A stack of its own, one run: a family is closed and every child decided; then each child of a second family gets one
signal and its workflow looks and finds nothing. No mail goes out in either.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
import psycopg
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy

from tests.families.seed import SEED, seeded
from tests.postgres import Postgres, running_postgres
from tests.stack import Stack, running_stack, wait_for
from tests.workflow.env import until
from workflows.messages import TICKETS_QUEUE, TicketInput, workflow_id
from workflows.ticket import TicketWorkflow

_SIGNALS_AT_ONCE = 16
_WITHIN = 3_600.0


@dataclass(frozen=True)
class Cost:
    """Of one way, in all."""

    seconds: float
    cpu: float

    def per_child(self, children: int) -> str:
        return f"{self.seconds:.1f} s, {1000 * self.cpu / children:.1f} ms CPU per child"


def main() -> None:
    """Measure and print."""
    children = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    with running_postgres() as postgres, tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        with running_stack(home, {"DURADESK_DATABASE_URL": postgres.url()}) as stack:
            quiet = "acknowledge = false, staff_notices = false, resolved_notice = false"
            _rows(postgres, f"UPDATE brands SET {quiet}")
            first, second = (_family(postgres, children, name) for name in ("cascade", "signal"))
            cascade = _measure(stack, postgres, lambda: _close(stack, postgres, first))
            bare = _measure(stack, postgres, lambda: asyncio.run(_signal(stack, second)))
            print(f"cascade: {cascade.per_child(children)}; {_histories(stack, first)}")
            print(f"bare signal: {bare.per_child(children)}; {_histories(stack, second)}")


def _family(postgres: Postgres, children: int, name: str) -> dict[str, Any]:
    emails = [f"{name}-{number}@example.com" for number in range(children)]
    family = seeded(emails, parent_email=f"{name}@example.com")
    _rows(postgres, SEED, family)
    return dict(family)


def _close(stack: Stack, postgres: Postgres, family: dict[str, Any]) -> None:
    with stack.api() as api:
        api.post(f"/tickets/{family['parent_id']}/close").raise_for_status()
    done = "SELECT count(*) FROM cascades WHERE state = 'done'"
    undecided = "SELECT count(*) FROM tickets WHERE version > decided_seq"
    wait_for(lambda: _rows(postgres, done)[0][0] == 1, within=_WITHIN, every=0.2, what="the cascade")
    wait_for(lambda: not _rows(postgres, undecided)[0][0], within=_WITHIN, every=0.2, what="the children")


async def _signal(stack: Stack, family: dict[str, Any]) -> None:
    client = await Client.connect(stack.temporal_address)
    places = asyncio.Semaphore(_SIGNALS_AT_ONCE)

    async def signal(ticket_id: UUID) -> WorkflowHandle[TicketWorkflow, None]:
        async with places:
            return await client.start_workflow(
                TicketWorkflow.run,
                TicketInput(str(ticket_id)),
                id=workflow_id(ticket_id),
                task_queue=TICKETS_QUEUE,
                start_signal="look",
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            )

    for handle in await asyncio.gather(*(signal(ticket_id) for ticket_id in family["ids"])):
        await until(partial(_has_looked, handle), within=_WITHIN, every=0.5)


async def _has_looked(handle: WorkflowHandle[TicketWorkflow, None]) -> bool:
    kinds = [event.event_type async for event in handle.fetch_history_events()]
    return EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED in kinds


def _measure(stack: Stack, postgres: Postgres, act: Callable[[], None]) -> Cost:
    before, began = _cpu(stack, postgres), time.monotonic()
    act()
    return Cost(time.monotonic() - began, _cpu(stack, postgres) - before)


def _cpu(stack: Stack, postgres: Postgres) -> float:
    """Of all processes of the stack and of its database, so far, in seconds."""
    roots = [int(path.read_text().split()[0]) for path in (stack.home / "run").glob("*.pid")]
    roots.append(int((postgres.data / "postmaster.pid").read_text().split()[0]))
    used = 0.0
    for root in roots:
        for process in [psutil.Process(root), *psutil.Process(root).children(recursive=True)]:
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            used += times.user + times.system + times.children_user + times.children_system
    return used


def _histories(stack: Stack, family: dict[str, Any]) -> str:
    child, parent = (_events(stack, ticket_id) for ticket_id in (family["ids"][0], family["parent_id"]))
    return f"{child} history events of a child, {parent} of the parent"


def _events(stack: Stack, ticket_id: object) -> int:
    shown = stack.run(
        "temporal", "workflow", "show", "--workflow-id", workflow_id(ticket_id), "--address", stack.temporal_address,
        "--output", "json", check=False,
    )  # fmt: skip
    return shown.count('"eventId"')


def _rows(postgres: Postgres, statement: str, parameters: dict[str, object] | None = None) -> list[Any]:
    with psycopg.connect(postgres.url(), options="-c search_path=tickets,public", autocommit=True) as connection:
        cursor = connection.execute(statement.encode(), parameters)
        return cursor.fetchall() if cursor.description else []


if __name__ == "__main__":
    main()
