"""Dues: many within a minute while more are armed; how late each is, next to bare timers on the same Temporal.

A burst of tickets with an urgent one arms them; what a due costs is measured before it and after it.
"""

import asyncio
import time
from dataclasses import dataclass
from functools import partial
from math import ceil
from uuid import UUID, uuid4

import grpc
from temporalio.client import Client

from tests.bench.desk import WITHIN, Desk
from tests.bench.floors import Floor
from tests.bench.load import at_once, paced
from tests.bench.orchestration import BURST_AT_ONCE, Tickets, drain, promise, quiet
from tests.bench.report import Aim, Report, Row, milliseconds, quantile, spread
from tests.bench.sizes import Size
from tests.stack import wait_for

# A burst's tickets are to be solved within 20 hours, so each of their workflows keeps a timer.
_ARMED = "armed"
_ARMED_SECONDS = 72_000
_FLAT = Aim(1.2)


@dataclass(frozen=True, slots=True)
class Fired:
    """How late dues were, in seconds, what each process used from the last plan on, and how many more were armed.

    `since` of them happened from then on: all, unless the desk was behind with its plans.
    """

    late: list[float]
    cpu: dict[str, float]
    armed: int
    since: int

    @property
    def milliseconds(self) -> float:
        """CPU of all processes for each."""
        return milliseconds(self.cpu, self.since)


def measure(desk: Desk, report: Report, size: Size) -> None:
    """Dues with few armed, a burst that arms many, the same dues again; then bare timers and many dues."""
    quiet(desk)
    asyncio.run(_measure(desk, report, size))


async def _measure(desk: Desk, report: Report, size: Size) -> None:
    async with grpc.aio.insecure_channel(desk.grpc_address) as channel:
        tickets = Tickets(desk, channel)
        few = await _fired(desk, tickets, size, size.flat)
        promise(desk, _ARMED, seconds=_ARMED_SECONDS)
        await _burst(desk, report, size, tickets)
        more = partial(tickets.create, type=_ARMED)
        await at_once(more, size.armed - size.burst, concurrency=BURST_AT_ONCE)
        await asyncio.to_thread(desk.wait_until_decided)
        many = await _fired(desk, tickets, size, size.flat)
        least, bare = await _floor(desk, size, size.flat)
        fired = await _fired(desk, tickets, size, size.dues)
    what, note = f"a due with {many.armed} more armed: CPU", f"floor: the same with {few.armed} more armed"
    # A desk so far behind that all of them had happened before says nothing.
    aim = _FLAT if many.since else None
    report.add(Row(what, many.since, many.milliseconds, "ms", few.milliseconds, aim, many.cpu, note))
    _tell(report, size, fired, least, bare)


async def _burst(desk: Desk, report: Report, size: Size, tickets: Tickets) -> None:
    floor = Floor(await Client.connect(desk.stack.temporal_address), desk.floor_notes)
    began = time.monotonic()
    await at_once(floor.start, size.burst, concurrency=BURST_AT_ONCE)
    await floor.noted(size.burst)
    least = size.burst / (time.monotonic() - began)
    drained = await drain(desk, tickets, size.burst, type=_ARMED)
    report.add(
        Row(
            "a burst: decided",
            size.burst,
            drained.per_second,
            "/s",
            least,
            Aim(50, at_most=False, of_ratio=False),
            drained.cpu,
            f"{drained.arrived:.0f}/s arrived",
        )
    )
    slowest, note = max(drained.urgent), spread(drained.urgent)
    what = "a burst: an urgent ticket in it, decided, the slowest"
    report.add(Row(what, len(drained.urgent), slowest, "s", None, Aim(1, of_ratio=False), note=note))


def _pace(size: Size) -> float:
    return size.dues / size.due_seconds


async def _fired(desk: Desk, tickets: Tickets, size: Size, amount: int) -> Fired:
    """Make so many tickets at the pace at which they are due, and wait until all dues have happened."""
    kind, per_second, began = f"due-{uuid4().hex[:8]}", _pace(size), len(tickets.made)
    promise(desk, kind, seconds=ceil(amount / per_second) + size.ahead_seconds)
    await paced(partial(tickets.create, type=kind), amount, per_second=per_second)
    await asyncio.to_thread(desk.wait_until_decided)
    ids = [UUID(made.ticket.id) for made in tickets.made[began:]]
    since = amount - len(desk.rows(_LATE, ids=ids))
    armed = desk.count("SELECT count(*) FROM dues") - since
    with desk.measured() as cpu:
        late = await asyncio.to_thread(_late, desk, ids)
    return Fired(late, cpu, armed, since)


async def _floor(desk: Desk, size: Size, amount: int) -> tuple[list[float], dict[str, float]]:
    """How late so many bare timers at that pace are, and what each process uses from the last start on."""
    floor, per_second = Floor(await Client.connect(desk.stack.temporal_address), desk.floor_notes), _pace(size)
    wait = amount / per_second + size.ahead_seconds
    await paced(partial(floor.start, wait=wait), amount, per_second=per_second)
    with desk.measured() as cpu:
        late = await floor.noted(amount)
    return late, cpu


def _tell(report: Report, size: Size, fired: Fired, least: list[float], bare: dict[str, float]) -> None:
    late, limit = fired.late, quantile(least, 0.99) + 2
    report.add(
        Row(
            f"dues, {size.dues} in {size.due_seconds} s, {fired.armed} more armed: late, p99",
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
    least_each = milliseconds(bare, len(least))
    report.add(Row("a due: CPU", fired.since, fired.milliseconds, "ms", least_each, cpu=fired.cpu))


def _late(desk: Desk, ids: list[UUID]) -> list[float]:
    late = partial(desk.rows, _LATE, ids=ids)
    found = wait_for(
        lambda: rows if len(rows := late()) >= len(ids) else None, within=WITHIN, every=0.5, what=f"{len(ids)} dues"
    )
    return [float(row["late"]) for row in found]


_LATE = """
SELECT extract(epoch FROM fired_at - due_at)::float AS late
FROM fired_dues WHERE ticket_id = ANY(%(ids)s) AND key LIKE 'clock_limit%%'
"""
