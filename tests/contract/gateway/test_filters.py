"""Filters, views and counts over HTTP: what a caller writes, and what they are told when it is wrong."""

from typing import Any
from uuid import uuid4

import httpx

from services.domain.principal import Principal, Role
from services.domain.user import NewUser
from services.domain.words import fold
from services.gateway.staff_names import StaffNames
from tests.contract.gateway.test_tickets import made, violations
from tests.doors import Doors
from tests.people import PASSWORD


async def found(client: httpx.AsyncClient, filter_: str, **more: Any) -> list[str]:
    response = await client.get("/tickets", params={"filter": filter_, **more})
    assert response.status_code == 200, response.text
    return [ticket["id"] for ticket in response.json()["items"]]


async def test_names_of_teams_and_people_stand_for_their_ids(doors: Doors) -> None:
    admin, agent = await doors.signed_in(Role.ADMIN), await doors.account()
    name = f"Příjem {uuid4()}"
    team = (await admin.post("/teams", json={"name": name})).json()
    ticket, other = await made(admin), await made(admin)
    await admin.post(f"/tickets/{ticket['id']}/assign", json={"assignee_id": str(agent.id), "team_id": team["id"]})
    for text in (
        f'team:"{name.upper()}"',
        f"team:{team['id']}",
        f'assignee:"{agent.name}"',
        f"assignee:{agent.email}",
        f'team:"{name}" -assignee:me is:open',
        f'brand:support team:"{name}"',
    ):
        assert await found(admin, text) == [ticket["id"]], text
    assert other["id"] in await found(admin, f'-team:"{name}"')


async def test_names_of_the_staff_are_asked_for_anew_after_5_s_and_for_one_that_is_not_known(doors: Doors) -> None:
    now = [0.0]
    names = StaffNames(doors.identity, clock=lambda: now[0])
    one = fold((await doors.account()).name)
    assert one in await names.find({one})
    two = fold((await doors.account()).name)
    assert two not in await names.find({one})
    assert two in await names.find({one, two})
    three = fold((await doors.account()).name)
    assert three not in await names.find({two})
    now[0] = 5.0
    assert three in await names.find({two})


async def test_mine_are_the_teams_of_the_caller(doors: Doors) -> None:
    admin, user = await doors.signed_in(Role.ADMIN), await doors.account()
    token = await doors.identity.create_token(user.email, PASSWORD, source="test")
    agent = await doors.http(authorization=f"Bearer {token.token}")
    team = (await admin.post("/teams", json={"name": f"Mine {uuid4()}"})).json()
    ticket = await made(admin)
    await admin.post(f"/tickets/{ticket['id']}/assign", json={"team_id": team["id"]})
    assert await found(agent, "team:mine") == []
    (await admin.put(f"/teams/{team['id']}/members/{user.id}")).raise_for_status()
    assert await found(agent, "team:mine") == [ticket["id"]]
    assert await found(admin, "team:mine") == []


async def test_a_wrong_filter_is_told_by_its_place_and_with_what_would_be_right(doors: Doors) -> None:
    agent = await doors.signed_in()
    wrong = {
        "status:open colour:red": "at character 13: 'colour' is no field",
        "team:nowhere": "team:nowhere is not known: write an id or one of",
        "assignee:nobody@example.com": "assignee:nobody@example.com is not known",
        "brand:nowhere": "brand:nowhere is not known",
    }
    for text, told in wrong.items():
        for path in ("/tickets", "/tickets/counts"):
            response = await agent.get(path, params={"filter": text})
            assert response.status_code == 422
            assert told in violations(response)["filter"]
    for order in ("subject", "created_at; DROP TABLE tickets"):
        assert (await agent.get("/tickets", params={"sort": order})).status_code == 422
    relevance = await agent.get("/tickets", params={"sort": "-relevance"})
    assert violations(relevance) == {"sort": "relevance is for filters with words to look for"}
    assert (await agent.get("/tickets", params={"cursor": "x"})).status_code == 422


async def test_counts_come_in_the_order_of_their_filters(doors: Doors) -> None:
    agent = await doors.signed_in()
    tag = uuid4().hex
    for _ in range(2):
        await made(agent, tags=[tag])
    answer = await agent.get("/tickets/counts", params={"filter": [f"tag:{tag}", "number:0", f"tag:{tag} is:settled"]})
    assert answer.json()["items"] == [
        {"filter": f"tag:{tag}", "count": 2, "more": False},
        {"filter": "number:0", "count": 0, "more": False},
        {"filter": f"tag:{tag} is:settled", "count": 0, "more": False},
    ]
    assert (await agent.get("/tickets/counts")).status_code == 422
    assert (await agent.get("/tickets/counts", params={"filter": [""] * 21})).status_code == 422


async def test_every_view_can_be_listed_and_counted(doors: Doors) -> None:
    agent = await doors.signed_in()
    await made(agent)
    views = (await agent.get("/views")).json()["items"]
    assert [view["name"] for view in views][:4] == ["mine", "unassigned", "queued", "my_teams"]
    for view in views:
        listed = await agent.get("/tickets", params={"filter": view["filter"], "sort": view["sort"]})
        assert listed.status_code == 200, listed.text
    counted = await agent.get("/tickets/counts", params={"filter": [view["filter"] for view in views]})
    assert [count["filter"] for count in counted.json()["items"]] == [view["filter"] for view in views]


async def test_customers_know_no_names_and_see_no_more_by_any_filter_or_count(doors: Doors) -> None:
    admin = await doors.signed_in(Role.ADMIN)
    email, canary = f"{uuid4()}@c.example", f"canary{uuid4().hex}"
    own = await made(admin, requester={"email": email}, body="a mouse")
    foreign = await made(admin, body=f"a mouse {canary}")
    await admin.post(f"/tickets/{own['id']}/messages", json={"visibility": "internal", "body": canary})
    staff = await doors.desk.client(Principal(str(uuid4()), Role.ADMIN))
    contact = await staff.create_contact(email, "Cleo")
    await doors.identity.create_user(NewUser(email, "Cleo", Role.CUSTOMER, contact.id), PASSWORD)
    token = await doors.identity.create_token(email, PASSWORD, source="test")
    customer = await doors.http(authorization=f"Bearer {token.token}")
    assert {own["id"], foreign["id"]} <= set(await found(admin, "mouse"))
    assert set(await found(admin, canary)) == {own["id"], foreign["id"]}
    assert await found(customer, "mouse") == [own["id"]]
    for text in (canary, f"{canary[:12]}*", f'"{canary}"', "-mouse", f"number:{foreign['number']}"):
        assert await found(customer, text) == [], text
        counts = await customer.get("/tickets/counts", params={"filter": text})
        assert counts.json()["items"][0]["count"] == 0, text
    for text in ("brand:support", "team:mine", "assignee:somebody", "due:4h"):
        assert (await customer.get("/tickets", params={"filter": text})).status_code == 422
    assert (await customer.get("/tickets", params={"sort": "due"})).status_code == 422
