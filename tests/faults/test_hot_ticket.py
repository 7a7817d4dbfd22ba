"""One ticket with thousands of events: its workflow's history stays short, and its page and its activity answer."""

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

import httpx
import pytest

from tests.browsing import Browser
from tests.e2e.test_story import create, quick_brand
from tests.faults.judge import wait_until_quiet
from tests.faults.sizes import sized
from tests.faults.verdict import Verdict, pronounce
from tests.faults.watching import most, watching
from tests.faults.wired import Wired
from tests.stack import OWNER

EVENTS = sized(everyday=50, short=600, full=12_000)
# A run ends at the first pause after a thousand events.
MOST_HISTORY = 2_000
SECONDS_OF_AN_ANSWER = 5.0
METRIC = 'duradesk_decisions_total{result="nothing"}'

pytestmark = pytest.mark.faults_only


def test_a_hot_ticket_stays_handy(wired: Wired) -> None:
    with wired.api(OWNER) as api:
        hot = create(api, brand=quick_brand(api)["name"])
        with watching(wired, processes=("gateway", "tickets")) as seen, measuring(wired, hot["id"]) as lengths:
            with ThreadPoolExecutor(4) as pool:
                acknowledged = sum(pool.map(lambda number: _change(api, hot["id"], number), range(EVENTS)))
            wait_until_quiet(wired, within=600)
        began = time.monotonic()
        activity = _all(api, f"/tickets/{hot['id']}/activity")
        answers = [_seconds(api, f"/tickets/{hot['id']}/activity"), _seconds(api, f"/tickets/{hot['id']}")]
        notes = [one["body"] for one in _all(api, f"/tickets/{hot['id']}/messages")]
    answers.append(_page_seconds(wired, hot["number"]))
    seqs = [event["seq"] for event in activity]
    assert seqs == list(range(1, len(seqs) + 1)), "a gap in the events"
    assert max(lengths) < MOST_HISTORY
    wanted = {f"Note {number}." for number in range(0, EVENTS, 2)}
    lost, doubled = len(wanted - set(notes)), len(notes) - len(set(notes))
    note = (
        f"{len(seqs)} events, the longest history {max(lengths)}; activity, ticket and page answered within"
        f" {max(answers):.2f} s, all of the activity was read in {time.monotonic() - began:.1f} s"
    )
    pronounce(
        Verdict(
            "a hot ticket",
            EVENTS,
            acknowledged,
            lost,
            doubled,
            lateness=answers,
            promised=SECONDS_OF_AN_ANSWER,
            shown_by=METRIC,
            showed=most(seen, METRIC),
            note=note,
        )
    )


def _change(api: httpx.Client, ticket_id: str, number: int) -> bool:
    """A note, or other tags: in turns."""
    if number % 2:
        answer = api.patch(f"/tickets/{ticket_id}", json={"tags": [f"tag-{number}"]})
    else:
        answer = api.post(f"/tickets/{ticket_id}/messages", json={"visibility": "internal", "body": f"Note {number}."})
    return answer.is_success


@contextmanager
def measuring(wired: Wired, ticket_id: str) -> Iterator[list[int]]:
    """How long the history of the workflow's present run was, again and again, and at the end."""
    stop, lengths = Event(), list[int]()

    def measure() -> None:
        while not stop.wait(2):
            lengths.append(_history_length(wired, ticket_id))

    measurer = Thread(target=measure, daemon=True)
    measurer.start()
    try:
        yield lengths
    finally:
        stop.set()
        measurer.join()
        lengths.append(_history_length(wired, ticket_id))


def _history_length(wired: Wired, ticket_id: str) -> int:
    described = wired.temporal("workflow", "describe", "--workflow-id", f"ticket/{ticket_id}")
    return int(described["workflowExecutionInfo"]["historyLength"])


def _all(api: httpx.Client, path: str) -> list[dict[str, Any]]:
    found, cursor = [], ""
    while True:
        page = api.get(path, params={"limit": 100} | ({"cursor": cursor} if cursor else {})).json()
        found += page["items"]
        if not (cursor := page["next_cursor"]):
            return found


def _seconds(api: httpx.Client, path: str) -> float:
    began = time.monotonic()
    api.get(path).raise_for_status()
    return time.monotonic() - began


def _page_seconds(wired: Wired, number: int) -> float:
    """How long an agent's browser waits for the ticket's page."""

    async def look() -> float:
        async with httpx.AsyncClient(base_url=wired.url, timeout=60) as client:
            browser = Browser(client, wired.url)
            await browser.get("/sign-in")
            assert (await browser.sign_in(*OWNER)).status_code == 303
            began = time.monotonic()
            assert (await browser.get(f"/tickets/{number}")).status_code == 200
            return time.monotonic() - began

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, look()).result()
