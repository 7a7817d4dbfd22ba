"""Rules and policies over HTTP name what there is, by ids or by the names that people know."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.domain.principal import Role
from tests.contract.gateway.test_rules import RULE, made
from tests.contract.gateway.test_tickets import violations
from tests.doors import Doors

POLICY = {"position": 1, "targets": [{"clock": "first_response", "duration": "PT4H"}]}


async def thing(client: httpx.AsyncClient, path: str, **fields: Any) -> dict[str, Any]:
    """A new one, with a name of its own."""
    response = await client.post(path, json={"name": f"Thing {uuid4()}", **fields})
    assert response.status_code == 201, response.text
    found: dict[str, Any] = response.json()
    return found


@pytest.mark.parametrize("path", ["/rules", "/sla-policies"])
@pytest.mark.parametrize("kind", ["team", "organisation", "category", "brand"])
async def test_conditions_name_only_what_there_is(doors: Doors, path: str, kind: str) -> None:
    admin = await doors.signed_in(Role.ADMIN)
    paths = {"team": "/teams", "organisation": "/organisations", "category": "/categories", "brand": "/brands"}
    address = {"address": f"{uuid4()}@shop.example"} if kind == "brand" else {}
    there = await thing(admin, paths[kind], **address)
    new = {**(RULE if path == "/rules" else POLICY), "name": str(uuid4())}
    for name, told in ((str(uuid4()), ": use "), (f'"no {uuid4()}"', "write an id or one of ")):
        refused = await admin.post(path, json=new | {"conditions": f"{kind}:{name}"})
        assert refused.status_code == 422, refused.text
        assert kind in violations(refused)["conditions"]
        assert told in violations(refused)["conditions"]
    kept = await admin.post(path, json=new | {"conditions": f'{kind}:"{there["name"]}"'})
    assert (kept.status_code, kept.json()["conditions"]) == (201, f"{kind}:{there['id']}")
    assert (await admin.delete(f"{path}/{kept.json()['id']}")).status_code == 204


async def test_a_rule_keeps_what_it_named_when_that_is_gone_and_can_be_switched_off(doors: Doors) -> None:
    admin = await doors.signed_in(Role.ADMIN)
    acme = await thing(admin, "/organisations")
    wanted = {"conditions": f"organisation:{acme['id']}"}
    rule = await made(admin, **wanted)
    assert (await admin.delete(f"/organisations/{acme['id']}")).status_code == 204
    off = await admin.put(f"/rules/{rule['id']}", json=RULE | {"name": rule["name"], "enabled": False} | wanted)
    assert (off.status_code, off.json()["enabled"]) == (200, False)
    assert (await admin.post("/rules", json=RULE | {"name": str(uuid4())} | wanted)).status_code == 422
    assert (await admin.delete(f"/rules/{rule['id']}")).status_code == 204
