"""/tickets over HTTP: what a caller sends and gets."""

import json
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.domain.principal import Role
from tests.doors import Doors

NEW = {"subject": "Printer", "body": "It is on fire", "requester": {"email": "cleo@c.example", "name": "Cleo"}}


async def made(client: httpx.AsyncClient, **overrides: Any) -> dict[str, Any]:
    response = await client.post("/tickets", json=NEW | overrides)
    assert response.status_code == 201, response.text
    ticket: dict[str, Any] = response.json()
    return ticket


def violations(response: httpx.Response) -> dict[str, str]:
    assert response.headers["content-type"] == "application/problem+json"
    return {violation["field"]: violation["message"] for violation in response.json()["violations"]}


async def test_a_ticket_is_made_and_found_by_id_and_number(doors: Doors) -> None:
    agent = await doors.signed_in()
    response = await agent.post("/tickets", json=NEW | {"custom_fields": {"order": 7, "paid": True}, "tags": ["vip"]})
    ticket = response.json()
    assert (response.status_code, ticket["status"], ticket["channel"]) == (201, "new", "rest")
    assert response.headers["location"] == f"/api/v1/tickets/{ticket['id']}"
    assert ticket["custom_fields"] == {"order": 7, "paid": True}
    for key in (ticket["id"], ticket["number"]):
        found = await agent.get(f"/tickets/{key}")
        assert (found.status_code, found.json()) == (200, ticket)
        assert found.headers["etag"] == f'"{ticket["version"]}"'


async def test_the_same_key_and_body_are_one_ticket(doors: Doors) -> None:
    agent, other = await doors.signed_in(), await doors.signed_in()
    key = {"Idempotency-Key": "order-7"}
    first = await agent.post("/tickets", json=NEW, headers=key)
    again = await agent.post("/tickets", json=NEW, headers=key)
    assert (again.status_code, again.json()) == (201, first.json())
    changed = await agent.post("/tickets", json=NEW | {"subject": "Other"}, headers=key)
    assert (changed.status_code, changed.json()["reason"]) == (422, "REQUEST_ID_USED")
    others = await other.post("/tickets", json=NEW, headers=key)
    assert others.json()["id"] != first.json()["id"]


def deep(levels: int) -> list[Any]:
    return [deep(levels - 1)] if levels else []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (NEW | {"colour": "red"}, "colour"),
        (NEW | {"requester": {"email": "cleo@c.example", "phone": "1"}}, "requester.phone"),
        (NEW | {"requester": {"email": "no address"}}, "requester.email"),
        ({"body": "x", "requester": {"email": "cleo@c.example"}}, "subject"),
        (NEW | {"subject": ""}, "subject"),
        (NEW | {"subject": 7}, "subject"),
        (NEW | {"priority": "asap"}, "priority"),
        (NEW | {"tags": ["a b"]}, "tags"),
        (NEW | {"tags": "vip"}, "tags"),
        (NEW | {"custom_fields": {"order": 2**53 + 1}}, "custom_fields"),
        (NEW | {"custom_fields": {"deep": json.loads("[" * 150 + "]" * 150)}}, "custom_fields"),
        (NEW | {"status": "closed"}, "status"),
        (NEW | {"id": str(uuid4())}, "id"),
        (NEW | {"requester": {"email": "a" * 1_000_000}}, "requester.email"),
        (NEW | {"custom_fields": {"a": deep(40)}}, "custom_fields"),
        (NEW | {"type": "a\nb"}, "type"),
    ],
)
async def test_a_wrong_body_is_refused_by_the_name_of_its_field(doors: Doors, body: Any, field: str) -> None:
    response = await (await doors.signed_in()).post("/tickets", json=body)
    assert response.status_code == 422
    assert field in violations(response)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"subject": "\\ud800", "body": "x", "requester": {"email": "a@b.example"}}',
        b'{"subject": "s", "body": "x", "requester": {"email": "a@b.example"}, "custom_fields": {"a": "\\udfff"}}',
        b'{"subject": "s", "body": "x", "requester": {"email": "a@b.example"}, "custom_fields": {"a": NaN}}',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
async def test_what_is_no_json_text_is_the_callers_mistake(doors: Doors, content: bytes) -> None:
    agent = await doors.signed_in()
    response = await agent.post("/tickets", content=content, headers={"content-type": "application/json"})
    assert response.status_code in (400, 422), response.text
    assert response.headers["content-type"] == "application/problem+json"


async def test_a_number_that_no_message_can_hold_is_the_callers_mistake(doors: Doors) -> None:
    response = await (await doors.signed_in()).post("/tickets", json=NEW | {"custom_fields": {"a": 10**400}})
    assert (response.status_code, response.json()["reason"]) == (422, "INVALID")


async def test_a_change_is_refused_when_the_ticket_changed_meanwhile(doors: Doors) -> None:
    agent = await doors.signed_in()
    ticket = await made(agent)
    path, seen = f"/tickets/{ticket['id']}", {"If-Match": f'"{ticket["version"]}"'}
    changed = await agent.patch(path, json={"priority": "urgent", "tags": ["vip"]}, headers=seen)
    assert (changed.status_code, changed.json()["priority"], changed.json()["tags"]) == (200, "urgent", ["vip"])
    assert (await agent.patch(path, json={"type": "bug"}, headers=seen)).status_code == 412
    assert (await agent.patch(path, json={"type": "bug", "version": ticket["version"]})).status_code == 409
    assert (await agent.patch(path, json={"type": "bug"})).json()["type"] == "bug"
    no_etag = await agent.patch(path, json={"type": "bug"}, headers={"If-Match": "seven"})
    assert violations(no_etag) == {"If-Match": 'must be the ETag of a ticket, e.g. "7"'}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"subject": None}, "subject"),
        ({"status": "done"}, "status"),
        ({"number": 1}, "number"),
        ({"type": "bug", "version": 0}, "version"),
        ({"type": "bug", "version": "1"}, "version"),
    ],
)
async def test_a_wrong_change_is_refused_by_the_name_of_its_field(doors: Doors, body: Any, field: str) -> None:
    agent = await doors.signed_in()
    response = await agent.patch(f"/tickets/{(await made(agent))['id']}", json=body)
    assert response.status_code == 422
    assert field in violations(response)


async def test_a_conversation_moves_the_ticket_and_is_all_in_its_activity(doors: Doors) -> None:
    agent = await doors.signed_in()
    path = f"/tickets/{(await made(agent))['number']}"
    note = await agent.post(f"{path}/messages", json={"visibility": "internal", "body": "call him"})
    assert note.json()["ticket"]["status"] == "new"
    reply = await agent.post(f"{path}/messages", json={"visibility": "public", "body": "Use water"})
    assert (reply.status_code, reply.json()["ticket"]["status"]) == (201, "pending")
    assert reply.json()["author_kind"] == "agent"
    bodies = [message["body"] for message in (await agent.get(f"{path}/messages")).json()["items"]]
    assert bodies == ["It is on fire", "call him", "Use water"]
    assert (await agent.post(f"{path}/resolve")).json()["status"] == "resolved"
    assert (await agent.post(f"{path}/reopen")).json()["status"] == "open"
    assert (await agent.post(f"{path}/close")).json()["status"] == "closed"
    refused = await agent.post(f"{path}/messages", json={"visibility": "public", "body": "One more"})
    assert refused.status_code == 409
    activity = (await agent.get(f"{path}/activity")).json()["items"]
    assert [event["seq"] for event in activity] == list(range(1, len(activity) + 1))
    assert {"field": "status", "old": "open", "new": "closed"} in activity[-1]["changes"]
    assert (await agent.get(f"{path}/upcoming")).json() == {"items": []}
    assert (await agent.get(f"{path}/decisions/{uuid4()}")).status_code == 404


async def test_a_ticket_is_given_to_an_agent_and_back_to_the_queue(doors: Doors) -> None:
    agent, bob = await doors.signed_in(), await doors.account()
    path = f"/tickets/{(await made(agent))['id']}/assign"
    team = (await agent.get("/teams")).json()["items"][0]["id"]
    given = (await agent.post(path, json={"assignee_id": str(bob.id), "team_id": team})).json()
    assert (given["assignee_id"], given["team_id"]) == (str(bob.id), team)
    queued = (await agent.post(path, json={"assignee_id": None})).json()
    assert (queued["assignee_id"], queued["team_id"]) == (None, team)
    assert violations(await agent.post(path, json={})) == {"body": "must have at least one field"}


async def test_a_ticket_is_not_given_to_somebody_who_would_never_see_it(doors: Doors) -> None:
    agent, customer = await doors.signed_in(), await doors.account(Role.CUSTOMER)
    path = f"/tickets/{(await made(agent))['id']}/assign"
    nobody = {"assignee_id": "must be an active member of the staff"}

    assert violations(await agent.post(path, json={"assignee_id": str(customer.id)})) == nobody
    assert violations(await agent.post(path, json={"assignee_id": str(uuid4())})) == nobody
    assert violations(await agent.post(path, json={"team_id": str(uuid4())})) == {
        "team_id": "must be one of /api/v1/teams"
    }


async def test_lists_come_in_pages_that_hold_everything_once(doors: Doors) -> None:
    agent = await doors.signed_in()
    numbers = [(await made(agent, subject=str(count), tags=["paged"]))["number"] for count in range(5)]
    await made(agent)
    found, cursor = [], ""
    while cursor is not None:
        query = {"filter": "tag:paged", "sort": "created_at", "limit": "2", "cursor": cursor}
        page = (await agent.get("/tickets", params=query)).json()
        found += [ticket["number"] for ticket in page["items"]]
        cursor = page["next_cursor"]
    assert found == numbers


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"filter": "colour:red"}, "filter"),
        ({"sort": "subject"}, "sort"),
        ({"cursor": "made-up"}, "cursor"),
        ({"limit": "0"}, "limit"),
        ({"limit": "1000"}, "limit"),
    ],
)
async def test_a_wrong_query_is_refused_by_the_name_of_its_parameter(
    doors: Doors, query: dict[str, str], field: str
) -> None:
    response = await (await doors.signed_in()).get("/tickets", params=query)
    assert response.status_code == 422
    assert field in violations(response)


async def test_a_foreign_ticket_looks_to_a_customer_like_none(doors: Doors) -> None:
    agent, eve = await doors.signed_in(), await doors.signed_in(Role.CUSTOMER)
    own = await eve.post("/tickets", json={"subject": "Mine", "body": "x"})
    assert own.json()["requester"]["email"].startswith("customer-")
    assert (await eve.get(f"/tickets/{own.json()['id']}")).status_code == 200
    foreign = await made(agent)
    answers = []
    for key in (foreign["id"], foreign["number"], uuid4(), 999_999_999, "no-id", "%00"):
        response = await eve.get(f"/tickets/{key}")
        answers.append(response.json() | {"request_id": ""})
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["status"] == 404
    assert [ticket["id"] for ticket in (await eve.get("/tickets")).json()["items"]] == [own.json()["id"]]
    assert (await eve.get(f"/tickets/{own.json()['id']}/activity")).status_code == 403
