"""What a change of service levels would do is shown before it is published, and only what was shown is published."""

import json
import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx

from services.domain.principal import Role
from tests.browsing import Browser
from tests.contract.gateway.test_clock_pages import listed
from tests.contract.gateway.test_desk_pages import a_ticket
from tests.doors import Doors


async def measured(doors: Doors, policy_id: str, *, kind: str) -> int:
    """The number of a ticket that waits for its first response since two hours, of eight."""
    ticket, began = await a_ticket(doors, type=kind), datetime.now(UTC) - timedelta(hours=2)
    segment = {"state": "running", "began_at": began.isoformat(), "ended_at": None, "worked": 0, "cause": "event 1"}
    await doors.desk.rows(
        "INSERT INTO clocks (ticket_id, kind, epoch, segments, carried, policy_id, policy_version, calendar_version,"
        " target, due_at, reason) VALUES (%(id)s, 'first_response', 1, %(segments)s, interval '0', %(policy)s, 1, 0,"
        " interval '8 hours', %(due)s, '')",
        id=ticket.id,
        segments=json.dumps([segment]),
        policy=policy_id,
        due=began + timedelta(hours=8),
    )
    await doors.desk.rows("UPDATE tickets SET decided_seq = version WHERE id = %(id)s", id=ticket.id)
    return ticket.number


async def admin_with_policy(doors: Doors, *, kind: str) -> tuple[Browser, str, dict[str, str]]:
    """An admin on the page of a new policy for tickets of one kind, and not for those of other tests."""
    browser = await doors.browser((await doors.account(Role.ADMIN)).email)
    await browser.get("/settings/policies/new")
    target = {"target-first_response": "8 h", "conditions.text": f"type:{kind}"}
    fields = {"name": f"Policy {uuid4()}", "position": "0"} | target
    made = await browser.post("/settings/policies/new", fields)
    assert made.status_code == 303, made.text
    return browser, made.headers["location"].partition("?")[0], fields | {"version": "1"}


def to_publish(page: httpx.Response) -> str:
    found = re.search(r'name="publish" value="([0-9a-f]{64})"', page.text)
    assert found is not None, page.text
    return found[1]


async def test_a_policy_is_published_after_its_effects_were_seen(doors: Doors) -> None:
    kind = f"kind-{uuid4()}"
    browser, address, fields = await admin_with_policy(doors, kind=kind)
    number = await measured(doors, address.rpartition("/")[2], kind=kind)
    shorter = fields | {"target-first_response": "1 h"}
    page = await browser.post(address, shorter)
    told = listed(page)
    assert page.status_code == 200
    assert "1 limit moves" in told
    assert "1 is late at once" in told
    assert f"#{number} First response" in told
    assert 'value="8 h"' in (await browser.get(address)).text
    # Something else than what was seen is shown first, too.
    other = await browser.post(address, shorter | {"target-first_response": "30 min", "publish": to_publish(page)})
    assert other.status_code == 200
    made = await browser.post(address, shorter | {"publish": to_publish(page)})
    assert made.status_code == 303, made.text
    assert 'value="1 h"' in (await browser.get(address)).text


async def test_what_moves_nothing_is_saved_at_once(doors: Doors) -> None:
    browser, address, fields = await admin_with_policy(doors, kind=f"kind-{uuid4()}")
    assert (await browser.post(address, fields | {"name": f"Other {uuid4()}"})).status_code == 303
