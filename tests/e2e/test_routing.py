"""Routing on a whole desk: who waits gets somebody as soon as they come, and agents find out why."""

from typing import Any

import httpx

from tests.e2e.test_story import create, ticket
from tests.faults.watching import queues
from tests.stack import Stack, wait_for

PASSWORD = "a-password-for-agents"


def agent(stack: Stack, api: httpx.Client, name: str) -> tuple[str, httpx.Client]:
    """Somebody new, with a client of their own."""
    email = f"{name}@routing.example"
    made = api.post("/users", json={"email": email, "name": name.title(), "role": "agent", "password": PASSWORD})
    assert made.status_code == 201, made.text
    return made.json()["id"], stack.api((email, PASSWORD))


def nothing_waits(stack: Stack) -> bool:
    """Whether all tickets so far are decided."""
    now = queues(stack)
    return now["outbox_tickets"] == now["undecided_tickets"] == 0


def test_a_queue_drains_in_its_order_to_somebody_who_comes_and_settles(stack: Stack, api: httpx.Client) -> None:
    # As an agent Ann is of the default team, too, which would give her what other tests left to decide.
    wait_for(lambda: nothing_waits(stack), within=180, every=1, what="all tickets to be decided")
    team = api.post("/teams", json={"name": "Night shift"}).json()["id"]
    ann, as_ann = agent(stack, api, "ann")
    api.put(f"/teams/{team}/members/{ann}").raise_for_status()
    routing = {"strategy": "least_loaded", "needs_presence": True, "capacity": 1}
    api.put(f"/teams/{team}/routing", json=routing).raise_for_status()
    made = [create(api, priority=priority) for priority in ("normal", "high")]
    for one in made:
        # Not before it is decided: by hand to another team means to somebody there.
        ticket_id = one["id"]
        wait_for(lambda: ticket(api, ticket_id)["team_id"], what="a team")  # noqa: B023 # it is waited for here
        api.post(f"/tickets/{one['id']}/assign", json={"team_id": team}).raise_for_status()
    normal, high = made
    place = wait_for(lambda: api.get(f"/tickets/{normal['id']}/queue").json()["place"], what="the queue")
    assert "no open desk" in place["reason"]
    wait_for(lambda: len(api.get("/queue", params={"team_id": team}).json()["items"]) == 2, what="both to wait")
    assert [one["number"] for one in api.get("/queue", params={"team_id": team}).json()["items"]] == [
        high["number"],
        normal["number"],
    ]

    def has(one: dict[str, Any]) -> bool:
        """Whether Ann has it by now; her desk stays open meanwhile, as it does on a screen."""
        as_ann.post("/availability/me/heartbeat").raise_for_status()
        return bool(ticket(api, one["id"])["assignee_id"] == ann)

    wait_for(lambda: has(high), within=180, every=1, what="the urgent one to have somebody")
    assert ticket(api, normal["id"])["assignee_id"] is None
    # Whichever of the two was looked at first.
    reason = api.get(f"/tickets/{normal['id']}/queue").json()["place"]["reason"]
    assert "as many open tickets" in reason or "others are before it" in reason
    as_ann.post(f"/tickets/{high['id']}/resolve").raise_for_status()
    wait_for(lambda: has(normal), within=180, every=1, what="the next one to have somebody")
    events = api.get(f"/tickets/{normal['id']}/activity").json()["items"]
    assert "0 of 1 open" in [event["reason"] for event in events if event["reason"]][-1]
    # Somebody who leaves leaves nothing behind.
    api.patch(f"/users/{ann}", json={"active": False}).raise_for_status()
    wait_for(lambda: ticket(api, normal["id"])["assignee_id"] is None, what="the ticket to be looked at again")
    as_ann.close()
