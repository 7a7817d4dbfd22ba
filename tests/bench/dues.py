"""Dues: many within a minute while more are armed; how late each is, next to bare timers on the same Temporal."""

import asyncio
from functools import partial
from uuid import uuid4

import grpc
from temporalio.client import Client

from tests.bench.desk import WITHIN, Desk
from tests.bench.floors import Floor
from tests.bench.load import paced
from tests.bench.orchestration import Tickets, promise, quiet
from tests.bench.report import Aim, Report, Row, milliseconds, quantile, spread
from tests.bench.sizes import Size
from tests.stack import wait_for


def measure(desk: Desk, report: Report, size: Size) -> None:
    """Bare timers first, then dues of tickets."""
    quiet(desk)
    kind = f"due-{uuid4().hex[:8]}"
    asyncio.run(_measure(desk, report, size, kind))


async def _measure(desk: Desk, report: Report, size: Size, kind: str) -> None:
    least, bare = await _floor(desk, size)
    wait = size.due_seconds + size.ahead_seconds
    promise(desk, kind, seconds=wait)
    async with grpc.aio.insecure_channel(desk.grpc_address) as channel:
        tickets = Tickets(desk, channel)
        await paced(partial(tickets.create, type=kind), size.dues, per_second=size.dues / size.due_seconds)
        await asyncio.to_thread(desk.wait_until_decided)
    armed = desk.count("SELECT count(*) FROM dues") - size.dues
    with desk.measured() as cpu:
        late = await asyncio.to_thread(_fired, desk, kind, size.dues)
    limit = quantile(least, 0.99) + 2
    report.add(
        Row(
            f"dues, {size.dues} in {size.due_seconds} s, {armed} more armed: late, p99",
            len(late),
            quantile(late, 0.99),
            "s",
            quantile(least, 0.99),
            Aim(round(limit, 2), of_ratio=False),
            note=f"{spread(late)}; floor: {spread(least)}",
        )
    )
    early = sum(seconds < 0 for seconds in late)
    report.add(Row("dues that happened before their time", len(late), early, "", aim=Aim(0, of_ratio=False)))
    report.add(Row("a due: CPU", len(late), milliseconds(cpu, size.dues), "ms", milliseconds(bare, size.dues), cpu=cpu))


async def _floor(desk: Desk, size: Size) -> tuple[list[float], dict[str, float]]:
    """How late bare timers are, and what each process uses from the last start on."""
    floor = Floor(await Client.connect(desk.stack.temporal_address), desk.floor_notes)
    wait = float(size.due_seconds + size.ahead_seconds)
    await paced(partial(floor.start, wait=wait), size.dues, per_second=size.dues / size.due_seconds)
    with desk.measured() as cpu:
        late = await floor.noted(size.dues)
    return late, cpu


def _fired(desk: Desk, kind: str, amount: int) -> list[float]:
    late = partial(desk.rows, _LATE, kind=kind)
    found = wait_for(
        lambda: rows if len(rows := late()) >= amount else None, within=WITHIN, every=0.5, what=f"{amount} dues"
    )
    return [float(row["late"]) for row in found]


_LATE = """
SELECT extract(epoch FROM f.fired_at - f.due_at)::float AS late
FROM fired_dues f JOIN tickets t ON t.id = f.ticket_id
WHERE t.type = %(kind)s AND f.key LIKE 'clock_limit%%'
"""
