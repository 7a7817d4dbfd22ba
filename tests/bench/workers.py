"""More workers and relays than one: how fast a burst is decided, and whether an urgent ticket still goes first."""

import asyncio

import grpc

from tests.bench.desk import Desk
from tests.bench.orchestration import Drained, Tickets, drain, quiet
from tests.bench.report import Aim, Report, Row, each
from tests.bench.sizes import Size


def measure(desk: Desk, report: Report, size: Size) -> None:
    """The same burst before each number of them; the first one is the floor of the others."""
    quiet(desk)
    floor = None
    for number in size.workers:
        with desk.workers(number):
            drained = asyncio.run(_drain(desk, size.drained))
        aim = Aim(0.9, at_most=False) if floor else None
        cost = each(drained.cpu, size.drained)
        told = f"{cost}; the slowest urgent one after {max(drained.urgent):.2f} s"
        report.add(
            Row(
                f"decided by {number} workers and relays",
                size.drained,
                drained.per_second,
                "/s",
                floor,
                aim,
                drained.cpu,
                told,
            )
        )
        floor = floor or drained.per_second


async def _drain(desk: Desk, amount: int) -> Drained:
    async with grpc.aio.insecure_channel(desk.grpc_address) as channel:
        return await drain(desk, Tickets(desk, channel), amount)
