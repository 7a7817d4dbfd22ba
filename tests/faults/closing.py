"""Resolved tickets that the desk is to close by itself."""

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import httpx

from tests.e2e.test_story import ticket
from tests.faults.sizes import sized
from tests.faults.stories import late
from tests.faults.verdict import Verdict, pronounce
from tests.stack import wait_for

# Who closes a ticket a second time does so at once, or when somebody's claim of it ends.
SECOND_TIME_SECONDS = sized(everyday=2, short=2, full=35)


def wait_for_plan(api: httpx.Client, ticket_id: str) -> None:
    """Wait until it is known when the ticket is closed; on a machine that is very busy that may be past already."""

    def planned() -> bool:
        found = ticket(api, ticket_id)
        return bool(found["next_due_at"]) or found["status"] == "closed"

    wait_for(planned, what="the plan")


def judge_closings(
    api: httpx.Client, created: Sequence[Mapping[str, Any]], *, scenario: str, promised: float = 60
) -> None:
    """Wait until each of the resolved tickets is closed, once, and pronounce how late."""
    with suppress(AssertionError):
        wait_for(lambda: all(ticket(api, one["id"])["status"] == "closed" for one in created), within=150, every=0.5)
    time.sleep(SECOND_TIME_SECONDS)
    closings = [_closings(api, one["id"]) for one in created]
    lateness = [seconds for found in closings for seconds in found]
    pronounce(
        Verdict(
            scenario,
            len(created),
            len(created),
            sum(not found for found in closings),
            sum(len(found) - 1 for found in closings if found),
            early=sum(seconds < 0 for seconds in lateness),
            lateness=lateness,
            promised=promised,
            shown_by="duradesk_due_oldest_seconds",
        )
    )


def _closings(api: httpx.Client, ticket_id: str) -> list[float]:
    """How many seconds after its time a resolved ticket was closed, each time that it was."""
    activity = api.get(f"/tickets/{ticket_id}/activity").json()["items"]
    found = [event for event in activity if event["kind"] == "ticket_closed"]
    assert all(event["cause"].startswith("due auto_close/") for event in found)
    return [late(event) for event in found]
