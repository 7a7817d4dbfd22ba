"""Intake over gRPC and REST, next to bare methods that write the same rows; alone, and with the workflows at work."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from statistics import median

import grpc
from temporalio.client import Client

from tests.bench.desk import ORCHESTRATION, OURS, WITHIN, Desk, total
from tests.bench.floor_rows import CREATE, first_brand, method, open_pool, write_rows
from tests.bench.floors import Floor
from tests.bench.load import Call, Http, Ran, at_once, connected, new_ticket
from tests.bench.report import Aim, Report, Row, each, spread
from tests.bench.sizes import Size
from tests.stack import wait_for

ROWS, METHOD, ROUTE = "bare psycopg", "bare gRPC method", "bare REST route"
GRPC, REST = "gRPC", "REST"
_FLOORS = {METHOD: ROWS, ROUTE: METHOD, GRPC: METHOD, REST: METHOD}
_AIMS = {GRPC: Aim(0.6, at_most=False), REST: Aim(0.35, at_most=False)}
_MEANWHILE = Aim(0.5, at_most=False)
# As many as the relay has signalled and undecided on two processors.
_STARTED_AT_ONCE = 8


@dataclass
class Seen:
    """The rounds of one door, and how many calls a second each of them made."""

    ran: Ran = field(default_factory=Ran)
    cpu: dict[str, float] = field(default_factory=dict)
    rates: list[float] = field(default_factory=list)

    def add(self, ran: Ran, cpu: dict[str, float]) -> None:
        self.ran, self.cpu = self.ran + ran, total(self.cpu, cpu)
        self.rates.append(ran.per_second)

    @property
    def per_second(self) -> float:
        """That of a middling round: now and then PostgreSQL tidies up, for as long as a whole round takes."""
        return median(self.rates)


def measure(desk: Desk, report: Report, size: Size) -> None:
    """With Temporal, relay, worker and reconciler standing still, then while they catch up with what came."""
    asyncio.run(_measure(desk, report, size))


async def _measure(desk: Desk, report: Report, size: Size) -> None:
    async with doors(desk) as calls:
        alone = {}
        with desk.frozen(*ORCHESTRATION):
            for concurrency, count in size.intake.items():
                alone[concurrency] = await rounds(desk, calls, size.rounds, count=count, concurrency=concurrency)
                _tell(report, alone[concurrency], concurrency)
            set_aside(desk)
        concurrency = sorted(size.intake)[len(size.intake) // 2]
        count = size.intake[concurrency]
        with desk.frozen(*OURS):
            async with bare_workflows(desk):
                floors = {name: calls[name] for name in (METHOD, ROUTE)}
                meanwhile = await rounds(desk, floors, size.rounds, count=count, concurrency=concurrency)
            set_aside(desk)
        ours = {name: calls[name] for name in (GRPC, REST)}
        meanwhile |= await rounds(desk, ours, size.rounds, count=count, concurrency=concurrency)
        await asyncio.to_thread(_leave, desk)
    for name, seen in meanwhile.items():
        without = alone[concurrency][name].per_second
        aim = None if name in floors else _MEANWHILE
        report.add(row(f"intake by {name}, {concurrency} at once, workflows catching up", seen, without, aim))
    await asyncio.to_thread(desk.wait_until_decided)


@asynccontextmanager
async def bare_workflows(desk: Desk) -> AsyncIterator[None]:
    """Bare workflows at work meanwhile, started as fast as Temporal takes them; all are done at the end."""
    floor = Floor(await Client.connect(desk.stack.temporal_address), desk.floor_notes)
    is_over = asyncio.Event()

    async def start() -> None:
        while not is_over.is_set():
            await floor.start()

    starting = asyncio.gather(*(start() for _ in range(_STARTED_AT_ONCE)))
    try:
        yield
    finally:
        is_over.set()
        await starting
        await floor.noted(len(floor.handles))


@asynccontextmanager
async def doors(desk: Desk) -> AsyncIterator[dict[str, Call]]:
    """What makes one ticket through each door and each floor."""
    async with (
        open_pool(desk.database_url) as pool,
        grpc.aio.insecure_channel(desk.floor_address) as floor_channel,
        grpc.aio.insecure_channel(desk.grpc_address) as channel,
        connected(("127.0.0.1", desk.floor_port), "") as floor_http,
        connected(("127.0.0.1", desk.stack.ports["PORT"]), desk.token) as http,
    ):
        brand_id, floor, ours = await first_brand(pool), method(floor_channel, CREATE), method(channel, CREATE)
        metadata = (("authorization", f"Bearer {desk.token}"),)
        yield {
            ROWS: lambda: write_rows(pool, brand_id, new_ticket()),
            METHOD: lambda: floor(new_ticket(), timeout=60),
            ROUTE: lambda: _post(floor_http, "/tickets"),
            GRPC: lambda: ours(new_ticket(), timeout=60, metadata=metadata),
            REST: lambda: _post(http, "/api/v1/tickets"),
        }


def set_aside(desk: Desk) -> None:
    """Let nobody decide on what came while all stood still: floors' tickets are nobody's, and ours are too many."""
    desk.rows("DELETE FROM outbox")
    desk.rows("UPDATE tickets SET decided_seq = version WHERE version > decided_seq")


def _leave(desk: Desk) -> None:
    """Let the tickets that are on their way be decided; all the others would take minutes and tell nothing."""
    desk.rows(
        "WITH left_out AS (DELETE FROM outbox WHERE signalled_at IS NULL RETURNING ticket_id)"
        " UPDATE tickets SET decided_seq = version WHERE id IN (SELECT ticket_id FROM left_out)"
    )
    wait_for(
        lambda: not desk.count("SELECT count(*) FROM outbox"), within=WITHIN, what="what is signalled to be decided"
    )


async def _post(http: Http, target: str) -> None:
    new = new_ticket()
    requester = {"email": new.requester_email, "name": new.requester_name}
    body = {"subject": new.subject, "body": new.body, "requester": requester}
    await http.post(target, json.dumps(body).encode(), key=new.request_id)


async def rounds(
    desk: Desk, calls: Mapping[str, Call], number: int, *, count: int, concurrency: int
) -> dict[str, Seen]:
    """All doors in turn, several times, so that what else the machine does meets each of them."""
    seen = {name: Seen() for name in calls}
    for call in calls.values():
        await at_once(call, concurrency, concurrency=concurrency)
    for _ in range(number):
        for name, call in calls.items():
            with desk.measured() as cpu:
                ran = await at_once(call, count, concurrency=concurrency)
            seen[name].add(ran, cpu)
    return seen


def _tell(report: Report, seen: Mapping[str, Seen], concurrency: int) -> None:
    for name, one in seen.items():
        floor = seen[_FLOORS[name]].per_second if name in _FLOORS else None
        report.add(row(f"intake by {name}, {concurrency} at once", one, floor, _AIMS.get(name)))


def row(what: str, seen: Seen, floor: float | None, aim: Aim | None) -> Row:
    """Tickets a second next to a floor's."""
    count = len(seen.ran.each)
    note = f"{spread(seen.ran.each)}; {each(seen.cpu, count)}"
    return Row(what, count, seen.per_second, "/s", floor, aim=aim, cpu=seen.cpu, note=note)
