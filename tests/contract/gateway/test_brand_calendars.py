"""A brand has a calendar: it is chosen, it stays as long as it is chosen, and snoozes are offered in its hours."""

import re
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx

from services.domain.principal import Role
from tests.contract.gateway.test_tickets import made, violations
from tests.doors import Doors


async def a_calendar(admin: httpx.AsyncClient, **overrides: Any) -> dict[str, Any]:
    """A calendar that is open around the clock but on Saturdays and Sundays."""
    days = ("monday", "tuesday", "wednesday", "thursday", "friday")
    hours = [{"weekday": day, "opens": "00:00", "closes": "24:00"} for day in days]
    new = {"name": f"Calendar {uuid4()}", "time_zone": "Europe/Prague", "hours": hours} | overrides
    answer = await admin.post("/calendars", json=new)
    assert answer.status_code == 201, answer.text
    calendar: dict[str, Any] = answer.json()
    return calendar


async def a_brand(admin: httpx.AsyncClient, **values: Any) -> dict[str, Any]:
    new = {"name": f"Brand {uuid4()}", "address": f"{uuid4()}@example.com"} | values
    answer = await admin.post("/brands", json=new)
    assert answer.status_code == 201, answer.text
    brand: dict[str, Any] = answer.json()
    return brand


async def test_a_brands_calendar_is_set_changed_and_taken_away(doors: Doors) -> None:
    admin = await doors.signed_in(Role.ADMIN)
    one, other = await a_calendar(admin), await a_calendar(admin)
    brand = await a_brand(admin, calendar_id=one["id"])
    assert brand["calendar_id"] == one["id"]
    for value in (other["id"], None):
        changed = await admin.patch(f"/brands/{brand['id']}", json={"calendar_id": value})
        assert (changed.status_code, changed.json()["calendar_id"]) == (200, value)
    assert (await a_brand(admin))["calendar_id"] is None


async def test_a_calendar_that_does_not_exist_is_refused(doors: Doors) -> None:
    admin = await doors.signed_in(Role.ADMIN)
    brand, unknown = await a_brand(admin), {"calendar_id": str(uuid4())}
    new = {"name": f"Brand {uuid4()}", "address": f"{uuid4()}@example.com"} | unknown
    for answer in (await admin.patch(f"/brands/{brand['id']}", json=unknown), await admin.post("/brands", json=new)):
        assert (answer.status_code, set(violations(answer))) == (422, {"calendar_id"})


async def test_a_calendar_stays_as_long_as_a_brand_has_it(doors: Doors) -> None:
    admin = await doors.signed_in(Role.ADMIN)
    calendar = await a_calendar(admin)
    brand = await a_brand(admin, calendar_id=calendar["id"])
    preview = {"deleted_id": calendar["id"]}
    for answer in (
        await admin.delete(f"/calendars/{calendar['id']}"),
        await admin.post("/service-level-previews", json=preview),
    ):
        told = answer.json()
        assert (answer.status_code, told["reason"]) == (422, "SERVICE_LEVEL_IN_USE")
        assert told["detail"] == f"This is the calendar of the brand {brand['name']}: choose another there first."
    await admin.patch(f"/brands/{brand['id']}", json={"calendar_id": None})
    assert (await admin.post("/service-level-previews", json=preview)).json()["moved"] == 0
    assert (await admin.delete(f"/calendars/{calendar['id']}")).status_code == 204


async def test_a_calendar_stays_as_long_as_a_team_works_by_it(doors: Doors) -> None:
    admin = await doors.signed_in(Role.ADMIN)
    calendar = await a_calendar(admin)
    team = (await admin.post("/teams", json={"name": f"Team {uuid4()}"})).json()
    kept = await admin.put(f"/teams/{team['id']}/routing", json={"calendar_id": calendar["id"]})
    assert kept.status_code == 200, kept.text
    refused = await admin.delete(f"/calendars/{calendar['id']}")
    assert (refused.status_code, "one that a team works by stays" in refused.json()["detail"]) == (422, True)


async def two_brands(doors: Doors) -> tuple[dict[str, Any], dict[str, Any]]:
    """One whose days begin at 5:00 UTC, and one without a calendar: with two there are, it keeps office hours."""
    admin = await doors.signed_in(Role.ADMIN)
    calendar, _ = await a_calendar(admin, time_zone="Etc/GMT+5"), await a_calendar(admin)
    return await a_brand(admin, calendar_id=calendar["id"]), await a_brand(admin)


def hour_of(text: str) -> str:
    return f"{datetime.fromisoformat(text).astimezone(UTC):%H:%M}"


async def test_snoozes_of_a_brands_tickets_are_offered_in_its_hours(doors: Doors) -> None:
    own, plain = await two_brands(doors)
    agent, browser = await doors.signed_in(), await doors.browser((await doors.account()).email)
    offered = []
    for brand in (own, plain):
        ticket = await made(agent, brand=brand["name"])
        page = (await browser.get(f"/tickets/{ticket['number']}")).text
        offered.append({hour_of(at) for at in re.findall(r'name="at" value="([^"]+)"', page)})
    assert "05:00" in offered[0]
    assert "05:00" not in offered[1]
    assert "09:00" in offered[1]


async def test_many_tickets_are_put_off_each_in_the_hours_of_its_brand(doors: Doors) -> None:
    own, plain = await two_brands(doors)
    agent, browser = await doors.signed_in(), await doors.browser((await doors.account()).email)
    tickets = [(await made(agent, brand=brand["name"]))["id"] for brand in (own, plain)]
    await browser.get("/tickets")
    begun = await browser.post("/tickets/bulk", {"ticket": tickets, "act": "snooze", "preset": "next_week"})
    assert begun.status_code == 303, begun.text
    job = begun.headers["location"].rpartition("job=")[2]
    change = (await doors.desk.row("SELECT change FROM bulk_jobs WHERE id = %(id)s::uuid", id=job))["change"]
    untils = {one["brand_id"]: hour_of(one["until"]) for one in change["brand_snoozes"]}
    assert hour_of(change["snooze_until"]) == "09:00"
    assert untils[own["id"]] == "05:00"
    assert plain["id"] not in untils


async def test_a_brands_page_offers_the_calendars_and_keeps_the_chosen_one(doors: Doors) -> None:
    admin, browser = await doors.signed_in(Role.ADMIN), await doors.browser((await doors.account(Role.ADMIN)).email)
    calendar = await a_calendar(admin)
    brand = await a_brand(admin)
    address = f"/settings/brands/{brand['id']}"
    page = await browser.get(address)
    option = f'<option value="{calendar["id"]}"'
    assert f"{option}>{calendar['name']}</option>" in page.text
    kept = {name: brand[name] for name in ("name", "address", "family_down", "family_up")}
    typed = kept | {"undo_seconds": "5", "version": "1"}
    assert (await browser.post(address, typed | {"calendar_id": calendar["id"]})).status_code == 303
    assert f"{option} selected>" in (await browser.get(address)).text
    for wrong in ("x", str(uuid4())):
        refused = await browser.post(address, typed | {"version": "2", "calendar_id": wrong})
        assert (refused.status_code, 'id="calendar_id-wrong"' in refused.text) == (422, True)
    assert (await browser.post(address, typed | {"version": "2", "calendar_id": ""})).status_code == 303
    assert f"{option} selected>" not in (await browser.get(address)).text
