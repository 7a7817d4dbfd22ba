"""A change on many tickets, conducted through a crash."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from tests.e2e.test_story import create
from tests.stack import Stack, wait_for

TICKETS = 300


def test_a_bulk_whose_worker_is_killed_changes_each_ticket_once(stack: Stack, api: httpx.Client) -> None:
    with ThreadPoolExecutor(4) as pool:
        ids = [made["id"] for made in pool.map(lambda _: create(api, tags=["bulk"]), range(TICKETS))]
    begun = api.post("/bulk", json={"filter": "tag:bulk", "change": {"act": "update", "priority": "high"}})
    assert begun.status_code == 202, begun.text
    address = begun.headers["location"].removeprefix("/api/v1")

    def job() -> dict[str, Any]:
        return dict(api.get(address).json())

    wait_for(lambda: job()["done"], every=0.02, what="the first page")
    stack.kill("worker")
    done = wait_for(lambda: (now := job())["state"] == "done" and now, within=60, what="the bulk")
    assert (done["total"], done["done"], done["problems"]) == (TICKETS, TICKETS, [])

    def events(ticket_id: str) -> list[str]:
        items = api.get(f"/tickets/{ticket_id}/activity").json()["items"]
        return [item["cause"] for item in items if item["cause"].startswith("bulk")]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(events, ids)) == [[f"bulk {done['id']}"]] * TICKETS
