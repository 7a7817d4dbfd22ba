"""The same change on many tickets: each once, with its reason, and back again."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.domain.bulk import BrandSnooze, BulkAct, BulkJob, BulkOutcome, BulkState, TicketChange
from services.domain.errors import AlreadyExists, Forbidden, Invalid, InvalidTransition, NotFound
from services.domain.principal import Principal, Role
from services.domain.ticket import Priority, Ticket, TicketStatus
from tests.contract.tickets.desk import ADMIN, AGENT, LIGHT_AGENT, Desk

OLGA = Principal(str(uuid4()), Role.AGENT)
TO_OLGA = TicketChange(BulkAct.ASSIGN, assignee_id=UUID(OLGA.subject), keep_team=True)
RESOLVE = TicketChange(BulkAct.RESOLVE)


async def ran(desk: Desk, job: BulkJob, who: Principal = AGENT) -> BulkJob:
    """The bulk after its last page."""
    client = await desk.bulk_client()
    while not (await client.run_bulk_page(job.id)).finished:
        pass
    return await (await desk.desk_client(who)).get_bulk_job(job.id)


async def change(desk: Desk, wanted: TicketChange, tickets: Sequence[Ticket], who: Principal = AGENT) -> BulkJob:
    client = await desk.desk_client(who)
    return await ran(desk, await client.change_tickets(wanted, ticket_ids=[ticket.id for ticket in tickets]), who)


async def present(desk: Desk, tickets: Sequence[Ticket]) -> list[Ticket]:
    client = await desk.client()
    return [await client.get_ticket(ticket.id) for ticket in tickets]


async def test_tickets_of_a_brand_with_another_morning_are_snoozed_until_that(desk: Desk) -> None:
    admin = await desk.client(ADMIN)
    shop = await admin.create_brand({"name": "Shop", "address": "shop@c.example"})
    tickets = [await desk.new_ticket(), await desk.new_ticket(brand="Shop")]
    now = await desk.clock.instant()
    usual, later = now + timedelta(hours=10), now + timedelta(hours=12)
    wanted = TicketChange(BulkAct.SNOOZE, snooze_until=usual, brand_snoozes=(BrandSnooze(shop.id, later),))
    job = await change(desk, wanted, tickets)
    assert job.change == wanted
    assert [ticket.snoozed_until for ticket in await present(desk, tickets)] == [usual, later]


@pytest.mark.parametrize("became", ["gone", "light"])
async def test_a_bulk_goes_on_only_as_far_as_its_maker_may_by_now(desk: Desk, became: str) -> None:
    tickets = [await desk.new_ticket() for _ in range(2)]
    client = await desk.desk_client(OLGA)
    job = await client.change_tickets(TO_OLGA, ticket_ids=[ticket.id for ticket in tickets])
    if became == "gone":
        desk.staff.gone.add(UUID(OLGA.subject))
    else:
        desk.staff.roles[UUID(OLGA.subject)] = Role.LIGHT_AGENT
    job = await ran(desk, job, OLGA)
    assert (job.state, job.done, job.failed) == (BulkState.DONE, 0, 2)
    assert ("works here no more" if became == "gone" else "tickets.assign") in job.problems[0].reason
    assert {ticket.assignee_id for ticket in await present(desk, tickets)} == {None}


async def test_each_ticket_is_changed_once_and_its_event_says_by_whom_and_by_which_bulk(desk: Desk) -> None:
    tickets = [await desk.new_ticket() for _ in range(3)]
    job = await change(desk, TO_OLGA, tickets)
    assert (job.state, job.total, job.done, job.problems) == (BulkState.DONE, 3, 3, ())
    assert {ticket.assignee_id for ticket in await present(desk, tickets)} == {UUID(OLGA.subject)}
    for ticket in tickets:
        events, _ = await (await desk.client()).list_events(ticket.id)
        assert [event.seq for event in events] == [1, 2]
        assert (events[1].actor, events[1].cause) == (AGENT.subject, f"bulk {job.id}")
        assert "3 in all" in events[1].reason
        # After single tickets: a bulk keeps nobody waiting.
        assert (await desk.outbox(ticket.id))["seq"] == 2


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (RESOLVE, {"status": TicketStatus.RESOLVED}),
        (TicketChange(BulkAct.CLOSE), {"status": TicketStatus.CLOSED}),
        (TicketChange(BulkAct.UPDATE, priority=Priority.HIGH), {"priority": Priority.HIGH, "tags": ("a", "b")}),
        (TicketChange(BulkAct.UPDATE, add_tags=("c", "a"), remove_tags=("b",)), {"tags": ("a", "c")}),
        (TicketChange(BulkAct.ASSIGN, keep_assignee=True, team_id=UUID(int=5)), {"team_id": UUID(int=5)}),
    ],
)
async def test_a_bulk_does_what_the_single_change_does(
    desk: Desk, wanted: TicketChange, expected: dict[str, Any]
) -> None:
    ticket = await desk.new_ticket(tags=("a", "b"))
    await change(desk, wanted, [ticket])
    (after,) = await present(desk, [ticket])
    assert {name: getattr(after, name) for name in expected} == expected


async def test_snoozed_together_and_woken_together(desk: Desk) -> None:
    ticket, until = await desk.new_ticket(), datetime.now(UTC) + timedelta(days=2)
    await change(desk, TicketChange(BulkAct.SNOOZE, snooze_until=until, snooze_reason="stock-taking"), [ticket])
    (snoozed,) = await present(desk, [ticket])
    assert (snoozed.snoozed_until, snoozed.snooze_reason) == (until, "stock-taking")
    await change(desk, TicketChange(BulkAct.WAKE), [ticket])
    assert (await present(desk, [ticket]))[0].snoozed_until is None
    with pytest.raises(Invalid):
        await change(desk, TicketChange(BulkAct.SNOOZE), [ticket])


async def test_what_cannot_be_changed_is_told_with_its_reason_and_keeps_nobody_else(desk: Desk) -> None:
    tickets = [await desk.new_ticket() for _ in range(3)]
    await (await desk.client()).close_ticket(tickets[0].id)
    await (await desk.client()).resolve_ticket(tickets[1].id)
    client = await desk.desk_client()
    missing = uuid4()
    wanted = [*(ticket.id for ticket in tickets), missing, tickets[0].id]
    job = await ran(desk, await client.change_tickets(RESOLVE, ticket_ids=wanted))
    assert (job.total, job.done, job.skipped, job.failed) == (4, 1, 1, 2)
    assert [(problem.number, problem.outcome) for problem in job.problems] == [
        (tickets[0].number, BulkOutcome.FAILED),
        (tickets[1].number, BulkOutcome.SKIPPED),
        (0, BulkOutcome.FAILED),
    ]
    assert job.problems[2].reason == "This ticket does not exist."
    job = await change(desk, TO_OLGA, tickets[:1])
    assert job.problems[0].reason.startswith("A closed ticket cannot be assigned")


async def test_pages_that_run_at_once_or_again_change_each_ticket_once(desk: Desk) -> None:
    tickets = [await desk.new_ticket() for _ in range(130)]
    client = await desk.bulk_client()
    job = await (await desk.desk_client()).change_tickets(RESOLVE, ticket_ids=[ticket.id for ticket in tickets])
    await asyncio.gather(*(client.run_bulk_page(job.id) for _ in range(3)))
    job = await ran(desk, job)
    assert (job.done, job.state) == (130, BulkState.DONE)
    row = await desk.row("SELECT count(*) AS events FROM events WHERE kind = 'ticket_resolved'")
    assert row["events"] == 130


async def test_a_filter_finds_the_tickets_and_a_scope_limits_them(desk: Desk) -> None:
    tickets = [await desk.new_ticket(tags=("late",)) for _ in range(120)]
    other = await desk.new_ticket()
    await (await desk.client()).assign_ticket(tickets[0].id, assignee_id=UUID(LIGHT_AGENT.subject))
    light = await desk.desk_client(LIGHT_AGENT)
    job = await ran(desk, await light.change_tickets(RESOLVE, filter="tag:late"), LIGHT_AGENT)
    assert (job.total, job.done) == (1, 1)
    job = await ran(desk, await light.change_tickets(RESOLVE, ticket_ids=[other.id]), LIGHT_AGENT)
    assert [(problem.reason, problem.number) for problem in job.problems] == [("This ticket does not exist.", 0)]
    assert (await desk.row("SELECT status FROM tickets WHERE id = %(id)s", id=other.id))["status"] == "new"
    agent = await desk.desk_client()
    assert (await agent.change_tickets(RESOLVE, filter="tag:late")).total == 120
    with pytest.raises(Invalid):
        await agent.change_tickets(RESOLVE, filter="tag:nothing")
    for wrong in ({}, {"filter": "tag:late", "ticket_ids": [other.id]}, {"filter": "nonsense"}):
        with pytest.raises(Invalid):
            await agent.change_tickets(RESOLVE, **wrong)


async def test_the_same_request_is_one_bulk(desk: Desk) -> None:
    ticket, client = await desk.new_ticket(), await desk.desk_client()
    first = await client.change_tickets(RESOLVE, ticket_ids=[ticket.id], request_id="r")
    assert (await client.change_tickets(RESOLVE, ticket_ids=[ticket.id], request_id="r")).id == first.id
    with pytest.raises(AlreadyExists):
        await client.change_tickets(TO_OLGA, ticket_ids=[ticket.id], request_id="r")


async def test_a_bulk_needs_the_permission_of_the_single_change_and_something_to_change(desk: Desk) -> None:
    ticket = await desk.new_ticket()
    with pytest.raises(Forbidden):
        await change(desk, TO_OLGA, [ticket], LIGHT_AGENT)
    for nothing in (
        TicketChange(BulkAct.UPDATE),
        TicketChange(BulkAct.ASSIGN, keep_assignee=True, keep_team=True),
        TicketChange(BulkAct.UPDATE, add_tags=("no good",)),
    ):
        with pytest.raises(Invalid):
            await change(desk, nothing, [ticket])


async def test_a_bulk_is_its_makers_alone(desk: Desk) -> None:
    ticket = await desk.new_ticket()
    job = await change(desk, RESOLVE, [ticket])
    other = await desk.desk_client(ADMIN)
    for call in (other.get_bulk_job, other.cancel_bulk_job, other.undo_bulk_job):
        with pytest.raises(NotFound):
            await call(job.id)


async def test_a_cancelled_bulk_changes_no_more(desk: Desk) -> None:
    tickets = [await desk.new_ticket() for _ in range(101)]
    client, bulks = await desk.desk_client(), await desk.bulk_client()
    job = await client.change_tickets(RESOLVE, ticket_ids=[ticket.id for ticket in tickets])
    assert not (await bulks.run_bulk_page(job.id)).finished
    assert (await client.cancel_bulk_job(job.id)).state is BulkState.CANCELLED
    assert (await bulks.run_bulk_page(job.id)).finished
    job = await client.get_bulk_job(job.id)
    assert (job.done, job.total, job.state) == (100, 101, BulkState.CANCELLED)
    assert (await client.cancel_bulk_job(job.id)).finished_at == job.finished_at


async def test_an_undo_puts_back_what_nobody_has_changed_since(desk: Desk) -> None:
    tickets = [await desk.new_ticket() for _ in range(4)]
    agent = await desk.client()
    await desk.reply(tickets[1])
    job = await change(desk, RESOLVE, tickets)
    await agent.reopen_ticket(tickets[2].id)
    await agent.reopen_ticket(tickets[3].id)
    await agent.resolve_ticket(tickets[3].id)
    await desk.reply(tickets[0], body="a note hinders nothing", visibility="internal")
    client = await desk.desk_client()
    undo = await ran(desk, await client.undo_bulk_job(job.id, request_id="u"))
    assert (undo.undo_of, undo.done, undo.skipped) == (job.id, 2, 2)
    assert [problem.number for problem in undo.problems] == [tickets[2].number, tickets[3].number]
    assert {problem.reason for problem in undo.problems} == {"somebody has changed it since"}
    assert [ticket.status.value for ticket in await present(desk, tickets)] == ["new", "pending", "open", "resolved"]
    assert (await client.undo_bulk_job(job.id, request_id="u")).id == undo.id
    with pytest.raises(InvalidTransition) as error:
        await client.undo_bulk_job(undo.id)
    assert error.value.reason == "NOT_UNDOABLE"


async def test_an_undo_has_its_time(desk: Desk) -> None:
    ticket, client = await desk.new_ticket(), await desk.desk_client()
    running = await client.change_tickets(TO_OLGA, ticket_ids=[ticket.id])
    with pytest.raises(InvalidTransition) as error:
        await client.undo_bulk_job(running.id)
    assert error.value.reason == "NOT_FINISHED"
    job = await ran(desk, running)
    assert job.finished_at is not None
    assert job.undo_until == job.finished_at + timedelta(hours=1)
    desk.clock.skipped = timedelta(hours=1, minutes=1)
    with pytest.raises(InvalidTransition) as error:
        await client.undo_bulk_job(job.id)
    assert error.value.reason == "TOO_LATE"


async def test_a_new_bulk_is_claimed_at_once_and_a_silent_one_again(desk: Desk) -> None:
    ticket, bulks = await desk.new_ticket(), await desk.bulk_client()
    waiting = asyncio.create_task(bulks.claim_bulk_jobs(wait=timedelta(seconds=20)))
    job = await (await desk.desk_client()).change_tickets(RESOLVE, ticket_ids=[ticket.id])
    assert await asyncio.wait_for(waiting, 15) == (job.id,)
    assert await bulks.claim_bulk_jobs(wait=timedelta()) == ()
    await desk.rows("UPDATE bulk_jobs SET worked_at = worked_at - interval '31 seconds'")
    assert await bulks.claim_bulk_jobs(wait=timedelta()) == (job.id,)
    await ran(desk, job)
    await desk.rows("UPDATE bulk_jobs SET worked_at = worked_at - interval '31 seconds'")
    assert await bulks.claim_bulk_jobs(wait=timedelta()) == ()
