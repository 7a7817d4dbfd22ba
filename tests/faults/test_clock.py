"""The clock of our machine is an hour wrong, and is set right and wrong while work goes on: no due minds."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.test_story import create, quick_brand, wait_for_status
from tests.faults.sizes import sized
from tests.faults.verdict import Verdict, pronounce
from tests.faults.watching import most, watching
from tests.faults.wired import Wired
from tests.stack import OWNER, PLAIN, wait_for

HOUR = 3_600
TICKETS = sized(everyday=3, short=10, full=100)
# What any machine keeps up with: the scenario is about clocks, not about load.
EVERY_SECONDS = 0.5
# All tickets of a half are there before the first one of it is due.
GRACE = timedelta(seconds=sized(everyday=6, short=12, full=80))

pytestmark = pytest.mark.faults_only

METRIC = 'duradesk_due_oldest_seconds{kind="auto_close"}'


@contextmanager
def wrong_clocks(wired: Wired) -> Iterator[Path]:
    """Inside the block the file that is given says by how much the clocks of all our processes are wrong."""
    clock = wired.overlay / "clock"
    try:
        yield clock
    finally:
        clock.unlink(missing_ok=True)


@pytest.mark.parametrize("error", [HOUR, -HOUR], ids=["an hour ahead", "an hour behind"])
def test_dues_are_punctual_while_our_clock_is_wrong(wired: Wired, error: int) -> None:
    with wrong_clocks(wired) as clock, wired.api(OWNER) as api:
        brand = quick_brand(api, auto_close_after=f"PT{GRACE.seconds}S")["name"]
        before = list(_resolved(api, brand))
        clock.write_text(str(error))
        # The gateway reads it for its answers once a second.
        wait_for(lambda: abs(_clock_of(wired) - datetime.now(UTC)).total_seconds() > HOUR / 2, what="a wrong clock")
        with watching(wired) as seen, wired.api(OWNER) as later:
            during = list(_resolved(later, brand))
            # One in the middle of its wait is set right.
            lateness = [_lateness(api, each["id"]) for each in before]
            clock.unlink()
            lateness += [_lateness(api, each["id"]) for each in during]
        closed = Counter(
            event["kind"]
            for each in before + during
            for event in api.get(f"/tickets/{each['id']}/activity").json()["items"]
        )["ticket_closed"]
    wanted, early = 2 * TICKETS, sum(late < 0 for late in lateness)
    verdict = Verdict(
        f"our clock {'an hour ahead' if error > 0 else 'an hour behind'}",
        wanted,
        len(lateness),
        max(wanted - closed, 0),
        max(closed - wanted, 0),
        early=early,
        lateness=lateness,
        promised=5.0,
        shown_by=METRIC,
        showed=most(seen, METRIC),
        note="half of them began before the clock went wrong, half ended after it was right again",
    )
    pronounce(verdict)


def _resolved(api: httpx.Client, brand: str) -> Iterator[dict[str, Any]]:
    """Tickets that wait to be closed, one after the other at a steady pace."""
    began = time.monotonic()
    for number in range(TICKETS):
        time.sleep(max(0.0, began + number * EVERY_SECONDS - time.monotonic()))
        ticket = create(api, brand=brand)
        api.post(f"/tickets/{ticket['id']}/resolve").raise_for_status()
        yield ticket


def _clock_of(wired: Wired) -> datetime:
    """What the gateway takes for the time: it says so beside each answer."""
    return parsedate_to_datetime(httpx.get(f"{wired.url}/healthz", timeout=30, verify=PLAIN).headers["date"])


def _lateness(api: httpx.Client, ticket_id: str) -> float:
    """By how much the ticket was closed too late, by the clock of the database."""
    wait_for_status(api, ticket_id, "closed", within=GRACE.seconds + 90)
    events = api.get(f"/tickets/{ticket_id}/activity").json()["items"]
    (closed,) = (event for event in events if event["kind"] == "ticket_closed")
    occurred_at, due_at = (datetime.fromisoformat(closed[name]) for name in ("occurred_at", "effective_at"))
    return (occurred_at - due_at).total_seconds()
