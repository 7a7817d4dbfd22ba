"""/snooze and /wake over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.contract.gateway.test_tickets import made, violations
from tests.doors import Doors

UNTIL = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)


async def test_a_ticket_is_put_away_and_got_back(doors: Doors) -> None:
    agent = await doors.signed_in()
    ticket = await made(agent)
    put_away = await agent.post(
        f"/tickets/{ticket['number']}/snooze", json={"until": UNTIL.isoformat(), "reason": "the parcel"}
    )
    snoozed = put_away.json()
    assert (put_away.status_code, put_away.headers["etag"]) == (200, '"2"')
    assert datetime.fromisoformat(snoozed["snoozed_until"]) == UNTIL
    assert (snoozed["snooze_reason"], snoozed["keep_on_reply"], snoozed["status"]) == ("the parcel", False, "new")
    woken = (await agent.post(f"/tickets/{ticket['id']}/wake")).json()
    assert (woken["snoozed_until"], woken["snooze_reason"], woken["snoozed_by"]) == (None, "", "")
    activity = (await agent.get(f"/tickets/{ticket['id']}/activity")).json()["items"]
    assert [event["kind"] for event in activity] == ["ticket_created", "ticket_snoozed", "ticket_woken"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "until"),
        ({"until": "2020-01-01T00:00:00Z"}, "until"),
        ({"until": "9999-12-31T23:59:59Z"}, "until"),
        ({"until": UNTIL.replace(tzinfo=None).isoformat()}, "until"),
        ({"until": UNTIL.isoformat(), "reason": "x" * 501}, "reason"),
        ({"until": UNTIL.isoformat(), "colour": "red"}, "colour"),
    ],
)
async def test_a_wrong_snooze_is_refused_by_the_name_of_its_field(doors: Doors, body: Any, field: str) -> None:
    agent = await doors.signed_in()
    ticket = await made(agent)
    response = await agent.post(f"/tickets/{ticket['id']}/snooze", json=body)
    assert (response.status_code, set(violations(response))) == (422, {field})
