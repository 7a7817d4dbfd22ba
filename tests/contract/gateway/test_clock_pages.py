"""What is measured of a ticket on its page, and what people do there to what happens next."""

import json
import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest

from services.domain.principal import Role
from services.domain.ticket import Ticket
from tests.browsing import Browser
from tests.contract.gateway.test_desk_pages import a_ticket, shown
from tests.doors import Doors

KEY = "auto_close/1"


async def planned(doors: Doors) -> Ticket:
    """A ticket on which something happens tomorrow."""
    ticket = await a_ticket(doors)
    await doors.desk.rows(
        "INSERT INTO dues (ticket_id, key, kind, due_at, reason)"
        " VALUES (%(id)s, %(key)s, 'auto_close', instant() + interval '1 day', 'resolved for 1 day')",
        id=ticket.id,
        key=KEY,
    )
    return ticket


async def staff(doors: Doors, role: Role = Role.AGENT) -> tuple[Browser, UUID]:
    user = await doors.account(role)
    return await doors.browser(user.email), user.id


async def activity(doors: Doors, ticket: Ticket) -> list[str]:
    events, _ = await (await doors.desk.client()).list_events(ticket.id)
    return [event.kind.value for event in events][1:]


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"change": "run"}, "due_moved"),
        ({"change": "skip"}, "due_skipped"),
        ({"until": (datetime.now(UTC) + timedelta(days=3)).isoformat()}, "due_moved"),
    ],
)
async def test_what_happens_next_is_run_skipped_and_moved(doors: Doors, fields: dict[str, str], kind: str) -> None:
    ticket, (browser, _) = await planned(doors), await staff(doors)
    page = shown(await browser.get(f"/tickets/{ticket.number}"))
    assert "Closed" in page
    assert "resolved for 1 day" in page
    answer = await browser.post(f"/tickets/{ticket.number}/upcoming", {"key": KEY} | fields)
    assert answer.status_code == 303
    assert await activity(doors, ticket) == [kind]


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"until": "soon"}, 422, "Write the time as"),
        ({"until": "2020-01-01T09:00"}, 422, "must be later than now"),
        ({"change": "skip", "key": "auto_close/9"}, 404, "This due does not exist"),
    ],
)
async def test_a_change_that_cannot_be_is_explained_on_the_page(
    doors: Doors, fields: dict[str, str], status: int, words: str
) -> None:
    ticket, (browser, _) = await planned(doors), await staff(doors)
    await browser.get(f"/tickets/{ticket.number}")
    answer = await browser.post(f"/tickets/{ticket.number}/upcoming", {"key": KEY} | fields)
    assert (answer.status_code, words in answer.text) == (status, True)
    assert await activity(doors, ticket) == []


async def test_a_light_agent_sees_what_happens_next_and_changes_nothing(doors: Doors) -> None:
    ticket, (browser, user_id) = await planned(doors), await staff(doors, Role.LIGHT_AGENT)
    await (await doors.desk.client()).assign_ticket(ticket.id, assignee_id=user_id)
    page = await browser.get(f"/tickets/{ticket.number}")
    assert ("resolved for 1 day" in page.text, "change-due" in page.text) == (True, False)
    answer = await browser.post(f"/tickets/{ticket.number}/upcoming", {"key": KEY, "change": "skip"})
    assert answer.status_code == 403


async def test_what_happens_next_on_the_tickets_of_a_team_is_changed_on_one_page(doors: Doors) -> None:
    ticket, (browser, user_id) = await planned(doors), await staff(doors)
    admin = await doors.signed_in(Role.ADMIN)
    team = (await admin.post("/teams", json={"name": f"Team {ticket.number}"})).json()["id"]
    await (await doors.desk.client()).assign_ticket(ticket.id, assignee_id=None, team_id=UUID(team))
    assert "Closed resolved for 1 day" in listed(await browser.get(f"/upcoming?team={team}"))
    assert "on the tickets of your teams" in listed(await browser.get("/upcoming?team=mine"))
    await admin.put(f"/teams/{team}/members/{user_id}")
    assert "Closed resolved for 1 day" in listed(await browser.get("/upcoming?team=mine"))
    fields = {"ticket": str(ticket.id), "key": KEY, "change": "skip"}
    answer = await browser.post(f"/upcoming?team={team}", fields)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/upcoming?team={team}&done=skip")
    again = await browser.post(f"/upcoming?team={team}", fields | {"key": "auto_close/9"})
    assert (again.status_code, "This due does not exist" in again.text) == (404, True)
    assert await activity(doors, ticket) == ["ticket_assigned", "due_skipped"]
    assert (await browser.get("/upcoming?team=nonsense")).status_code == 404


@pytest.mark.parametrize(
    ("interval", "urgency", "words"),
    [
        ("-2 hours -10 minutes", "late", "late by 2 h"),
        ("30 minutes", "soon", "2[0-9] min left"),
        ("3 hours", "calm", "2 h left"),
        (None, "paused", "paused, 8 h left"),
    ],
)
async def test_a_list_says_how_late_or_how_soon(doors: Doors, interval: str | None, urgency: str, words: str) -> None:
    ticket, (browser, _) = await planned(doors), await staff(doors)
    assert "in 23 h Closed" in listed(await browser.get(f"/tickets?filter=number:{ticket.number}"))
    segment = {
        "state": "paused",
        "began_at": "2026-01-01T00:00:00+00:00",
        "ended_at": None,
        "worked": 0,
        "cause": "event 1",
    }
    await doors.desk.rows(
        "INSERT INTO clocks (ticket_id, kind, epoch, segments, carried, policy_version, calendar_version, target,"
        " due_at, reason) VALUES (%(id)s, 'first_response', 1, %(segments)s, interval '0', 1, 1, interval '8 hours',"
        " instant() + %(interval)s::interval, '')",
        id=ticket.id,
        segments=json.dumps([segment]),
        interval=interval,
    )
    page = await browser.get(f"/tickets?filter=number:{ticket.number}")
    assert re.search(f"{words} First response", listed(page))
    assert f'class="cell due {urgency}"' in page.text
    assert "since: Created" in listed(await browser.get(f"/tickets/{ticket.number}"))
    rows = (await browser.get(f"/tickets/{ticket.number}/clocks.csv")).text.splitlines()
    assert [row.split(",")[7] for row in rows] == ["state", "paused"]
    ledger = (await browser.get(f"/tickets/{ticket.number}/clocks.json")).json()
    assert ledger["items"][0]["segments"][0]["cause"] == "event 1"


def listed(page: httpx.Response) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", page.text).split())


async def test_a_person_chooses_the_columns_of_lists(doors: Doors) -> None:
    ticket, (browser, _) = await planned(doors), await staff(doors)
    address = f"/tickets?filter=number:{ticket.number}"
    assert 'class="cell team"' in (await browser.get(address)).text
    answer = await browser.post("/tickets/columns?filter=printer", {"column": ["resolution", "created"]})
    assert (answer.status_code, answer.headers["location"]) == (303, "/tickets?filter=printer")
    page = await browser.get(address)
    assert 'class="cell team"' not in page.text
    assert 'sort=resolution"' in page.text
    assert 'class="cell resolution"' in page.text


async def test_a_ticket_opened_by_itself_marks_no_view(doors: Doors) -> None:
    ticket, (browser, _) = await planned(doors), await staff(doors)
    marked = 'aria-current="page" data-view='
    assert marked not in (await browser.get(f"/tickets/{ticket.number}")).text
    assert f'{marked}"snoozed"' in (await browser.get(f"/tickets/{ticket.number}?view=snoozed")).text
    assert f'{marked}"mine"' in (await browser.get("/tickets")).text
