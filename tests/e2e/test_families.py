"""Three tickets of one order, grouped, an agent each; and a parent that settles its children and takes it back."""

from collections import Counter
from typing import Any
from uuid import uuid4

import httpx

from services.domain.principal import Role
from tests.e2e.test_access import person
from tests.e2e.test_story import create, quick_brand, ticket, wait_for_status
from tests.stack import Stack, wait_for


def events(api: httpx.Client, ticket_id: str) -> list[dict[str, Any]]:
    return list(api.get(f"/tickets/{ticket_id}/activity", params={"limit": 100}).json()["items"])


def test_three_tickets_of_one_order_closed_one_by_one_close_their_parent(stack: Stack, api: httpx.Client) -> None:
    order, customer = f"order-{uuid4().hex[:8]}", f"{uuid4()}@example.com"
    brand = quick_brand(api)["name"]
    subjects = ("Where is it?", "My money back", "Another size")
    asked = {"brand": brand, "requester": {"email": customer}, "custom_fields": {"order": order}}
    tickets = [create(api, subject=subject, **asked) for subject in subjects]
    offered = api.get(f"/tickets/{tickets[0]['id']}/relatives").json()["items"]
    assert {one["id"] for one in offered} == {one["id"] for one in tickets[1:]}

    body = {"ticket_ids": [one["id"] for one in tickets], "subject": f"Order {order}"}
    made = api.post("/families", json=body)
    assert made.status_code == 201, made.text
    parent = made.json()
    assert parent["children"] == {"total": 3, "open": 3}

    agents = [person(stack, api, Role.AGENT) for _ in tickets]
    for agent, child in zip(agents, tickets, strict=True):
        given = api.post(f"/tickets/{child['id']}/assign", json={"assignee_id": agent.id})
        assert given.status_code == 200, given.text
    for left, (agent, child) in enumerate(zip(agents, tickets, strict=True)):
        assert ticket(api, parent["id"])["status"] == "new"
        # The whole order is to be seen from each of its tickets.
        family = agent.api.get(f"/tickets/{child['id']}/family").json()
        assert (family["parent"]["id"], family["children"]) == (parent["id"], {"total": 3, "open": 3 - left})
        listed = agent.api.get(f"/tickets/{parent['id']}/children").json()["items"]
        assert [one["subject"] for one in listed] == list(subjects)
        assert agent.api.post(f"/tickets/{child['id']}/close").status_code == 200
    closed = wait_for_status(api, parent["id"], "closed")
    assert closed["children"] == {"total": 3, "open": 0}
    (last,) = [event for event in events(api, parent["id"]) if event["kind"] == "ticket_closed"]
    assert (last["reason"], last["cause"]) == ("closed: all 3 children are settled", f"ticket {tickets[2]['id']}")
    why = api.get(f"/tickets/{parent['id']}/decisions/{last['decision_id']}")
    assert why.status_code == 200
    for agent in agents:
        agent.api.close()


def test_a_resolved_parent_takes_its_children_along_tells_each_customer_once_and_is_taken_back(
    stack: Stack, api: httpx.Client
) -> None:
    brand = quick_brand(api, resolved_notice=True)["name"]
    people = [f"{uuid4()}@example.com" for _ in range(3)]
    parent = create(api, brand=brand, requester={"email": people[0]})
    owned = [
        create(api, brand=brand, requester={"email": email}, parent_id=parent["id"]) for email in [*people, people[1]]
    ]
    shown = api.get(f"/tickets/{parent['id']}/settle-preview", params={"act": "resolve"}).json()
    assert (shown["settles"], shown["tells"], shown["hidden"]) == (4, 2, 0)

    settled = api.post(f"/tickets/{parent['id']}/resolve", json={"resolution": "The line works again."})
    assert settled.status_code == 200, settled.text
    for child in owned:
        assert wait_for_status(api, child["id"], "resolved")["resolution"] == "The line works again."
    cascade = api.get(f"/tickets/{parent['id']}/family").json()["cascade"]
    assert (cascade["done"], cascade["total"], cascade["problems"]) == (4, 4, [])
    wait_for(lambda: all(stack.sent_mails(to=email) for email in people), what="the notices")

    undone = api.post(f"/cascades/{cascade['id']}/undo")
    assert undone.status_code == 202, undone.text
    address = undone.headers["location"].removeprefix("/api/v1")
    wait_for(lambda: api.get(address).json()["state"] == "done", what="the undo")
    assert Counter(ticket(api, one["id"])["status"] for one in [parent, *owned]) == {"new": 5}
    assert api.post(f"/cascades/{cascade['id']}/undo").json()["reason"] == "ALREADY_UNDONE"
    assert [len(stack.sent_mails(to=email)) for email in people] == [1, 1, 1]


def test_what_cannot_be_is_refused_with_its_reason(api: httpx.Client) -> None:
    parent = create(api)
    child = create(api, parent_id=parent["id"])
    path = f"/tickets/{parent['id']}/parent"
    refused = api.put(path, json={"parent_id": child["id"]})
    assert (refused.status_code, refused.json()["reason"]) == (409, "PARENT_IS_A_CHILD")
    blocked = api.put(f"/tickets/{parent['id']}/family-policy", json={"down": "block"})
    assert (blocked.json()["down"], blocked.json()["own"]) == ("block", {"down": "block", "up": None})
    refused = api.post(f"/tickets/{parent['id']}/close")
    assert refused.json()["reason"] == "OPEN_CHILDREN"
    assert f"#{child['number']}" in refused.json()["detail"]
    assert api.delete(f"/tickets/{child['id']}/parent").json()["parent_id"] is None
    assert api.post(f"/tickets/{parent['id']}/close").status_code == 200
