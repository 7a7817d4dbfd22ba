"""Resolved tickets that the desk is to close by itself."""

import httpx

from tests.e2e.test_story import ticket, wait_for_status
from tests.faults.stories import late
from tests.stack import wait_for


def wait_for_plan(api: httpx.Client, ticket_id: str) -> None:
    """Wait until it is known when the ticket is closed; on a machine that is very busy that may be past already."""

    def planned() -> bool:
        found = ticket(api, ticket_id)
        return bool(found["next_due_at"]) or found["status"] == "closed"

    wait_for(planned, what="the plan")


def closings(api: httpx.Client, ticket_id: str, *, within: float = 150) -> list[float]:
    """How many seconds after its time a resolved ticket was closed, each time that it was."""
    wait_for_status(api, ticket_id, "closed", within=within)
    activity = api.get(f"/tickets/{ticket_id}/activity").json()["items"]
    found = [event for event in activity if event["kind"] == "ticket_closed"]
    assert all(event["cause"].startswith("due auto_close/") for event in found)
    return [late(event) for event in found]
