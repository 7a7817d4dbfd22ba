"""Rules over HTTP: kept with all their versions, in an order, paused, put back, refused by the name of the field."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.domain.principal import Role
from tests.contract.gateway.test_tickets import violations
from tests.doors import Doors

RULE: dict[str, Any] = {
    "trigger": "ticket_created",
    "conditions": "priority:normal refund",
    "actions": [{"kind": "set_priority", "priority": "high"}, {"kind": "add_tag", "tag": "money"}],
}


async def made(client: httpx.AsyncClient, **overrides: Any) -> dict[str, Any]:
    response = await client.post("/rules", json=RULE | {"name": str(uuid4())} | overrides)
    assert response.status_code == 201, response.text
    rule: dict[str, Any] = response.json()
    return rule


async def order(client: httpx.AsyncClient, *rules: dict[str, Any]) -> list[str]:
    ids = [rule["id"] for rule in rules]
    return [rule["id"] for rule in (await client.get("/rules")).json()["items"] if rule["id"] in ids]


async def test_a_rule_is_made_listed_replaced_and_deleted(doors: Doors) -> None:
    admin, agent = await doors.signed_in(Role.ADMIN), await doors.signed_in()
    rule = await made(admin)
    assert (rule["version"], rule["enabled"], rule["paused_reason"]) == (1, True, "")
    assert rule["owner_id"], "whoever made it"
    never = {"last_ran_at": None, "recent_runs": 0}
    assert rule | never in (await agent.get("/rules")).json()["items"]
    changed = await admin.put(f"/rules/{rule['id']}", json=RULE | {"name": rule["name"], "stop": True, "version": 1})
    assert (changed.status_code, changed.json()) == (200, rule | {"stop": True, "version": 2})
    old = await admin.put(f"/rules/{rule['id']}", json=RULE | {"name": "x", "version": 1})
    assert (old.status_code, "at version 2" in old.json()["detail"]) == (409, True)
    assert (await agent.delete(f"/rules/{rule['id']}")).status_code == 403
    assert (await admin.delete(f"/rules/{rule['id']}")).status_code == 204
    assert (await admin.delete(f"/rules/{rule['id']}")).status_code == 404
    assert [version["deleted"] for version in await versions(admin, rule)] == [True, False, False]


async def versions(client: httpx.AsyncClient, rule: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.get(f"/rules/{rule['id']}/versions")).json()["items"]
    return found


async def test_a_rule_becomes_again_what_it_was(doors: Doors) -> None:
    admin = await doors.signed_in(Role.ADMIN)
    rule = await made(admin)
    await admin.put(f"/rules/{rule['id']}", json=RULE | {"name": rule["name"], "conditions": ""})
    back = await admin.post(f"/rules/{rule['id']}/roll-back", json={"version": 1})
    assert (back.status_code, back.json()) == (200, rule | {"version": 3})
    assert [version["rule"]["conditions"] for version in await versions(admin, rule)] == [
        RULE["conditions"],
        "",
        RULE["conditions"],
    ]
    assert (await admin.post(f"/rules/{rule['id']}/roll-back", json={"version": 9})).status_code == 404


async def test_a_paused_rule_says_why_and_goes_on_when_it_is_resumed(doors: Doors) -> None:
    admin = await doors.signed_in(Role.ADMIN)
    rule = await made(admin)
    paused = await admin.post(f"/rules/{rule['id']}/pause", json={"reason": "too eager"})
    assert (paused.json()["paused_reason"], paused.json()["version"]) == ("too eager", 2)
    again = await admin.post(f"/rules/{rule['id']}/pause", json={"reason": "too eager"})
    assert again.json()["version"] == 2
    assert (await admin.post(f"/rules/{rule['id']}/resume")).json()["paused_reason"] == ""


async def test_rules_stay_in_the_order_that_people_give_them(doors: Doors) -> None:
    admin = await doors.signed_in(Role.ADMIN)
    one, two, three = [await made(admin) for _ in range(3)]
    assert await order(admin, one, two, three) == [one["id"], two["id"], three["id"]]
    for _ in range(24):  # more often than there is room between two places
        assert (await admin.post(f"/rules/{three['id']}/move", json={"before": two["id"]})).status_code == 200
        assert await order(admin, one, two, three) == [one["id"], three["id"], two["id"]]
        await admin.post(f"/rules/{two['id']}/move", json={"before": three["id"]})
        assert await order(admin, one, two, three) == [one["id"], two["id"], three["id"]]
    await admin.post(f"/rules/{one['id']}/move", json={"before": None})
    assert await order(admin, one, two, three) == [two["id"], three["id"], one["id"]]
    assert (await admin.post(f"/rules/{one['id']}/move", json={"before": str(uuid4())})).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "field", "problem"),
    [
        ({"conditions": "colour:red"}, "conditions", "no field"),
        ({"conditions": "status>open"}, "conditions", "cannot be compared"),
        ({"conditions": "team:nobodys"}, "conditions", "team:nobodys is not known: write an id or one of"),
        ({"conditions": "due:4h"}, "conditions", "cannot ask for due"),
        ({"conditions": f"in_hours:{uuid4()}"}, "conditions", "does not exist"),
        ({"actions": []}, "actions", "1 to 10"),
        ({"actions": [{"kind": "reply"}]}, "actions[0]", "text of 1 to"),
        ({"actions": [{"kind": "reply", "text": "Hi {who}"}]}, "actions[0]", "{who}"),
        ({"actions": [{"kind": "note", "note": " "}]}, "actions[0]", "note of 1 to"),
        ({"actions": [{"kind": "notify"}]}, "actions[0]", "team or a user"),
        ({"actions": [{"kind": "set_status"}]}, "actions[0]", "must have a status"),
        ({"actions": [{"kind": "set_sla_policy", "policy_id": str(uuid4())}]}, "actions[0].policy_id", "not exist"),
        ({"trigger": "time"}, "wait", "with the trigger time"),
        ({"wait": {"after": "PT4H", "since": "created"}}, "wait", "with the trigger time"),
        (
            {"trigger": "time", "wait": {"after": "PT4H", "since": "created"}, "conditions": "was.status:open"},
            "conditions",
            "nothing has changed",
        ),
    ],
)
async def test_a_rule_that_cannot_run_is_refused(doors: Doors, wrong: dict[str, Any], field: str, problem: str) -> None:
    admin = await doors.signed_in(Role.ADMIN)
    refused = await admin.post("/rules", json=RULE | {"name": str(uuid4())} | wrong)
    assert refused.status_code == 422, refused.text
    assert problem in violations(refused)[field]


async def test_a_name_is_taken_once(doors: Doors) -> None:
    admin = await doors.signed_in(Role.ADMIN)
    rule = await made(admin)
    assert (await admin.post("/rules", json=RULE | {"name": rule["name"].upper()})).status_code == 409
