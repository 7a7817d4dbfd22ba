"""One ticket with thousands of events: its workflow's history stays short, and its page and its activity answer."""

import asyncio
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.browsing import Browser
from tests.e2e.test_story import create, quick_brand
from tests.faults.judge import compare, wait_until_quiet, wait_until_settled
from tests.faults.runs import history_length, list_runs, signal_often
from tests.faults.sizes import sized
from tests.faults.verdict import Verdict, pronounce
from tests.faults.watching import most, watching
from tests.faults.wired import Wired
from tests.stack import OWNER, wait_for
from workflows.ticket import TicketWorkflow

EVENTS = sized(everyday=50, short=600, full=12_000)
# A run ends at the first pause after a thousand events.
MOST_HISTORY = 2_000
# The changes are looked at together and make a short history: signals from outside make it long, so often.
BURSTS = 3
SECONDS_OF_AN_ANSWER = 5.0
METRIC = 'duradesk_decisions_total{result="nothing"}'

pytestmark = pytest.mark.faults_only


def test_a_hot_ticket_stays_handy(wired: Wired) -> None:
    with wired.api(OWNER) as api:
        hot = create(api, brand=quick_brand(api)["name"])
        wait_until_quiet(wired)
        with watching(wired, processes=("gateway", "tickets")) as seen, ThreadPoolExecutor(5) as pool:
            woken = pool.submit(_wake_up, wired, hot["id"])
            acknowledged = sum(pool.map(lambda number: _change(api, hot["id"], number), range(EVENTS)))
            woken.result()
        wait_until_settled(wired, within=600)
        began = time.monotonic()
        activity = _all(api, f"/tickets/{hot['id']}/activity")
        read_in = time.monotonic() - began
        answers = [_seconds(api, f"/tickets/{hot['id']}/activity"), _seconds(api, f"/tickets/{hot['id']}")]
        notes = [one["body"] for one in _all(api, f"/tickets/{hot['id']}/messages") if one["body"].startswith("Note ")]
    answers.append(_page_seconds(wired, hot["number"]))
    seqs = [event["seq"] for event in activity]
    assert seqs == list(range(1, len(seqs) + 1)), "a gap in the events"
    lengths = [history_length(wired, hot["id"], run) for run in list_runs(wired, hot["id"])]
    assert len(lengths) > BURSTS, f"a run did not end: {lengths}"
    assert max(lengths) < MOST_HISTORY, lengths
    changes = [change for event in activity for change in event["changes"] if change["field"] == "tags"]
    # At first it has none.
    tags = [f"Tags {change['new']}" for change in changes if change["new"]]
    wanted = [f"Tags {[f'tag-{number}']}" if number % 2 else f"Note {number}." for number in range(EVENTS)]
    lost, doubled = compare(Counter(notes + tags), wanted)
    note = (
        f"{len(seqs)} events, {len(lengths)} runs of at most {max(lengths)} events of their own; activity, ticket and"
        f" page answered within {max(answers):.2f} s, all of the activity was read in {read_in:.1f} s"
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
    assert acknowledged == EVENTS


def _wake_up(wired: Wired, ticket_id: str) -> None:
    """Signal its workflow as often as a run may have events, and wait for the next run; again and again."""
    for ended in range(1, BURSTS + 1):
        asyncio.run(signal_often(wired, [ticket_id], TicketWorkflow.history_limit))
        wait_for(lambda: len(list_runs(wired, ticket_id)) > ended, every=1, what="the next run")  # noqa: B023


def _change(api: httpx.Client, ticket_id: str, number: int) -> bool:
    """A note, or other tags: in turns; whether it was acknowledged."""
    if number % 2:
        answer = api.patch(f"/tickets/{ticket_id}", json={"tags": [f"tag-{number}"]})
    else:
        answer = api.post(f"/tickets/{ticket_id}/messages", json={"visibility": "internal", "body": f"Note {number}."})
    return answer.is_success


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
