"""What follows on a ticket: a whole life, change by change, and the time to a first decision.

Beside a bare workflow on the same Temporal in the same run: one signal and one activity that does nothing a change.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar
from uuid import UUID

import grpc
from duradesk.tickets.v1 import ticket_pb2
from duradesk.tickets.v1 import ticket_service_pb2 as pb
from duradesk.tickets.v1 import ticket_service_pb2_grpc as pb_grpc
from temporalio.client import Client

from services.common.auth import PrincipalSigner
from services.domain.principal import Principal, Role
from tests.bench.desk import WITHIN, Desk, share
from tests.bench.floors import Floor
from tests.bench.load import Ran, at_once, new_ticket, paced
from tests.bench.report import Aim, Report, Row, milliseconds, quantile, spread
from tests.bench.sizes import Size
from tests.e2e.conftest import QUIET
from tests.stack import wait_for
from workflows.messages import workflow_id

CHANGES = ("create", "reply", "customer's reply", "resolve", "close")
# What two processors keep up with, and the aim.
_PACES = (20, 50)
_AT_ONCE = 16
BURST_AT_ONCE = 32
_URGENT = 5
_SAMPLE = 20
_SERVICES = ("tickets", "routing", "relay", "identity", "postgres")

T = TypeVar("T")


@dataclass
class Life:
    """What the changes of some tickets or workflows cost, together."""

    changes: int
    events: float = 0.0
    deliveries: float = 0.0
    cpu: dict[str, float] = field(default_factory=dict)

    def milliseconds(self, *names: str) -> float:
        """CPU of some processes for each change."""
        return 1000 * share(self.cpu, *names) / self.changes


def measure(desk: Desk, report: Report, size: Size) -> None:
    """Lives, then two paces."""
    quiet(desk)
    asyncio.run(_measure(desk, report, size))


def quiet(desk: Desk) -> None:
    """No mails but replies, at once."""
    (brand,) = desk.api.get("/brands").json()["items"]
    desk.api.patch(f"/brands/{brand['id']}", json=QUIET).raise_for_status()


def promise(desk: Desk, kind: str, *, seconds: int) -> None:
    """Tickets of this type are to be solved within so many seconds."""
    policy = {"name": kind, "conditions": f"type:{kind}"}
    targets = [{"clock": "resolution", "duration": f"PT{seconds}S"}]
    desk.api.post("/sla-policies", json=policy | {"targets": targets}).raise_for_status()


async def _measure(desk: Desk, report: Report, size: Size) -> None:
    client = await Client.connect(desk.stack.temporal_address)
    async with grpc.aio.insecure_channel(desk.grpc_address) as channel:
        tickets = Tickets(desk, channel)
        floor = Floor(client, desk.floor_notes)
        await _lives(desk, report, size, tickets, floor, client)
        for per_second in _PACES:
            await _pace(desk, report, size, tickets, floor, per_second=per_second)


class Tickets:
    """What people do to tickets, over gRPC: the staff with a token, a customer by the mail door."""

    def __init__(self, desk: Desk, channel: grpc.aio.Channel) -> None:
        self._desk = desk
        self._stub = pb_grpc.TicketServiceStub(channel)
        self._staff = (("authorization", f"Bearer {desk.token}"),)
        self._signer = PrincipalSigner(desk.environment["DURADESK_PRINCIPAL_KEY"].encode())
        self.made: list[pb.CreateTicketResponse] = []
        self._asked_at: dict[str, float] = {}

    async def create(self, **overrides: object) -> pb.CreateTicketResponse:
        asked_at = time.time()
        made = await self._stub.CreateTicket(new_ticket(**overrides), metadata=self._staff, timeout=60)
        self.made.append(made)
        self._asked_at[made.ticket.id] = asked_at
        return made

    def first_decisions(self, made: Iterable[pb.CreateTicketResponse]) -> list[float]:
        """How many seconds after they were asked for the tickets were decided, by the machine's clock."""
        rows = self._desk.rows(_FIRST, ids=[UUID(one.ticket.id) for one in made])
        return [row["decided_at"] - self._asked_at[str(row["ticket_id"])] for row in rows]

    async def reply(self, made: pb.CreateTicketResponse) -> None:
        request = pb.CreateMessageRequest(
            ticket_id=made.ticket.id, visibility=ticket_pb2.VISIBILITY_PUBLIC, body="It is on its way to you."
        )
        await self._stub.CreateMessage(request, metadata=self._staff, timeout=60)

    async def answer(self, made: pb.CreateTicketResponse) -> None:
        mail = Principal("mail", Role.SERVICE)
        request = pb.CreateMessageRequest(
            ticket_id=made.ticket.id,
            visibility=ticket_pb2.VISIBILITY_PUBLIC,
            body="It has not come yet.",
            sender_email=made.ticket.requester.email,
        )
        token = self._signer.sign(mail)
        await self._stub.CreateMessage(request, metadata=(("authorization", f"Bearer {token}"),), timeout=60)

    async def resolve(self, made: pb.CreateTicketResponse) -> None:
        await self._stub.ResolveTicket(
            pb.ResolveTicketRequest(ticket_id=made.ticket.id), metadata=self._staff, timeout=60
        )

    async def close(self, made: pb.CreateTicketResponse) -> None:
        await self._stub.CloseTicket(pb.CloseTicketRequest(ticket_id=made.ticket.id), metadata=self._staff, timeout=60)


async def _lives(desk: Desk, report: Report, size: Size, tickets: Tickets, floor: Floor, client: Client) -> None:
    bare = await _floor_life(desk, size, floor)
    life = await _life(desk, size, tickets, client)
    changes, told = life.changes, f"{life.deliveries:.0f} mail a life"
    report.add(Row("a life: history events a change", changes, life.events, "", bare.events, Aim(1.3), note=told))
    for what, names, aim in (
        ("Temporal", ("temporal",), Aim(1.5)),
        ("worker", ("worker", "floor-worker"), None),
        ("services, relay and PostgreSQL", _SERVICES, None),
    ):
        figure, least = life.milliseconds(*names), 0.0 if names is _SERVICES else bare.milliseconds(*names)
        cpu = {name: seconds for name, seconds in life.cpu.items() if name.startswith(names)}
        report.add(Row(f"a life: CPU a change, {what}", changes, figure, "ms", least or None, aim, cpu))


async def _floor_life(desk: Desk, size: Size, floor: Floor) -> Life:
    life, began = Life(size.stories * len(CHANGES)), len(floor.handles)
    with desk.measured() as cpu:
        await at_once(lambda: floor.start(changes=len(CHANGES)), size.stories, concurrency=_AT_ONCE)
        await floor.noted(size.stories)
        for _ in CHANGES[1:]:
            await _to_each(floor.handles[began:], floor.signal)
            await floor.noted(size.stories)
    lengths = [(await handle.describe()).history_length for handle in floor.handles[began:][:_SAMPLE]]
    life.cpu, life.events = cpu, sum(lengths) / len(lengths) / len(CHANGES)
    return life


async def _life(desk: Desk, size: Size, tickets: Tickets, client: Client) -> Life:
    life, began = Life(size.stories * len(CHANGES)), len(tickets.made)
    with desk.measured() as cpu:
        await at_once(tickets.create, size.stories, concurrency=_AT_ONCE)
        await asyncio.to_thread(desk.wait_until_decided)
        for act in (tickets.reply, tickets.answer, tickets.resolve, tickets.close):
            await _to_each(tickets.made[began:], act)
            await asyncio.to_thread(desk.wait_until_decided)
    ids = [UUID(made.ticket.id) for made in tickets.made[began:]]
    lengths = [await _history_length(client, ticket_id) for ticket_id in ids[:_SAMPLE]]
    sent = desk.count("SELECT count(*) FROM effects WHERE ticket_id = ANY(%(ids)s)", ids=ids)
    life.cpu, life.events, life.deliveries = cpu, sum(lengths) / len(lengths) / len(CHANGES), sent / size.stories
    return life


async def _to_each(things: Sequence[T], act: Callable[[T], Awaitable[object]]) -> None:
    left = iter(things)
    await at_once(lambda: act(next(left)), len(things), concurrency=_AT_ONCE)


async def _history_length(client: Client, ticket_id: UUID) -> int:
    return int((await client.get_workflow_handle(workflow_id(ticket_id)).describe()).history_length)


async def _pace(desk: Desk, report: Report, size: Size, tickets: Tickets, floor: Floor, *, per_second: float) -> None:
    with desk.measured() as bare:
        await paced(floor.start, size.paced, per_second=per_second)
        least = await floor.noted(size.paced)
    began = len(tickets.made)
    with desk.measured() as cpu:
        await paced(tickets.create, size.paced, per_second=per_second)
        await asyncio.to_thread(desk.wait_until_decided)
    waited = tickets.first_decisions(tickets.made[began:])
    note = f"{spread(waited)}; floor: {spread(least)}"
    report.add(
        Row(
            f"create to first decision at {per_second}/s, p99",
            len(waited),
            quantile(waited, 0.99),
            "s",
            quantile(least, 0.99),
            Aim(0.5, of_ratio=False),
            cpu,
            note,
        )
    )
    figure, least_each = milliseconds(cpu, size.paced), milliseconds(bare, size.paced)
    report.add(Row(f"a create and its decision at {per_second}/s: CPU", size.paced, figure, "ms", least_each))


@dataclass(frozen=True, slots=True)
class Drained:
    """How a burst was decided: tickets a second, and seconds until each urgent one in it was."""

    per_second: float
    urgent: list[float]
    arrived: float
    cpu: dict[str, float]


async def drain(desk: Desk, tickets: Tickets, amount: int, **overrides: object) -> Drained:
    """Make so many tickets as fast as it goes, with urgent ones among them, and wait until all are decided."""
    began, create, urgent, ran = len(tickets.made), partial(tickets.create, **overrides), [], Ran()
    with desk.measured() as cpu:
        for _ in range(_URGENT):
            ran += await at_once(create, amount // (_URGENT + 1), concurrency=BURST_AT_ONCE)
            urgent.append(await create(priority=ticket_pb2.PRIORITY_URGENT))
        left = began + amount - len(tickets.made)
        ran += await at_once(create, left, concurrency=BURST_AT_ONCE)
        await asyncio.to_thread(
            lambda: wait_for(lambda: not desk.undecided, within=WITHIN, every=0.1, what="the burst to be decided")
        )
    burst = [UUID(made.ticket.id) for made in tickets.made[began:]]
    (row,) = desk.rows(_STRETCH, ids=burst)
    return Drained(len(burst) / row["seconds"], tickets.first_decisions(urgent), ran.per_second, cpu)


_STRETCH = """
SELECT extract(epoch FROM max(d.decided_at) - min(t.created_at))::float AS seconds
FROM tickets t JOIN decisions d ON d.ticket_id = t.id WHERE t.id = ANY(%(ids)s)
"""
_FIRST = """
SELECT ticket_id, extract(epoch FROM min(decided_at))::float AS decided_at
FROM decisions WHERE ticket_id = ANY(%(ids)s) GROUP BY ticket_id
"""
