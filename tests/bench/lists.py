"""Lists, counts and search over HTTP, and creates, on a desk with more and more tickets, nearly all of them closed.

The floor of what is read is ten fields of the newest fifty over a bare route and a bare method, so many at once; of a
create it is the bare method (tests.bench.intake), beside as many tickets. Nothing is decided meanwhile.
"""

import asyncio
import time
from collections.abc import Mapping
from urllib.parse import quote

import psycopg

from services.domain.views import VIEWS
from tests.bench.desk import ORCHESTRATION, Desk
from tests.bench.intake import GRPC, METHOD, doors, rounds, row, set_aside
from tests.bench.load import Http, Ran, at_once, connected
from tests.bench.pages import SEARCHES
from tests.bench.report import Aim, Report, Row, each, quantile, spread
from tests.bench.seed import seed
from tests.bench.sizes import Size
from tests.stack import OWNER

_CONCURRENCIES = (1, 8)
_CREATED_AT_ONCE = 8
# In milliseconds.
_LIST, _SEARCH = Aim(50, of_ratio=False), Aim(150, of_ratio=False)

_LISTS = {
    "newest": "",
    "of a year ago": f"filter={quote('older:365d')}",
    "open, most urgent first": f"filter={quote('is:open')}&sort=-priority",
    "open, soonest due first": f"filter={quote('is:open')}&sort=due",
    "of an agent": f"filter={quote(f'assignee:{OWNER[0]} is:open')}",
    "closed ones with a tag": f"filter={quote('status:closed tag:refund')}",
}
_RANKED = ("uncommon-words", "common-word", "phrase", "person")


def queries() -> Mapping[str, tuple[str, Aim]]:
    """What is asked, by what it is, with the longest time that nearly all may take."""
    counts = "&".join(f"filter={quote(view.filter)}" for view in VIEWS)
    searches = {name: f"filter={quote(terms)}" for name, terms in (SEARCHES | {"no-match": "zyzzyva"}).items()}
    ranked = {f"{name}, the newest 2,000 ranked": f"{searches[name]}&sort=-relevance" for name in _RANKED}
    return {
        **{f"list, {name}": (f"/api/v1/tickets?limit=50&{query}", _LIST) for name, query in _LISTS.items()},
        "counts of the views": (f"/api/v1/tickets/counts?{counts}", _LIST),
        **{f"search, {name}": (f"/api/v1/tickets?limit=50&{query}", _SEARCH) for name, query in searches.items()},
        **{f"search, {name}": (f"/api/v1/tickets?limit=50&{query}", _SEARCH) for name, query in ranked.items()},
    }


def measure(desk: Desk, report: Report, size: Size) -> None:
    """At each number of tickets."""
    with desk.frozen(*ORCHESTRATION):
        for stored in size.stored:
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
            bare, cpu = await _ask(desk, floor, "/tickets", size.requests, concurrency=concurrency)
            least = quantile(bare.each, 0.99)
            name = f"{stored} tickets: {{}}, {concurrency} at once"
            report.add(_row(name.format("bare list, newest"), bare, cpu))
            for what, (target, aim) in queries().items():
                ran, cpu = await _ask(desk, http, target, size.requests, concurrency=concurrency)
                report.add(_row(name.format(what), ran, cpu, least=least, aim=aim))
    async with doors(desk) as calls:
        chosen = {name: calls[name] for name in (METHOD, GRPC)}
        seen = await rounds(desk, chosen, size.rounds, count=size.requests, concurrency=_CREATED_AT_ONCE)
    least = seen[METHOD].per_second
    report.add(row(f"{stored} tickets: intake by gRPC, {_CREATED_AT_ONCE} at once", seen[GRPC], least, None))
    set_aside(desk)


async def _ask(desk: Desk, http: Http, target: str, times: int, *, concurrency: int) -> tuple[Ran, dict[str, float]]:
    """Ask so often, so many at once, after a first time; with the CPU that it took."""
    await http.get(target)
    with desk.measured() as cpu:
        ran = await at_once(lambda: http.get(target), times, concurrency=concurrency)
    return ran, cpu


def _row(what: str, ran: Ran, cpu: Mapping[str, float], *, least: float | None = None, aim: Aim | None = None) -> Row:
    count, longest = len(ran.each), quantile(ran.each, 0.99)
    note = f"{spread(ran.each)}; {each(cpu, count)}"
    return Row(what, count, 1000 * longest, "ms", None if least is None else 1000 * least, aim, cpu, note)
