"""Workers of other builds: a newer one in the middle of things and back, one that does not fit, one that fails."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.e2e.test_story import create, quick_brand, ticket
from tests.faults.sizes import sized
from tests.faults.verdict import Verdict, pronounce
from tests.faults.watching import most, watching
from tests.faults.wired import Wired
from tests.stack import OWNER, wait_for

TICKETS = sized(everyday=3, short=8, full=100)
DEPLOYED_SECONDS = sized(everyday=5, short=8, full=120)
WITHIN = 120 + 2 * DEPLOYED_SECONDS

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
# What tells that such a build is at work.
TOLD_BY = {"of other steps": BEGUN_ANEW, "that fails": FAILED}
METRIC = "duradesk_undecided_oldest_seconds"

pytestmark = pytest.mark.faults_only


@pytest.fixture(autouse=True)
def good_build_again(wired: Wired) -> Iterator[None]:
    yield
    wired.deploy({})


@pytest.mark.parametrize("name", BUILDS)
def test_tickets_outlive_a_build(wired: Wired, name: str) -> None:
    told_by = TOLD_BY.get(name)
    with wired.api(OWNER) as api:
        brand = quick_brand(api, auto_close_after=f"PT{2 * DEPLOYED_SECONDS}S")["name"]
        before = [create(api, brand=brand) for _ in range(TICKETS)]
        for each in before:
            wait_for(lambda: ticket(api, each["id"])["assignee_id"], what="an owner")  # noqa: B023
        _resolve(api, before[::2])
        with watching(wired, processes=("gateway", "worker")) as seen:
            wired.deploy({STEP: BUILDS[name]})
            during = [create(api, brand=brand) for _ in range(TICKETS)]
            _resolve(api, before[1::2])
            time.sleep(DEPLOYED_SECONDS)
            wait_for(lambda: not told_by or most(seen, told_by), what="the build to be at work")
            wired.deploy({})
            back_at = time.monotonic()
            _resolve(api, during)
            tickets = before + during
            took = [_closed_after(api, each, back_at) for each in tickets]
        kinds = [[event["kind"] for event in _activity(api, each)] for each in tickets]
    lost = sum("ticket_closed" not in each for each in kinds)
    doubled = sum(each.count("ticket_closed") > 1 for each in kinds)
    note = f"{most(seen, FAILED):.0f} steps of workflows failed, {most(seen, BEGUN_ANEW):.0f} runs began anew"
    pronounce(
        Verdict(
            f"a build {name}",
            len(tickets),
            len(tickets),
            lost,
            doubled,
            lateness=took,
            shown_by=METRIC,
            showed=most(seen, METRIC),
            note=note,
        )
    )


def _resolve(api: httpx.Client, tickets: list[dict[str, Any]]) -> None:
    for each in tickets:
        api.post(f"/tickets/{each['id']}/resolve").raise_for_status()


def _activity(api: httpx.Client, each: dict[str, Any]) -> list[dict[str, Any]]:
    return list(api.get(f"/tickets/{each['id']}/activity").json()["items"])


def _closed_after(api: httpx.Client, each: dict[str, Any], back_at: float) -> float:
    """When the ticket had closed by itself, in seconds after the good build was back."""
    wait_for(lambda: ticket(api, each["id"])["status"] == "closed", within=WITHIN, every=0.5, what="it to close")
    return time.monotonic() - back_at
