"""/upcoming over HTTP: what happens by itself on the tickets of teams, and what people do to it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx
import pytest

from services.domain.principal import Role
from services.domain.ticket import Ticket
from tests.contract.gateway.test_desk_pages import a_ticket
from tests.doors import Doors

SOON, LATER, FAR = "auto_close/1", "auto_close/2", "auto_close/3"


async def planned(doors: Doors) -> tuple[Ticket, str]:
    """A ticket of a team of its own with dues in 1, 2 and 30 hours, and the team."""
    ticket, admin = await a_ticket(doors), await doors.signed_in(Role.ADMIN)
    team = (await admin.post("/teams", json={"name": f"Team {uuid4()}"})).json()["id"]
    await (await doors.desk.client()).assign_ticket(ticket.id, assignee_id=None, team_id=UUID(team))
    for key, hours in ((SOON, 1), (LATER, 2), (FAR, 30)):
        await doors.desk.rows(
            "INSERT INTO dues (ticket_id, key, kind, due_at, reason)"
            " VALUES (%(id)s, %(key)s, 'auto_close', instant() + %(hours)s * interval '1 hour', 'as planned')",
            id=ticket.id,
            key=key,
            hours=hours,
        )
    return ticket, team


async def keys(client: httpx.AsyncClient, team: str, **asked: str) -> list[str]:
    answer = await client.get("/upcoming", params={"team_id": team} | asked)
    assert answer.status_code == 200, answer.text
    return [one["due"]["key"] for one in answer.json()["items"]]


async def test_the_next_day_of_a_team_is_told_soonest_first_and_page_by_page(doors: Doors) -> None:
    (ticket, team), agent = await planned(doors), await doors.signed_in()
    assert await keys(agent, team) == [SOON, LATER]
    until = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    assert await keys(agent, team, until=until) == [SOON, LATER, FAR]
    first = (await agent.get("/upcoming", params={"team_id": team, "limit": "1"})).json()
    (one,) = first["items"]
    assert (one["ticket_id"], one["number"], one["team_id"]) == (str(ticket.id), ticket.number, team)
    assert (one["due"]["key"], one["due"]["reason"]) == (SOON, "as planned")
    assert await keys(agent, team, cursor=first["next_cursor"]) == [LATER]
    assert await keys(agent, str(uuid4())) == []


async def test_tickets_of_several_teams_are_told_together(doors: Doors) -> None:
    (_, team), (_, other), agent = await planned(doors), await planned(doors), await doors.signed_in()
    answer = (await agent.get("/upcoming", params={"team_id": [team, other]})).json()
    assert [one["due"]["key"] for one in answer["items"]] == [SOON, SOON, LATER, LATER]


@pytest.mark.parametrize(
    ("change", "days", "kind"), [("skip", None, "due_skipped"), ("run", None, "due_moved"), ("move", 3, "due_moved")]
)
async def test_what_is_told_is_skipped_run_and_moved_by_its_key(
    doors: Doors, change: str, days: int | None, kind: str
) -> None:
    (ticket, _), agent = await planned(doors), await doors.signed_in()
    told = {"due_at": (datetime.now(UTC) + timedelta(days=days)).isoformat()} if days else None
    answer = await agent.post(f"/tickets/{ticket.id}/upcoming/{SOON}/{change}", json=told)
    assert answer.status_code == 204, answer.text
    activity = (await agent.get(f"/tickets/{ticket.id}/activity")).json()["items"]
    assert activity[-1]["kind"] == kind


async def test_nobody_is_told_of_tickets_that_are_not_theirs(doors: Doors) -> None:
    (_, team), customer = await planned(doors), await doors.signed_in(Role.CUSTOMER)
    assert (await customer.get("/upcoming", params={"team_id": team})).status_code == 403
    assert await keys(await doors.signed_in(Role.LIGHT_AGENT), team) == []


@pytest.mark.parametrize("asked", [{"team_id": "x"}, {"until": "soon"}, {"until": "2026-03-02T09:00"}, {"limit": "0"}])
async def test_a_wrong_question_is_refused_by_the_name_of_its_field(doors: Doors, asked: dict[str, str]) -> None:
    answer = await (await doors.signed_in()).get("/upcoming", params=asked)
    told = answer.json()["violations"]
    assert (answer.status_code, all(next(iter(asked)) in one["field"] for one in told)) == (422, True)
