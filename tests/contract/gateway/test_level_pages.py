"""The pages of calendars and policies: made in a minute, read back in a sentence, errors in their place."""

from html import unescape
from uuid import uuid4

import httpx
import pytest

from services.domain.principal import Role
from tests.browsing import Browser
from tests.contract.gateway.test_desk_pages import shown
from tests.doors import Doors

ICS = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Founders' day\r\n"
    "DTSTART;VALUE=DATE:20270503\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
WEEK = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), "9:00-17:00")


@pytest.fixture
async def admin(doors: Doors) -> Browser:
    browser = await doors.browser((await doors.account(Role.ADMIN)).email)
    await browser.get("/settings/calendars/new")
    return browser


def calendar(**values: str) -> dict[str, str]:
    return {"name": f"Office {uuid4()}", "time_zone": "Europe/Prague"} | WEEK | values


def words(answer: httpx.Response) -> str:
    """The page's words, each space once."""
    return " ".join(shown(answer).split())


async def test_a_first_calendar_and_policy_are_filled_in_and_read_back(admin: Browser) -> None:
    page = await admin.get("/settings/calendars/new")
    assert page.text.count('value="09:00-17:00"') == 5
    made = await admin.post("/settings/calendars/new", calendar(countries="cz", closed_days="2026-12-24 yearly Eve"))
    assert made.status_code == 303, made.text
    told = words(await admin.get(made.headers["location"]))
    assert "Open Monday to Friday 09:00-17:00, by the clocks of Europe/Prague; 40 h a week." in told
    assert "Closed on the public holidays of CZ." in told
    assert "Closed on 1 more day." in told
    page = await admin.get("/settings/policies/new")
    assert 'value="4 h"' in page.text
    calendar_id = made.headers["location"].split("/")[-1].partition("?")[0]
    policy = {"name": f"Standard {uuid4()}", "position": "10", "target-first_response": "4 h", "calendar": calendar_id}
    urgent = {"target-first_response-urgent": "30 min", "conditions": "team:Support -tag:vip", "pauses": "pending"}
    made = await admin.post("/settings/policies/new", policy | urgent)
    assert made.status_code == 303, made.text
    page = await admin.get(made.headers["location"])
    told = words(page)
    assert "For team is Support and not tagged vip: first response within 4 h" in told
    assert "first response (urgent) within 30 min" in told
    assert "paused while pending" in told
    assert 'value="30 min"' in page.text
    refused = await admin.post(f"/settings/calendars/{calendar_id}/delete")
    assert (refused.status_code, "needs the calendar" in refused.text) == (422, True)
    gone = await admin.post(f"{made.headers['location'].partition('?')[0]}/delete")
    assert gone.headers["location"] == "/settings/policies?done=deleted"


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("tuesday", "nine to five", "Must be times such as"),
        ("tuesday", "22-6", "Must be later than it opens"),
        ("tuesday", "9-12, 11-13", "Overlap another interval"),
        ("time_zone", "Mars/Olympus", "Must be an IANA time zone"),
        ("countries", "XX", "Must be a country whose holidays are known"),
        ("closed_days", "Christmas", "Must be a date"),
    ],
)
async def test_a_mistake_in_a_calendar_is_told_in_its_place(admin: Browser, field: str, typed: str, told: str) -> None:
    answer = await admin.post("/settings/calendars/new", calendar(**{field: typed}))
    assert answer.status_code == 422
    assert told in unescape(answer.text).split(f'id="{field}-wrong">')[1].split("</p>")[0]
    assert typed in unescape(answer.text)


async def test_a_calendar_file_is_read_into_the_form_and_nothing_typed_is_lost(admin: Browser) -> None:
    fields = calendar(closed_days="2026-12-24 Eve") | {"do": "import", "csrf": admin.csrf}
    answer = await admin.client.post(
        "/settings/calendars/new",
        data=fields,
        files={"file": ("days.ics", ICS.encode(), "text/calendar")},
        headers={"Origin": admin.origin, "Cookie": "; ".join(f"{key}={value}" for key, value in admin.cookies.items())},
    )
    assert answer.status_code == 200
    assert "2026-12-24 Eve\n2027-05-03 Founders' day" in unescape(answer.text)
    assert fields["name"] in answer.text
    wrong = await admin.post("/settings/calendars/new", fields)
    assert (wrong.status_code, "Is not an iCalendar file" in wrong.text or "Has no all-day" in wrong.text) == (
        422,
        True,
    )


@pytest.mark.parametrize(
    ("fields", "field", "told"),
    [
        ({"conditions": "colour:red"}, "conditions", "at character"),
        ({"conditions": "team:Nobody"}, "conditions", "is not known"),
        ({"conditions": "subject:parcel"}, "conditions", "Cannot ask for subject"),
        ({"target-resolution-high": "soon"}, "target-resolution-high", "Must be a time such as"),
        ({"target-first_response": ""}, "target-first_response", "Must have at least one"),
        ({"position": "first"}, "position", "Must be a whole number"),
    ],
)
async def test_a_mistake_in_a_policy_is_told_in_its_place(
    admin: Browser, fields: dict[str, str], field: str, told: str
) -> None:
    policy = {"name": f"P {uuid4()}", "position": "1", "target-first_response": "4 h"} | fields
    answer = await admin.post("/settings/policies/new", policy)
    assert answer.status_code == 422
    assert told in unescape(answer.text).split(f'id="{field}-wrong">')[1].split("</p>")[0]
    assert policy["name"] in answer.text


async def test_whoever_saves_later_is_told_that_it_has_changed(admin: Browser) -> None:
    typed = calendar()
    place = (await admin.post("/settings/calendars/new", typed)).headers["location"].partition("?")[0]
    assert (await admin.post(place, typed | {"version": "1"})).status_code == 303
    late = await admin.post(place, typed | {"version": "1", "monday": "10-12"})
    assert (late.status_code, "Somebody else changed this calendar meanwhile." in late.text) == (422, True)
    assert 'value="10-12"' in late.text


STEPS = {
    "step-0-name": "warning", "step-0-when": "share", "step-0-amount": "75", "step-0-tags": "soon, vip",
    "step-1-name": "late", "step-1-when": "after", "step-1-amount": "30 min", "step-1-raise": "by_one",
    "step-1-note": "Call them",
    "step-2-name": "", "step-2-when": "share", "step-2-amount": "",
}  # fmt: skip


async def test_a_ladder_is_made_and_read_back(admin: Browser) -> None:
    made = await admin.post("/settings/ladders/new", STEPS | {"name": f"Ladder {uuid4()}"})
    assert made.status_code == 303, made.text
    page = await admin.get(made.headers["location"])
    told = words(page)
    assert "At 75 % of the target (warning): tag soon, tag vip." in told
    assert "30 min after the limit (late): priority goes up by one, leaves a note." in told
    assert 'value="soon, vip"' in page.text
    place = made.headers["location"].partition("?")[0]
    fewer = STEPS | {"name": f"Ladder {uuid4()}", "version": "1", "step-0-gone": "on"}
    assert (await admin.post(place, fewer)).status_code == 303
    assert "(warning)" not in words(await admin.get(place))


@pytest.mark.parametrize(
    ("fields", "field", "told"),
    [
        ({"step-0-amount": "much"}, "step-0-amount", "Must be a percentage"),
        ({"step-1-amount": "later"}, "step-1-amount", "Must be a time such as"),
        ({"step-1-raise": "", "step-1-note": ""}, "step-1-raise", "Must be 1 to 10"),
        ({"step-1-name": "warning"}, "step-1-name", "Must be unlike"),
        ({"step-2-tags": "vip"}, "step-2-amount", "Must be a percentage"),
        ({"step-0-amount": "0"}, "step-0-amount", "Must be 1 to 1000 percent"),
    ],
)
async def test_a_mistake_in_a_ladder_is_told_in_its_place(
    admin: Browser, fields: dict[str, str], field: str, told: str
) -> None:
    answer = await admin.post("/settings/ladders/new", STEPS | {"name": f"Ladder {uuid4()}"} | fields)
    assert answer.status_code == 422
    assert told in unescape(answer.text).split(f'id="{field}-wrong">')[1].split("</p>")[0]


async def test_a_ladder_that_does_more_than_the_form_holds_is_not_cut_down_by_it(admin: Browser, doors: Doors) -> None:
    notes = [{"kind": "note", "note": note} for note in ("One", "Two")]
    ladder = {
        "name": f"Ladder {uuid4()}",
        "steps": [{"name": "late", "when": "after", "offset": "PT0S", "actions": notes}],
    }
    api = await doors.signed_in(Role.ADMIN)
    made = (await api.post("/escalation-ladders", json=ladder)).raise_for_status().json()
    path = f"/settings/ladders/{made['id']}"
    assert "more than the form can hold" in words(await admin.get(path))
    refused = await admin.post(path, STEPS | {"name": made["name"], "version": str(made["version"])})
    assert (refused.status_code, "more than the form can hold" in refused.text) == (422, True)
    (kept,) = [each for each in (await api.get("/escalation-ladders")).json()["items"] if each["id"] == made["id"]]
    assert kept == made
