"""Followers over REST."""

from uuid import uuid4

from services.domain.principal import Role
from tests.doors import Doors


async def test_an_agent_lets_customers_and_colleagues_follow(doors: Doors) -> None:
    agent, colleague, client = await doors.signed_in(), await doors.account(), await doors.account(Role.CUSTOMER)
    body = {"subject": "a", "body": "b", "requester": {"email": f"{uuid4()}@c.example"}}
    ticket = (await agent.post("/tickets", json=body)).json()
    path = f"/tickets/{ticket['number']}/followers"
    added = await agent.post(path, json={"email": "dora@c.example", "name": "Dora"})
    assert (added.status_code, added.json()["kind"], added.json()["contact"]["name"]) == (201, "customer", "Dora")
    assert (await agent.put(f"{path}/{colleague.id}")).json()["kind"] == "staff"
    for nobody in (client.id, uuid4()):
        refused = await agent.put(f"{path}/{nobody}")
        assert (refused.status_code, refused.json()["violations"][0]["field"]) == (422, "user_id")
    listed = (await agent.get(path)).json()["items"]
    assert [item["id"] for item in listed] == [added.json()["id"], str(colleague.id)]
    for item in listed:
        assert (await agent.delete(f"{path}/{item['id']}")).status_code == 204
    assert (await agent.get(path)).json()["items"] == []
    assert (await agent.post(path, json={"email": body["requester"]["email"]})).status_code == 422  # type: ignore[index]
