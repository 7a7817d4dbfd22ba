"""/teams, /users, /brands and /quarantine over HTTP."""

from typing import Any
from uuid import uuid4

import pytest

from services.domain.principal import Role
from services.domain.quarantine import NewQuarantinedItem
from services.domain.ticket import Channel
from tests.doors import MAIL, Doors
from tests.people import PASSWORD


async def test_a_team_has_the_members_it_was_given(doors: Doors) -> None:
    admin, agent = await doors.signed_in(Role.ADMIN), await doors.account()
    made = await admin.post("/teams", json={"name": "Billing"})
    assert (made.status_code, made.json()["member_ids"]) == (201, [])
    assert (await admin.post("/teams", json={"name": "Billing"})).status_code == 409
    path = f"/teams/{made.json()['id']}/members/{agent.id}"
    assert (await admin.put(path)).json()["member_ids"] == [str(agent.id)]
    listed = (await admin.get("/teams")).json()["items"]
    assert str(agent.id) in next(team for team in listed if team["name"] == "Billing")["member_ids"]
    assert (await admin.delete(path)).json()["member_ids"] == []
    assert (await admin.put(f"/teams/{uuid4()}/members/{agent.id}")).status_code == 404


async def test_a_customers_account_points_to_their_contact(doors: Doors) -> None:
    admin = await doors.signed_in(Role.ADMIN)
    new = {"email": "Cleo@C.example", "name": "Cleo", "role": "customer", "password": PASSWORD}
    made = await admin.post("/users", json=new)
    assert (made.status_code, made.json()["role"]) == (201, "customer")
    ticket = await admin.post("/tickets", json={"subject": "s", "body": "b", "requester": {"email": "cleo@c.example"}})
    assert ticket.json()["requester"]["id"] == made.json()["contact_id"]
    assert (await admin.post("/users", json=new)).status_code == 409
    wrong = await admin.post("/users", json=new | {"email": "no address"})
    assert [violation["field"] for violation in wrong.json()["violations"]] == ["email"]


async def test_an_account_is_changed_where_it_is_named(doors: Doors) -> None:
    admin = await doors.signed_in(Role.ADMIN)
    new = {"email": "dora@example.com", "name": "Dora", "role": "agent", "password": PASSWORD}
    dora = (await admin.post("/users", json=new)).json()
    path = f"/users/{dora['id']}"
    changed = (await admin.patch(path, json={"role": "light_agent"})).json()
    assert changed == dora | {"role": "light_agent"}
    assert (await admin.patch(path, json={"active": False})).json()["active"] is False
    for wrong in ({"email": "x@example.com"}, {"active": 0}, {"active": "no"}, {"password": "short"}, {}):
        assert (await admin.patch(path, json=wrong)).status_code == 422
    assert (await admin.patch(path, json={"role": "owner"})).status_code == 403


async def test_accounts_come_in_pages(doors: Doors) -> None:
    admin = await doors.signed_in(Role.ADMIN)
    made = {str((await doors.account()).id) for _ in range(3)}
    found: list[str] = []
    cursor = ""
    while cursor is not None:
        page = (await admin.get("/users", params={"limit": "2", "cursor": cursor})).json()
        found += [user["id"] for user in page["items"]]
        cursor = page["next_cursor"]
    assert made <= set(found)
    assert len(found) == len(set(found))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"auto_close_after": "P3D"}, {"auto_close_after": "P3D"}),
        ({"auto_close_after": "PT10S", "idle_resolve_after": None}, {"auto_close_after": "PT10S"}),
        ({"idle_remind_after": "P1DT12H", "idle_resolve_after": "P2W"}, {"idle_remind_after": "P1DT43200S"}),
        ({"name": "Shop two"}, {"name": "Shop two"}),
    ],
)
async def test_a_brands_times_are_iso_durations_or_off(doors: Doors, changes: Any, told: Any) -> None:
    admin = await doors.signed_in(Role.ADMIN)
    name = f"Shop {uuid4()}"
    made = await admin.post("/brands", json={"name": name, "address": f"{uuid4()}@shop.example"})
    assert (made.status_code, made.json()["idle_remind_after"]) == (201, None)
    changed = await admin.patch(f"/brands/{made.json()['id']}", json=changes)
    assert changed.status_code == 200, changed.text
    assert told.items() <= changed.json().items()
    assert changed.json() in (await admin.get("/brands")).json()["items"]
    again = await admin.patch(f"/brands/{made.json()['id']}", json={"auto_close_after": None})
    assert again.json()["auto_close_after"] is None
    stale = await admin.patch(f"/brands/{made.json()['id']}", json=changes | {"version": 1})
    assert stale.status_code == 409


@pytest.mark.parametrize("wait", ["3 days", "P", "P1Y", "PT", "-P1D", "P3DT", 3, "P99999W", "PT0S", "P1.5D"])
async def test_a_wrong_time_of_a_brand_is_refused_by_name(doors: Doors, wait: Any) -> None:
    admin = await doors.signed_in(Role.ADMIN)
    (brand, *_) = (await admin.get("/brands")).json()["items"]
    response = await admin.patch(f"/brands/{brand['id']}", json={"auto_close_after": wait})
    assert response.status_code == 422
    assert [violation["field"] for violation in response.json()["violations"]] == ["auto_close_after"]


async def test_administrators_see_what_could_not_be_taken(doors: Doors) -> None:
    admin, mail = await doors.signed_in(Role.ADMIN), await doors.desk.client(MAIL)
    item_id = await mail.quarantine_item(NewQuarantinedItem(Channel.MAIL, "NO_SENDER", "It has no From.", b"\xff\r\n"))
    (item, *_) = (await admin.get("/quarantine", params={"code": "NO_SENDER", "state": "kept"})).json()["items"]
    assert (item["id"], item["code"]) == (str(item_id), "NO_SENDER")
    assert (await admin.get("/quarantine", params={"code": "FORGED"})).json()["items"] == []
    source = await admin.get(f"/quarantine/{item_id}/source")
    assert (source.content, source.headers["content-type"]) == (b"\xff\r\n", "message/rfc822")
    assert source.headers["content-disposition"] == f'attachment; filename="{item_id}.eml"'
    assert source.headers["x-content-type-options"] == "nosniff"


async def test_administrators_decide_what_becomes_of_it(doors: Doors) -> None:
    admin, mail = await doors.signed_in(Role.ADMIN), await doors.desk.client(MAIL)
    item_id = await mail.quarantine_item(NewQuarantinedItem(Channel.MAIL, "AUTOMATIC", "A machine.", b"x"))
    for call, state in (("retry", "retrying"), ("release", "releasing")):
        answer = await admin.post(f"/quarantine/{item_id}/{call}")
        assert (answer.status_code, answer.json()["state"]) == (202, state)
    deleted = (await admin.delete(f"/quarantine/{item_id}")).json()
    assert (deleted["state"], bool(deleted["changed_by"]), bool(deleted["changed_at"])) == ("deleted", True, True)
    assert (await admin.post(f"/quarantine/{item_id}/release")).status_code == 409
    assert (await admin.get(f"/quarantine/{item_id}/source")).content == b""
    for unknown in (uuid4(), "x"):
        assert (await admin.get(f"/quarantine/{unknown}")).status_code in (404, 422)
    agent = await doors.signed_in(Role.AGENT)
    for answer in (await agent.get(f"/quarantine/{item_id}"), await agent.post(f"/quarantine/{item_id}/release")):
        assert answer.status_code == 403
