"""Calendars, ladders and policies over HTTP: kept, replaced, refused by the name of the field, needed by each other."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.domain.principal import Role
from tests.contract.gateway.test_tickets import violations
from tests.doors import Doors

CALENDAR: dict[str, Any] = {
    "name": "Praha",
    "time_zone": "Europe/Prague",
    "hours": [{"weekday": "monday", "opens": "09:00", "closes": "12:00"}],
    "countries": ["CZ"],
    "closed_days": [{"day": "2026-12-24", "name": "Štědrý den", "yearly": True}],
}
LADDER: dict[str, Any] = {
    "name": "Standard",
    "steps": [
        {"name": "soon", "when": "share", "share": 75, "actions": [{"kind": "raise_priority", "priority": "high"}]},
        {"name": "late", "when": "after", "offset": "PT2H", "actions": [{"kind": "add_tag", "tag": "late"}]},
    ],
}
POLICY: dict[str, Any] = {"name": "Gold", "targets": [{"clock": "first_response", "duration": "PT4H"}]}
THINGS = {"calendars": CALENDAR, "escalation-ladders": LADDER, "sla-policies": POLICY}


async def made(client: httpx.AsyncClient, path: str, **overrides: Any) -> dict[str, Any]:
    # The doors are open for other tests too: everything has a name of its own.
    response = await client.post(f"/{path}", json=THINGS[path] | {"name": str(uuid4())} | overrides)
    assert response.status_code == 201, response.text
    thing: dict[str, Any] = response.json()
    return thing


@pytest.mark.parametrize("path", THINGS)
async def test_a_thing_is_made_listed_replaced_and_deleted(doors: Doors, path: str) -> None:
    admin, agent = await doors.signed_in(Role.ADMIN), await doors.signed_in()
    thing = await made(admin, path)
    assert thing["version"] == 1
    assert thing in (await agent.get(f"/{path}")).json()["items"]
    other = {"name": str(uuid4())}
    changed = await admin.put(f"/{path}/{thing['id']}", json=THINGS[path] | other | {"version": 1})
    assert (changed.status_code, changed.json()) == (200, thing | other | {"version": 2})
    old = await admin.put(f"/{path}/{thing['id']}", json=THINGS[path] | {"version": 1})
    assert (old.status_code, "at version 2" in old.json()["detail"]) == (409, True)
    assert (await agent.delete(f"/{path}/{thing['id']}")).status_code == 403
    assert (await admin.delete(f"/{path}/{thing['id']}")).status_code == 204
    assert (await admin.delete(f"/{path}/{thing['id']}")).status_code == 404
    assert thing["id"] not in (await agent.get(f"/{path}")).text


@pytest.mark.parametrize("path", THINGS)
async def test_a_name_is_taken_once_in_whatever_case(doors: Doors, path: str) -> None:
    admin = await doors.signed_in(Role.ADMIN)
    thing = await made(admin, path)
    again = await admin.post(f"/{path}", json=THINGS[path] | {"name": thing["name"].upper()})
    assert (again.status_code, again.json()["reason"]) == (409, "NAME_TAKEN")


@pytest.mark.parametrize(
    ("path", "overrides", "field"),
    [
        ("calendars", {"time_zone": "Mars/Olympus"}, "time_zone"),
        ("calendars", {"hours": []}, "hours"),
        ("calendars", {"hours": [{"weekday": "monday", "opens": "22:00", "closes": "06:00"}]}, "hours[0].closes"),
        ("calendars", {"countries": ["XX"]}, "countries[0]"),
        ("calendars", {"colour": "red"}, "colour"),
        ("escalation-ladders", {"steps": []}, "steps"),
        ("escalation-ladders", {"steps": [LADDER["steps"][0], LADDER["steps"][0]]}, "steps[1].name"),
        ("sla-policies", {"targets": []}, "targets"),
        ("sla-policies", {"targets": [{"clock": "resolution", "duration": "PT0S"}]}, "targets[0].duration"),
        ("sla-policies", {"pauses": ["resolved"]}, "pauses[0]"),
        ("sla-policies", {"conditions": "subject:parcel"}, "conditions"),
        ("sla-policies", {"conditions": "brand:acme"}, "conditions"),
    ],
)
async def test_a_wrong_thing_is_refused_by_the_name_of_its_field(
    doors: Doors, path: str, overrides: dict[str, Any], field: str
) -> None:
    admin = await doors.signed_in(Role.ADMIN)
    response = await admin.post(f"/{path}", json=THINGS[path] | overrides)
    assert response.status_code == 422, response.text
    assert field in violations(response)


async def test_a_policy_names_only_what_there_is_and_what_it_names_stays(doors: Doors) -> None:
    admin = await doors.signed_in(Role.ADMIN)
    refused = await admin.post("/sla-policies", json=POLICY | {"calendar_id": str(uuid4())})
    assert (refused.status_code, "does not exist" in refused.json()["detail"]) == (422, True)
    calendar, ladder = await made(admin, "calendars"), await made(admin, "escalation-ladders")
    ladders = [{"clock": "first_response", "ladder_id": ladder["id"]}]
    policy = await made(admin, "sla-policies", calendar_id=calendar["id"], ladders=ladders)
    for path in (f"/calendars/{calendar['id']}", f"/escalation-ladders/{ladder['id']}"):
        needed = await admin.delete(path)
        assert (needed.status_code, f"the policy {policy['name']} needs" in needed.json()["detail"]) == (422, True)
    assert (await admin.delete(f"/sla-policies/{policy['id']}")).status_code == 204
    assert (await admin.delete(f"/calendars/{calendar['id']}")).status_code == 204


async def test_a_target_that_its_calendar_never_reaches_is_refused(doors: Doors) -> None:
    admin = await doors.signed_in(Role.ADMIN)
    hours = [{"weekday": "monday", "opens": "09:00", "closes": "09:01"}]
    calendar = await made(admin, "calendars", hours=hours)
    targets = [{"clock": "resolution", "duration": "P30D"}]
    refused = await admin.post("/sla-policies", json=POLICY | {"calendar_id": calendar["id"], "targets": targets})
    assert (refused.status_code, "never reaches" in refused.json()["detail"]) == (422, True)


async def test_an_icalendar_file_is_read_into_closed_days(doors: Doors) -> None:
    admin = await doors.signed_in(Role.ADMIN)
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN", "BEGIN:VEVENT", "UID:1"]
    lines += ["DTSTART;VALUE=DATE:20261224", "SUMMARY:Štědrý den", "END:VEVENT", "END:VCALENDAR", ""]
    headers = {"content-type": "text/calendar"}
    read = await admin.post("/closed-days", content="\r\n".join(lines).encode(), headers=headers)
    assert read.json() == {"items": [{"day": "2026-12-24", "name": "Štědrý den", "yearly": False}]}
    refused = await admin.post("/closed-days", content=b"nonsense", headers=headers)
    assert refused.status_code == 422
