"""Rules that do not match: what a create and its decision cost under so many more than a new desk has."""

import asyncio
from uuid import uuid4

import grpc

from tests.bench.desk import Desk
from tests.bench.load import at_once
from tests.bench.orchestration import Tickets, quiet
from tests.bench.report import Report, Row, milliseconds
from tests.bench.sizes import Size

_AT_ONCE = 16
# Some look at the type, some at tags, some at words of the text, as those of a desk do.
_CONDITIONS = ("type:kind-{}", "priority:urgent tag:tag-{}", "tag:tag-{} is:open", "word{}")


def measure(desk: Desk, report: Report, size: Size) -> None:
    """None of them, then more and more."""
    quiet(desk)
    cost = asyncio.run(_decided(desk, size.ruled))
    bare, present = milliseconds(cost, size.ruled), 0
    for number in size.rules:
        for one in range(present, number):
            _make(desk, one)
        present = number
        cpu = asyncio.run(_decided(desk, size.ruled))
        what, figure = f"a create and its decision under {number} more rules: CPU", milliseconds(cpu, size.ruled)
        note = "floor: under those of a new desk"
        report.add(Row(what, size.ruled, figure, "ms", bare, cpu=cpu, note=note))


def _make(desk: Desk, number: int) -> None:
    rule = {
        "name": f"rule {number} {uuid4().hex[:6]}",
        "trigger": "ticket_created",
        "conditions": _CONDITIONS[number % len(_CONDITIONS)].format(number),
        "actions": [{"kind": "add_tag", "tag": f"matched-{number}"}],
    }
    desk.api.post("/rules", json=rule).raise_for_status()


async def _decided(desk: Desk, amount: int) -> dict[str, float]:
    """What each process uses for so many tickets, made and decided."""
    async with grpc.aio.insecure_channel(desk.grpc_address) as channel:
        tickets = Tickets(desk, channel)
        # The first decision after a change reads the rules anew.
        await tickets.create()
        await asyncio.to_thread(desk.wait_until_decided)
        with desk.measured() as cpu:
            await at_once(tickets.create, amount, concurrency=_AT_ONCE)
            await asyncio.to_thread(desk.wait_until_decided)
    return cpu
