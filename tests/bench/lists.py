"""Lists, counts and search over HTTP, and creates, on a desk with more and more tickets, nearly all of them closed.

The floor of what is read is the newest fifty by an index, over a bare connection to the database; of a create it is the
bare method (tests.bench.intake), beside as many tickets. Nothing is decided meanwhile.
"""

import asyncio
import time
from collections.abc import Mapping
from urllib.parse import quote

import psycopg

from services.domain.views import VIEWS
from tests.bench.desk import ORCHESTRATION, Desk
from tests.bench.intake import GRPC, METHOD_ALONE, doors, rounds, row, set_aside
from tests.bench.load import Ran, at_once, connected
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
    least = await _newest(desk, size.requests)
    async with connected(("127.0.0.1", desk.stack.ports["PORT"]), desk.token) as http:
        for concurrency in _CONCURRENCIES:
            for name, (target, aim) in queries().items():
                await http.get(target)
                with desk.measured() as cpu:
                    ran = await at_once(lambda: http.get(target), size.requests, concurrency=concurrency)  # noqa: B023
                report.add(_row(f"{stored} tickets: {name}, {concurrency} at once", ran, cpu, least=least, aim=aim))
    async with doors(desk) as calls:
        chosen = {name: calls[name] for name in (METHOD_ALONE, GRPC)}
        seen = await rounds(desk, chosen, size.rounds, count=size.requests, concurrency=_CREATED_AT_ONCE)
    floor = seen[METHOD_ALONE].per_second
    report.add(row(f"{stored} tickets: intake by gRPC, {_CREATED_AT_ONCE} at once", seen[GRPC], floor, None))
    set_aside(desk)


def _row(what: str, ran: Ran, cpu: Mapping[str, float], *, least: float, aim: Aim) -> Row:
    count, longest = len(ran.each), 1000 * quantile(ran.each, 0.99)
    note = f"{spread(ran.each)}; {each(cpu, count, but=('client',))}"
    return Row(what, count, longest, "ms", 1000 * least, aim, cpu, note)


async def _newest(desk: Desk, times: int) -> float:
    """The p99 of reading the newest fifty and who asked, bare."""
    options = "-c search_path=tickets,public"
    async with await psycopg.AsyncConnection.connect(desk.database_url, options=options, autocommit=True) as connection:

        async def read() -> None:
            await (await connection.execute(_NEWEST)).fetchall()

        await read()
        return quantile((await at_once(read, times, concurrency=1)).each, 0.99)


_NEWEST = """
SELECT t.id, t.number, t.subject, t.status, t.priority, t.tags, t.created_at, t.updated_at, c.email, c.name
FROM tickets t JOIN contacts c ON c.id = t.requester_id ORDER BY t.created_at DESC, t.id DESC LIMIT 50
"""
