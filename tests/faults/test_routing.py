"""Who gets tickets while four workers and two relays are at it: fair, never too many, and in the order of the queue."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import Any, TypeVar
from uuid import uuid4

import httpx
import pytest

from tests.e2e.test_story import create
from tests.faults.database import database_url, rows
from tests.faults.judge import wait_until_settled
from tests.faults.processes import another
from tests.faults.sizes import FULL
from tests.faults.verdict import Verdict, pronounce
from tests.faults.wired import Wired
from tests.stack import Stack, wait_for

TICKETS, AGENTS = (1_000, 7) if FULL else (50, 7)
CAPACITY = 60 if FULL else 4
WAITING, BACK = (200, 3) if FULL else (20, 3)
PASSWORD = "a-password-for-agents"

T = TypeVar("T")
R = TypeVar("R")


@pytest.fixture(scope="module")
def stack(wired: Wired) -> Iterator[Stack]:
    wired.be_quiet()
    with ExitStack() as more:
        for role in ("relay", "worker", "worker", "worker"):
            more.enter_context(another(wired, role))
        yield wired


def test_turns_are_fair_however_many_decide_at_once(stack: Stack, api: httpx.Client) -> None:
    team, agents, category = _team(api, AGENTS, strategy="round_robin")
    _at_once(lambda _: create(api, category=category), range(TICKETS))
    found = _owned(stack, api, team, TICKETS)
    given = rows(database_url(stack), GIVEN, {"team": team})[0][0]
    spread = max(found.values()) - min(found.values())
    note, shown_by = f"counts differ by {spread}", "duradesk_undecided_tickets"
    lost, doubled = TICKETS - found.total(), given - found.total()
    pronounce(
        Verdict("turns of four workers", TICKETS, found.total(), lost, doubled, shown_by=shown_by, note=note),
    )
    assert found.keys() == set(agents)
    assert spread <= 1, found


# How often tickets were given to somebody of a team.
GIVEN = """
SELECT count(*) FROM events e JOIN tickets t ON t.id = e.ticket_id
WHERE t.team_id = %(team)s AND e.kind = 'ticket_assigned'
"""


def test_nobody_gets_more_than_they_may_and_the_rest_waits(stack: Stack, api: httpx.Client) -> None:
    team, agents, category = _team(api, AGENTS, strategy="least_loaded", capacity=CAPACITY)
    most = AGENTS * CAPACITY
    _at_once(lambda _: create(api, category=category), range(most + WAITING))
    found = _owned(stack, api, team, most)
    lost, too_many = (sum(max(sign * (CAPACITY - found[agent]), 0) for agent in agents) for sign in (1, -1))
    waiting = len(_queue(api, team))
    note, shown_by = f"{waiting} wait", "duradesk_waiting_tickets"
    injected = most + WAITING
    pronounce(
        Verdict("capacity with four workers", injected, found.total(), lost, too_many, shown_by=shown_by, note=note)
    )
    assert found.keys() == set(agents)
    assert waiting == WAITING


def test_a_long_queue_drains_in_its_order_to_those_who_come_back(stack: Stack, api: httpx.Client) -> None:
    each = WAITING // BACK // 2
    team, agents, category = _team(api, BACK, strategy="least_loaded", capacity=each)
    for agent in agents:
        api.put(f"/availability/{agent}/away", json={}).raise_for_status()
    priorities = ("low", "urgent", "normal", "high")
    _at_once(lambda number: create(api, category=category, priority=priorities[number % 4]), range(WAITING))
    queue = wait_for(lambda: _whole_queue(api, team), within=900, every=2, what="all to wait")
    for agent in agents:
        api.delete(f"/availability/{agent}/away").raise_for_status()
    found = _owned(stack, api, team, each * BACK)
    left = [one["number"] for one in _queue(api, team)]
    lost, too_many = (sum(max(sign * (each - found[agent]), 0) for agent in agents) for sign in (1, -1))
    note, shown_by = f"{len(left)} wait on, in order", "duradesk_waiting_oldest_seconds"
    pronounce(Verdict("a queue that drains", WAITING, found.total(), lost, too_many, shown_by=shown_by, note=note))
    assert found.keys() == set(agents)
    assert left == queue[each * BACK :]


def _team(api: httpx.Client, size: int, **routing: Any) -> tuple[str, list[str], str]:
    """A team with so many agents, and the category that brings tickets to it."""
    name = uuid4().hex[:8]
    team = api.post("/teams", json={"name": name}).json()["id"]
    agents = []
    for number in range(size):
        new = {"email": f"{name}-{number}@example.com", "name": f"{name} {number}", "role": "agent"}
        made = api.post("/users", json=new | {"password": PASSWORD})
        assert made.status_code == 201, made.text
        agents.append(made.json()["id"])
        api.put(f"/teams/{team}/members/{agents[-1]}").raise_for_status()
    api.put(f"/teams/{team}/routing", json=routing).raise_for_status()
    category = api.post("/categories", json={"name": name, "team_id": team})
    assert category.status_code == 201, category.text
    return team, agents, category.json()["id"]


def _owned(stack: Stack, api: httpx.Client, team: str, count: int) -> Counter[str]:
    """How many tickets each of the team has when all is quiet after so many; fewer if no more come in time."""
    with suppress(AssertionError):
        wait_for(lambda: _owners(api, team).total() >= count, within=900, every=2, what="tickets to have somebody")
    wait_until_settled(stack)
    return _owners(api, team)


def _owners(api: httpx.Client, team: str) -> Counter[str]:
    """How many tickets each of the team has."""
    found: Counter[str] = Counter()
    cursor = ""
    while True:
        asked: dict[str, str | int] = {"filter": f"team:{team} -assignee:none", "limit": 100}
        if cursor:
            asked["cursor"] = cursor
        page = api.get("/tickets", params=asked).json()
        found.update(item["assignee_id"] for item in page["items"])
        if not (cursor := page["next_cursor"]):
            return found


def _queue(api: httpx.Client, team: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get("/queue", params={"team_id": team}).json()["items"]
    return found


def _whole_queue(api: httpx.Client, team: str) -> list[int]:
    found = [one["number"] for one in _queue(api, team)]
    return found if len(found) == WAITING else []


def _at_once(do: Callable[[T], R], each: Iterable[T]) -> list[R]:
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(do, each))
