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
    urgent = {"target-first_response-urgent": "30 min", "conditions.text": "team:Support -tag:vip", "pauses": "pending"}
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
        ({"conditions.text": "colour:red"}, "conditions-text", "t character"),
        ({"conditions.text": "team:Nobody"}, "conditions-text", "is not known"),
        ({"conditions.text": "subject:parcel"}, "conditions", "Cannot ask for subject"),
        ({"conditions.0.field": "priority"}, "conditions-0", "Choose at least one"),
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
    "steps.0.name": "warning", "steps.0.when": "share", "steps.0.amount": "75",
    "steps.0.actions.0.kind": "add_tag", "steps.0.actions.0.tag": "soon",
    "steps.0.actions.1.kind": "add_tag", "steps.0.actions.1.tag": "vip",
    "steps.1.name": "late", "steps.1.when": "after", "steps.1.amount": "30 min",
    "steps.1.actions.0.kind": "raise_priority", "steps.1.actions.1.kind": "note", "steps.1.actions.1.note": "Call them",
}  # fmt: skip


async def test_a_ladder_is_made_and_read_back(admin: Browser) -> None:
    made = await admin.post("/settings/ladders/new", STEPS | {"name": f"Ladder {uuid4()}"})
    assert made.status_code == 303, made.text
    page = await admin.get(made.headers["location"])
    told = words(page)
    assert "At 75 % of the target (warning): add tag soon, add tag vip." in told
    assert "30 min after the limit (late): raise the priority by one, leave the note “Call them”." in told
    assert 'value="soon"' in page.text
    place = made.headers["location"].partition("?")[0]
    name = {"name": f"Ladder {uuid4()}", "version": "1"}
    fewer = await admin.post(place, STEPS | name | {"build": "remove steps.0"})
    assert (fewer.status_code, 'value="warning"' in fewer.text) == (200, False)
    assert 'name="steps.0.actions.1.note"' in fewer.text
    assert (await admin.get(place)).text.count("<fieldset") == 2, "nothing is kept before it is saved"


@pytest.mark.parametrize(
    ("fields", "field", "told"),
    [
        ({"steps.0.amount": "much"}, "steps-0-amount", "Must be a percentage"),
        ({"steps.1.amount": "later"}, "steps-1-amount", "Must be a time such as"),
        ({"steps.1.actions.1.note": ""}, "steps-1-actions-1", "Must have a note"),
        ({"steps.1.name": "warning"}, "steps-1-name", "Must be unlike"),
        (
            {"steps.2.amount": "1 h", "steps.2.when": "after", "steps.2.name": "third"},
            "steps-2-actions",
            "Must be 1 to",
        ),
        ({"steps.0.amount": "0"}, "steps-0-amount", "Must be 1 to 1000 percent"),
    ],
)
async def test_a_mistake_in_a_ladder_is_told_in_its_place(
    admin: Browser, fields: dict[str, str], field: str, told: str
) -> None:
    answer = await admin.post("/settings/ladders/new", STEPS | {"name": f"Ladder {uuid4()}"} | fields)
    assert answer.status_code == 422
    assert told in unescape(answer.text).split(f'id="{field}-wrong">')[1].split("</p>")[0]


async def test_a_policy_is_put_together_row_by_row_without_scripts(admin: Browser) -> None:
    policy = {"name": f"P {uuid4()}", "position": "1", "target-first_response": "4 h", "conditions.mode": "all"}
    page = await admin.post("/settings/policies/new", policy | {"build": "row conditions"})
    assert (page.status_code, 'name="conditions.0.field"' in page.text) == (200, True)
    row = {"conditions.0.field": "tag", "conditions.0.list": "vip, gold", "conditions.0.operator": "not_is"}
    page = await admin.post("/settings/policies/new", policy | row | {"build": "show conditions.0"})
    assert "When not tagged vip or gold" in words(page)
    made = await admin.post("/settings/policies/new", policy | row)
    assert made.status_code == 303, made.text
    assert "For not tagged vip or gold:" in words(await admin.get(made.headers["location"]))
