"""Lists, counts and search over HTTP, and creates, on a desk with more and more tickets, nearly all of them closed.

The floor of what is read is ten fields of the newest fifty over a bare route and a bare method, so many at once; of a
create it is the bare method (tests.bench.intake), beside as many tickets. Nothing is decided meanwhile.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from itertools import cycle
from urllib.parse import quote

import psycopg

from services.domain.views import VIEWS
from tests.bench.desk import ORCHESTRATION, Desk
from tests.bench.intake import GRPC, METHOD, doors, rounds, row, set_aside
from tests.bench.load import Http, Ran, at_once, connected
from tests.bench.report import Aim, Report, Row, each, quantile, spread
from tests.bench.seed import seed
from tests.bench.sizes import Size
from tests.stack import OWNER

_CONCURRENCIES = (1, 8)
_CREATED_AT_ONCE = 8
# In milliseconds.
_LIST, _SEARCH = Aim(50, of_ratio=False), Aim(150, of_ratio=False)

# What is asked for in turn: no two of a few requests look for the same thing.
_LISTS = {
    "newest": ("",),
    "of a year ago": tuple(f"older:{365 + 7 * week}d" for week in range(20)),
    "open, most urgent first": ("is:open&sort=-priority",),
    "open, soonest due first": ("is:open&sort=due",),
    "of an agent": (f"assignee:{OWNER[0]} is:open",),
    "closed ones with a tag": tuple(
        f"status:closed tag:{tag}" for tag in ("refund", "late", "warranty", "payment", "cancel")
    ),
}
SEARCHES = {
    "order-number": tuple(f"lb-{47110 + number}" for number in range(20)),
    "uncommon-words": ("serial recall", "safety authority", "business decision", "marked electronic", "double charged"),
    "common-word": ("order", "please", "parcel", "thank", "carrier"),
    "phrase": ('"in transit"', '"serial number"', '"other order"', '"birthday present"', '"please cancel"'),
    "old": ("status:closed tag:refund", "status:closed tag:gift", "status:closed tag:damaged"),
    "many": ("is:open priority:high older:2d", "is:open priority:low older:3d", "is:open priority:urgent older:1d"),
    "person": ("whitfield", "clarke", "watanabe", "popescu", "moreau"),
    "no-match": ("zyzzyva", "quokka", "syzygy"),
}
_RANKED = ("uncommon-words", "common-word", "phrase", "person")


def queries() -> Mapping[str, tuple[Sequence[str], Aim]]:
    """What is asked in turn, by what it is, with the longest time that nearly all may take."""
    counts = "&".join(f"filter={quote(view.filter)}" for view in VIEWS)
    ranked = {
        f"{name}, the newest 2,000 ranked": [f"{terms}&sort=-relevance" for terms in SEARCHES[name]] for name in _RANKED
    }
    searches: Mapping[str, Sequence[str]] = {**SEARCHES, **ranked}
    return {
        **{f"list, {name}": ([_page(terms) for terms in each], _LIST) for name, each in _LISTS.items()},
        "counts of the views": ([f"/api/v1/tickets/counts?{counts}"], _LIST),
        **{f"search, {name}": ([_page(terms) for terms in each], _SEARCH) for name, each in searches.items()},
    }


def _page(terms: str) -> str:
    text, _, order = terms.partition("&")
    return f"/api/v1/tickets?limit=50&filter={quote(text)}&{order}"


def measure_first(desk: Desk, report: Report, size: Size) -> None:
    """At the first number of tickets, before other parts have made more."""
    _measure_each(desk, report, size, size.stored[:1])


def measure(desk: Desk, report: Report, size: Size) -> None:
    """At each other number of tickets."""
    _measure_each(desk, report, size, size.stored[1:])


def _measure_each(desk: Desk, report: Report, size: Size, numbers: Sequence[int]) -> None:
    with desk.frozen(*ORCHESTRATION):
        for stored in numbers:
            _fill(desk, stored)
            asyncio.run(_measure(desk, report, size, stored))


def _fill(desk: Desk, stored: int) -> None:
    missing = stored - desk.count("SELECT count(*) FROM tickets")
    if missing > 0:
        began = time.monotonic()
        with psycopg.connect(desk.database_url) as connection:
            seed(connection, missing)
        print(f"      {missing} tickets seeded in {time.monotonic() - began:.0f} s", flush=True)


async def _measure(desk: Desk, report: Report, size: Size, stored: int) -> None:
    async with (
        connected(("127.0.0.1", desk.floor_port), "") as floor,
        connected(("127.0.0.1", desk.stack.ports["PORT"]), desk.token) as http,
    ):
        for concurrency in _CONCURRENCIES:
            bare, cpu = await _ask(desk, floor, ["/tickets"], size.requests, concurrency=concurrency)
            least = quantile(bare.each, 0.99)
            name = f"{stored} tickets: {{}}, {concurrency} at once"
            report.add(_row(name.format("bare list, newest"), bare, cpu))
            for what, (targets, aim) in queries().items():
                ran, cpu = await _ask(desk, http, targets, size.requests, concurrency=concurrency)
                report.add(_row(name.format(what), ran, cpu, least=least, aim=aim))
    async with doors(desk) as calls:
        chosen = {name: calls[name] for name in (METHOD, GRPC)}
        seen = await rounds(desk, chosen, size.rounds, count=size.requests, concurrency=_CREATED_AT_ONCE)
    least = seen[METHOD].per_second
    report.add(row(f"{stored} tickets: intake by gRPC, {_CREATED_AT_ONCE} at once", seen[GRPC], least, None))
    set_aside(desk)


async def _ask(
    desk: Desk, http: Http, targets: Sequence[str], times: int, *, concurrency: int
) -> tuple[Ran, dict[str, float]]:
    """Ask so often, one target after the other, so many at once, after a first time; with the CPU that it took."""
    await http.get(targets[-1])
    following = cycle(targets)
    with desk.measured() as cpu:
        ran = await at_once(lambda: http.get(next(following)), times, concurrency=concurrency)
    return ran, cpu


def _row(what: str, ran: Ran, cpu: Mapping[str, float], *, least: float | None = None, aim: Aim | None = None) -> Row:
    count, longest = len(ran.each), quantile(ran.each, 0.99)
    note = f"{spread(ran.each)}; {each(cpu, count)}"
    return Row(what, count, 1000 * longest, "ms", None if least is None else 1000 * least, aim, cpu, note)
