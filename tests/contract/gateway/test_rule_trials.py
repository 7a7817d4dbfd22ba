"""Rules from end to end through the services: they run, say why and why not, are tried, applied, cut, and replayed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx

from services.common.channel import open_channel
from services.domain.principal import Principal, Role
from services.domain.ticket import EventKind
from services.routing.client import RoutingClient
from services.tickets.client.bulk import BulkClient
from services.tickets.client.orchestration import OrchestrationClient
from services.tickets.store.events import append_event, lock_ticket
from tests.contract.gateway.test_rules import RULE, made
from tests.doors import Doors
from tests.people import SIGNER
from workflows.activities import TicketActivities

WORKER = Principal("worker", Role.SERVICE)


@asynccontextmanager
async def worker(doors: Doors) -> AsyncIterator[TicketActivities]:
    """What decides on tickets, over the real services."""
    async with (
        open_channel(doors.desk.address, credentials=lambda: SIGNER.sign(WORKER)) as tickets,
        open_channel(doors.routing_address, credentials=lambda: SIGNER.sign(WORKER)) as routing,
    ):
        yield TicketActivities(OrchestrationClient(tickets), RoutingClient(routing))


async def new_ticket(client: httpx.AsyncClient, **overrides: Any) -> dict[str, Any]:
    body = {"subject": "Parcel", "body": "I want a refund", "requester": {"email": f"{uuid4()}@example.com"}}
    response = await client.post("/tickets", json=body | overrides)
    assert response.status_code == 201, response.text
    ticket: dict[str, Any] = response.json()
    return ticket


async def decided(doors: Doors, client: httpx.AsyncClient, ticket: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """The ticket after a decision, and the id of the decision that changed it last."""
    async with worker(doors) as activities:
        await activities._decide(UUID(ticket["id"]))
    activity = (await client.get(f"/tickets/{ticket['id']}/activity")).json()["items"]
    latest = [event["decision_id"] for event in activity if event["decision_id"]]
    return (await client.get(f"/tickets/{ticket['id']}")).json(), latest[-1] if latest else ""


async def only(client: httpx.AsyncClient, rule: dict[str, Any]) -> None:
    """Put a rule away, so that it does nothing to other tests' tickets."""
    assert (await client.delete(f"/rules/{rule['id']}")).status_code == 204


async def test_a_rule_runs_and_says_why_and_another_says_why_not(doors: Doors) -> None:
    admin, agent = await doors.signed_in(Role.ADMIN), await doors.signed_in()
    ran = await made(admin, conditions="priority:normal refund")
    quiet = await made(admin, conditions="tag:vip")
    ticket, decision = await decided(doors, agent, await new_ticket(admin))
    assert (ticket["priority"], ticket["tags"]) == ("high", ["money"])
    stored = (await agent.get(f"/tickets/{ticket['id']}/decisions/{decision}")).json()["decision"]
    (run,) = stored["runs"]
    assert (run["rule_id"], run["rule_version"], run["cause"]) == (ran["id"], "1", "event 1")
    assert [part["check"] for part in run["condition"]["parts"]] == ["priority:normal", "text:refund"]
    path = f"/tickets/{ticket['id']}/decisions/{decision}/rules"
    why = (await agent.get(f"{path}/{ran['id']}")).json()
    assert [(moment["ran"], moment["condition"]["held"]) for moment in why["moments"][:1]] == [(True, True)]
    why_not = (await agent.get(f"{path}/{quiet['id']}")).json()["moments"][0]
    assert (why_not["ran"], why_not["outcome"]) == (False, "a condition does not hold")
    assert (why_not["condition"]["check"], why_not["condition"]["seen"]) == ("tag:vip", "none")
    assert (await agent.get(f"{path}/{uuid4()}")).status_code == 404
    await only(admin, ran)
    await only(admin, quiet)


async def test_why_is_asked_of_the_rules_of_then(doors: Doors) -> None:
    admin = await doors.signed_in(Role.ADMIN)
    rule = await made(admin, conditions="refund -reopened>0")
    ticket, decision_id = await decided(doors, admin, await new_ticket(admin))
    await admin.put(f"/rules/{rule['id']}", json=RULE | {"name": rule["name"], "conditions": "tag:never"})
    await admin.patch(f"/tickets/{ticket['id']}", json={"subject": "Another subject"})
    path = f"/tickets/{ticket['id']}/decisions/{decision_id}/rules/{rule['id']}"
    then, now = (await admin.get(path)).json(), (await admin.get(path, params={"version": 2})).json()
    assert [explained["rule"]["version"] for explained in (then, now)] == [1, 2]
    assert [explained["moments"][0]["ran"] for explained in (then, now)] == [True, False]
    await only(admin, rule)


async def test_a_rule_is_tried_on_what_was_decided_and_nothing_is_written(doors: Doors) -> None:
    admin = await doors.signed_in(Role.ADMIN)
    ticket, _ = await decided(doors, admin, await new_ticket(admin, body="My parcel is broken"))
    rule = RULE | {"name": "tried", "conditions": "broken"}
    rule["actions"] = [{"kind": "set_priority", "priority": "urgent"}, {"kind": "reply", "text": "Sorry, {name}."}]
    trial = (await admin.post("/rules/try", json={"rule": rule, "decisions": 50})).json()
    (outcome,) = [found for found in trial["outcomes"] if found["ticket_id"] == ticket["id"]]
    assert outcome["changes"] == [{"field": "priority", "old": '"normal"', "new": '"urgent"'}]
    assert (outcome["sends"], outcome["cause"]) == (["a reply to the customer"], "event 1")
    assert (await admin.get(f"/tickets/{ticket['id']}")).json() == ticket
    assert (await admin.post("/rules/try", json={"rule": rule | {"conditions": "colour:red"}})).status_code == 422


async def test_a_rule_is_applied_to_those_that_exist_as_its_own_step(doors: Doors) -> None:
    admin, agent = await doors.signed_in(Role.ADMIN), await doors.signed_in()
    ticket, _ = await decided(doors, admin, await new_ticket(admin, tags=["old"]))
    other, _ = await decided(doors, admin, await new_ticket(admin, body="thanks", tags=["old"]))
    rule = await made(admin, conditions="subject:parcel -assignee:none -text:thanks tag:old")
    assert (await admin.get(f"/tickets/{ticket['id']}")).json()["priority"] == "normal"
    which = {"filter": "tag:old"}
    preview = (await admin.post(f"/rules/{rule['id']}/preview", json=which)).json()
    assert (preview["tickets"], preview["looked_at"]) == (2, 2)
    assert (await agent.post(f"/rules/{rule['id']}/apply", json=which)).status_code == 403
    job = await admin.post(f"/rules/{rule['id']}/apply", json=which)
    assert (job.status_code, job.json()["total"]) == (202, 2)
    async with open_channel(doors.desk.address, credentials=lambda: SIGNER.sign(WORKER)) as channel:
        assert (await BulkClient(channel).run_bulk_page(UUID(job.json()["id"]))).finished
    after, _ = await decided(doors, admin, ticket)
    assert (after["priority"] == "high") is (ticket["assignee_id"] is not None)
    assert (await admin.get(f"/bulk/{job.json()['id']}")).json()["undo_until"] is None
    await decided(doors, admin, other)
    await only(admin, rule)


async def test_a_rule_that_sets_a_category_does_what_a_person_does_who_sets_it(doors: Doors) -> None:
    admin = await doors.signed_in(Role.ADMIN)
    team = (await admin.post("/teams", json={"name": f"Team {uuid4()}"})).json()
    above, other = [
        (await admin.post("/categories", json={"name": f"{uuid4()}", "team_id": team["id"]})).json() for _ in range(2)
    ]
    below = {"name": "Refunds", "parent_id": above["id"], "priority": "high"}
    category = (await admin.post("/categories", json=below)).json()
    by_hand = await new_ticket(admin)
    by_hand = (await admin.patch(f"/tickets/{by_hand['id']}", json={"category_id": category["id"]})).json()
    actions = [{"kind": "set_category", "category_id": category["id"]}]
    rule = await made(admin, trigger="tags_changed", conditions="tag:sort", actions=actions)
    ticket = await new_ticket(admin)
    await admin.patch(f"/tickets/{ticket['id']}", json={"tags": ["sort"]})
    by_rule, decision_id = await decided(doors, admin, ticket)
    changed = ("category_id", "team_id", "priority")
    assert [by_rule[field] for field in changed] == [by_hand[field] for field in changed]
    assert [by_rule[field] for field in changed] == [category["id"], team["id"], "high"]
    stored = await doors.desk.row("SELECT facts FROM decisions WHERE id = %(id)s", id=UUID(decision_id))
    kept = {each["id"] for each in stored["facts"]["categories"]}
    assert kept == {above["id"], category["id"]}
    assert other["id"] not in kept
    await only(admin, rule)


async def test_rules_that_fight_are_cut_and_the_one_is_paused(doors: Doors) -> None:
    admin = await doors.signed_in(Role.ADMIN)
    fights = [
        await made(
            admin,
            trigger="priority_changed",
            conditions=f"priority:{old} tag:fight",
            actions=[{"kind": "set_priority", "priority": new}],
        )
        for old, new in (("high", "low"), ("low", "high"))
    ]
    ticket, _ = await decided(doors, admin, await new_ticket(admin, tags=["fight"]))
    await admin.patch(f"/tickets/{ticket['id']}", json={"priority": "high"})
    after, _ = await decided(doors, admin, ticket)
    rules = {rule["id"]: rule for rule in (await admin.get("/rules")).json()["items"]}
    assert [bool(rules[rule["id"]]["paused_reason"]) for rule in fights] == [True, False]
    assert "is a circle" in rules[fights[0]["id"]]["paused_reason"]
    answer = await admin.patch(f"/tickets/{ticket['id']}", json={"priority": "normal"})
    assert (answer.status_code, after["status"]) == (200, "new")
    for rule in fights:
        await only(admin, rule)


async def test_a_rule_that_runs_100_times_within_an_hour_is_paused_with_one_alert_and_the_ticket_goes_on(
    doors: Doors,
) -> None:
    admin, clock = await doors.signed_in(Role.ADMIN), doors.desk.clock
    ticket, _ = await decided(doors, admin, await new_ticket(admin))
    note = {"kind": "note", "note": "looked at"}
    rule = await made(admin, trigger="field_changed", conditions="tag:none", actions=[note])

    async def change(times: int, *, later: timedelta) -> int:
        """The type changes so often, a while later; how often the rule has run up to then."""
        clock.skipped += later
        async with doors.desk.database.transaction() as conn:
            locked = await lock_ticket(conn, UUID(ticket["id"]))
            for _ in range(times):
                other = {"type": "b" if locked.ticket.type == "a" else "a"}
                locked = await append_event(conn, locked, EventKind.TICKET_UPDATED, actor=str(uuid4()), changes=other)
        await decided(doors, admin, ticket)
        (row,) = await doors.desk.rows(
            "SELECT count(*) AS runs FROM rule_runs WHERE rule_id = %(id)s", id=UUID(rule["id"])
        )
        return int(row["runs"])

    assert await change(10, later=timedelta()) == 10
    assert await change(60, later=timedelta(minutes=61)) == 70
    assert await change(42, later=timedelta(minutes=58)) == 110
    (paused,) = [each for each in (await admin.get("/rules")).json()["items"] if each["id"] == rule["id"]]
    assert paused["paused_reason"] == "it ran 100 times on this ticket within an hour"
    told = "SELECT user_id FROM effects WHERE kind = 'rule_cut_mail' AND key LIKE %(key)s"
    alerts = [row["user_id"] for row in await doors.desk.rows(told, key=f"rule_cut/{rule['id']}/%")]
    assert len(alerts) == len(set(alerts)) > 0
    assert await change(1, later=timedelta(minutes=1)) == 110
    answer = await admin.patch(f"/tickets/{ticket['id']}", json={"priority": "urgent"})
    assert (answer.status_code, answer.json()["priority"]) == (200, "urgent")
    assert (await admin.post(f"/rules/{rule['id']}/resume")).status_code == 200
    assert await change(1, later=timedelta(hours=1)) == 111
    assert len(await doors.desk.rows(told, key=f"rule_cut/{rule['id']}/%")) == len(alerts)
    await only(admin, rule)
    clock.skipped = timedelta()
