"""Bulks and held replies over REST."""

from typing import Any
from uuid import uuid4

from services.domain.principal import Role
from tests.doors import Doors


async def test_a_bulk_is_begun_followed_cancelled_and_taken_back(doors: Doors) -> None:
    tickets = [await doors.desk.new_ticket() for _ in range(2)]
    agent, stranger = await doors.signed_in(), await doors.signed_in()
    body = {"ticket_ids": [str(ticket.id) for ticket in tickets], "change": {"act": "update", "add_tags": ["late"]}}
    key = {"Idempotency-Key": uuid4().hex}
    begun = await agent.post("/bulk", json=body, headers=key)
    assert begun.status_code == 202
    path = begun.headers["location"].removeprefix("/api/v1")
    assert (await agent.post("/bulk", json=body, headers=key)).json()["id"] == begun.json()["id"]
    other = body | {"change": {"act": "resolve"}}
    assert (await agent.post("/bulk", json=other, headers=key)).status_code == 422
    assert (await stranger.get(path)).status_code == 404
    assert (await agent.post(f"{path}/undo")).json()["reason"] == "NOT_FINISHED"
    while not (await (await doors.desk.bulk_client()).run_bulk_page(begun.json()["id"])).finished:
        pass
    done = (await agent.get(path)).json()
    assert (done["state"], done["done"], done["undo_of"]) == ("done", 2, None)
    assert done["change"]["keep_assignee"] is True
    undo = await agent.post(f"{path}/undo")
    assert (undo.status_code, undo.json()["undo_of"]) == (202, done["id"])
    assert (await agent.post(f"/bulk/{undo.json()['id']}/cancel")).json()["state"] == "cancelled"


async def test_what_is_wrong_with_a_bulk_is_told(doors: Doors) -> None:
    ticket, agent, light = (
        await doors.desk.new_ticket(),
        await doors.signed_in(),
        await doors.signed_in(Role.LIGHT_AGENT),
    )
    one = {"ticket_ids": [str(ticket.id)]}
    for body in (
        {"change": {"act": "resolve"}},
        one,
        one | {"change": {"act": "explode"}},
        one | {"change": {"act": "assign"}},
        one | {"change": {"act": "update"}},
        one | {"change": {"act": "snooze"}},
        one | {"change": {"act": "snooze", "snooze_until": "2999-01-01T00:00:00Z", "snooze_reason": "x" * 501}},
        one | {"change": {"act": "update", "remove_tags": [f"t{number}" for number in range(51)]}},
        one | {"filter": "status:open", "change": {"act": "resolve"}},
    ):
        assert (await agent.post("/bulk", json=body)).status_code == 422
    assert (await light.post("/bulk", json=one | {"change": {"act": "close"}})).status_code == 403


async def test_a_bulk_gives_tickets_to_active_staff_and_known_teams_only(doors: Doors) -> None:
    ticket, colleague, customer = (
        await doors.desk.new_ticket(),
        await doors.account(),
        await doors.account(Role.CUSTOMER),
    )
    agent, browser = await doors.signed_in(), await doors.browser((await doors.account()).email)
    nobody = [str(customer.id), str(uuid4())]

    def given(**to: str) -> dict[str, Any]:
        return {"ticket_ids": [str(ticket.id)], "change": {"act": "assign"} | to}

    async def pages(assignee: str) -> list[int]:
        alone = await browser.post(f"/tickets/{ticket.number}/assign", {"assignee": assignee})
        many = {"act": "assign", "ticket": str(ticket.id), "assignee": assignee}
        return [alone.status_code, (await browser.post("/tickets/bulk", many)).status_code]

    for stranger in nobody:
        assert (await agent.post("/bulk", json=given(assignee_id=stranger))).status_code == 422
        assert await pages(stranger) == [422, 422]
    assert (await agent.post("/bulk", json=given(team_id=str(uuid4())))).status_code == 422
    assert (await agent.post("/bulk", json=given(assignee_id=str(colleague.id)))).status_code == 202
    assert await pages(str(colleague.id)) == [303, 303]


async def test_a_reply_is_held_when_a_colleague_wrote_meanwhile(doors: Doors) -> None:
    ticket, agent = await doors.desk.new_ticket(), await doors.signed_in()
    path, reply = (
        f"/tickets/{ticket.id}/messages",
        {"visibility": "public", "body": "Hello", "seen_seq": ticket.version},
    )
    colleague = await doors.signed_in()
    assert (await colleague.post(path, json=reply)).status_code == 201
    held = await agent.post(path, json=reply)
    assert (held.status_code, held.json()["reason"]) == (409, "NEWER_MESSAGES")
    assert (await agent.post(path, json=reply | {"send_anyway": True})).status_code == 201
