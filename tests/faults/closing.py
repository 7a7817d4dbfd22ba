"""Resolved tickets that the desk is to close by itself."""

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from tests.e2e.test_story import ticket, wait_for_status
from tests.faults.stories import late
from tests.faults.verdict import Verdict, pronounce
from tests.stack import wait_for


def wait_for_plan(api: httpx.Client, ticket_id: str) -> None:
    """Wait until it is known when the ticket is closed; on a machine that is very busy that may be past already."""

    def planned() -> bool:
        found = ticket(api, ticket_id)
        return bool(found["next_due_at"]) or found["status"] == "closed"

    wait_for(planned, what="the plan")


def judge_closings(api: httpx.Client, created: Sequence[Mapping[str, Any]], *, scenario: str) -> None:
    """Wait until each of the resolved tickets is closed, once, and pronounce how late."""
    lateness = [seconds for one in created for seconds in _closings(api, one["id"])]
    pronounce(
        Verdict(
            scenario,
            len(created),
            len(created),
            0,
            len(lateness) - len(created),
            early=sum(seconds < 0 for seconds in lateness),
            lateness=lateness,
            promised=60,
            shown_by="duradesk_due_oldest_seconds",
        )
    )


def _closings(api: httpx.Client, ticket_id: str) -> list[float]:
    """How many seconds after its time a resolved ticket was closed, each time that it was."""
    wait_for_status(api, ticket_id, "closed", within=150)
    activity = api.get(f"/tickets/{ticket_id}/activity").json()["items"]
    found = [event for event in activity if event["kind"] == "ticket_closed"]
    assert all(event["cause"].startswith("due auto_close/") for event in found)
    return [late(event) for event in found]
