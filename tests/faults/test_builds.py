"""Workers of other builds: a newer one in the middle of things and back, one that does not fit, one that fails."""

import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.e2e.test_story import create, quick_brand, ticket
from tests.faults.judge import wait_until_settled
from tests.faults.sizes import sized
from tests.faults.verdict import Verdict, pronounce
from tests.faults.watching import Look, most, watching
from tests.faults.wired import Wired
from tests.stack import OWNER, wait_for

TICKETS = sized(everyday=3, short=8, full=100)
DEPLOYED_SECONDS = sized(everyday=5, short=8, full=120)
CLOSES_AFTER = timedelta(seconds=2 * DEPLOYED_SECONDS)
WITHIN = 300 + 2 * DEPLOYED_SECONDS
# A run that ended begins anew as one that was terminated by hand, and what waits closes at five a second.
PROMISED = 60 + 2 * TICKETS / 5

# What each step of a ticket's life begins with, in the workflow.
STEP = "        in_step = self._looked_at and self._ticket.decides_in_step\n"
BUILDS = {
    # A step of its own where new lives begin; histories that began without it go on without it.
    "newer, and back": f"        if workflow.patched('newer'):\n            await workflow.sleep(0.1)\n{STEP}",
    # The same without asking what a history began with.
    "of other steps": f"        await workflow.sleep(0.1)\n{STEP}",
    "that fails": f"        raise ValueError('a fault of this build')\n{STEP}",
}
FAILED, BEGUN_ANEW = "temporal_workflow_task_execution_failed_total", "temporal_workflow_failed_total"
# What tells that such a build is at work; the other one leaves its mark in histories.
TOLD_BY = {"of other steps": BEGUN_ANEW, "that fails": FAILED}
METRIC = "duradesk_undecided_oldest_seconds"

pytestmark = pytest.mark.faults_only


@pytest.fixture(autouse=True)
def good_build_again(wired: Wired) -> Iterator[None]:
    yield
    wired.deploy({})


@pytest.mark.parametrize("name", BUILDS)
def test_tickets_outlive_a_build(wired: Wired, name: str) -> None:
    with wired.api(OWNER) as api:
        brand = quick_brand(api, auto_close_after=f"PT{2 * DEPLOYED_SECONDS}S")["name"]
        before = [create(api, brand=brand) for _ in range(TICKETS)]
        for each in before:
            wait_for(lambda: ticket(api, each["id"])["assignee_id"], what="an owner")  # noqa: B023
        _resolve(api, before[::2])
        wired.deploy({STEP: BUILDS[name]})
        # Only now: its worker begins to count anew.
        with watching(wired, processes=("gateway", "worker")) as seen:
            during = [create(api, brand=brand) for _ in range(TICKETS)]
            _resolve(api, before[1::2])
            time.sleep(DEPLOYED_SECONDS)
            wait_for(lambda: _is_at_work(wired, name, seen, during), every=1, what="the build to be at work")
            if name == "that fails":
                assert not any("ticket_assigned" in _happened(api, each) for each in during)
                assert not any("ticket_closed" in _happened(api, each) for each in before[1::2])
            wired.deploy({})
            back_at = datetime.now(UTC)
            _resolve(api, during)
            tickets = before + during
            # What is not closed by then is counted as lost.
            with suppress(AssertionError):
                wait_for(lambda: all(_is_closed(ticket(api, each["id"])) for each in tickets), within=WITHIN, every=0.5)
        wait_until_settled(wired)
        happened = [_happened(api, each) for each in tickets]
    closed = [
        (each["ticket_closed"], each["ticket_resolved"][0] + CLOSES_AFTER)
        for each in happened
        if "ticket_closed" in each
    ]
    note = f"{_counted(seen, FAILED):.0f} steps of workflows failed, {_counted(seen, BEGUN_ANEW):.0f} runs began anew"
    pronounce(
        Verdict(
            f"a build {name}",
            len(tickets),
            len(tickets),
            len(tickets) - len(closed),
            sum(len(times) - 1 for times, _ in closed),
            early=sum(min(times) < due_at for times, due_at in closed),
            lateness=[max((min(times) - max(due_at, back_at)).total_seconds(), 0) for times, due_at in closed],
            promised=PROMISED,
            shown_by=METRIC,
            showed=most(seen, METRIC),
            note=note,
        )
    )


def _resolve(api: httpx.Client, tickets: list[dict[str, Any]]) -> None:
    for each in tickets:
        api.post(f"/tickets/{each['id']}/resolve").raise_for_status()


def _is_at_work(wired: Wired, name: str, seen: list[Look], during: list[dict[str, Any]]) -> bool:
    if name in TOLD_BY:
        return _counted(seen, TOLD_BY[name]) > 0
    return any(_has_patch(wired, each["id"]) for each in during)


def _counted(seen: list[Look], counter: str) -> float:
    """What a counter of Temporal's SDK has come to; it is not told before it counts."""
    return max((value for look in seen for name, value in look.items() if name.startswith(counter)), default=0.0)


def _has_patch(wired: Wired, ticket_id: str) -> bool:
    """Whether its workflow asked for the patch and got it, by its history."""
    history = wired.temporal("workflow", "show", "--workflow-id", f"ticket/{ticket_id}")
    markers = (event.get("markerRecordedEventAttributes", {}) for event in history["events"])
    return any(marker.get("markerName") == "core_patch" for marker in markers)


def _is_closed(one: dict[str, Any]) -> bool:
    return bool(one["status"] == "closed")


def _happened(api: httpx.Client, each: dict[str, Any]) -> dict[str, list[datetime]]:
    """When each kind of event happened to the ticket."""
    happened: dict[str, list[datetime]] = {}
    for event in api.get(f"/tickets/{each['id']}/activity").json()["items"]:
        happened.setdefault(event["kind"], []).append(datetime.fromisoformat(event["occurred_at"]))
    return happened
