"""Parents and children: who may be whose, and what people see of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Self
from uuid import UUID

import pytest
from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import DictRow

from services.common.database import Database
from services.domain.bulk import BulkAct, TicketChange
from services.domain.errors import DuradeskError, Forbidden, Invalid, InvalidTransition, NotFound
from services.domain.family.cascade import FAILED_AGAIN, MOST_TRIES
from services.domain.family.model import UNDO_WINDOW, CascadeState, ChildOutcome
from services.domain.family.policy import Children, DownPolicy, FamilyPolicy, UpPolicy
from services.domain.principal import Role
from services.domain.ticket import EventKind, TicketStatus
from services.tickets.store.bulk import BulkStore
from tests.conftest import DatabaseUrl
from tests.contract.tickets.desk import ADMIN, AGENT, LIGHT_AGENT, RELAY, Desk, customer, new_ticket, running_desk
from tests.contract.tickets.families import (
    family_of,
    inbox,
    newest_cascade,
    present,
    problems,
    run_cascades,
    statuses,
)


class ListingDatabase(Database):
    """Lists what statements ran on which tickets."""

    ran: list[tuple[str, Any]]

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection[DictRow]]:
        ran = self.ran = []

        class Listing(AsyncCursor[Any]):
            async def execute(self, query: Any, parameters: Any = None, **options: Any) -> Self:  # type: ignore[override]
                ran.append((getattr(query, "name", ""), (parameters or {}).get("ticket_id")))
                return await super().execute(query, parameters, **options)

        async with super().transaction() as connection:
            connection.cursor_factory = Listing
            yield connection


async def test_a_child_has_one_parent_and_both_say_so_in_their_activity(desk: Desk) -> None:
    parent, (child,) = await family_of(desk, 1)
    assert child.parent_id == parent.id
    assert (await present(desk, parent)).children == Children(1, 1)
    for ticket, kind in ((parent, EventKind.CHILD_ADDED), (child, EventKind.PARENT_SET)):
        events, _ = await (await desk.client()).list_events(ticket.id)
        assert (events[-1].kind, events[-1].actor) == (kind, AGENT.subject)
        assert (await desk.outbox(ticket.id))["seq"] == events[-1].seq
    assert await statuses(desk, parent, child) == ["new", "new"]
    again = await (await desk.family()).set_parent(child.id, parent.id)
    assert again.version == child.version


async def test_what_would_be_a_third_level_a_second_parent_or_a_circle_is_refused(desk: Desk) -> None:
    family = await desk.family()
    parent, (child, other) = await family_of(desk, 2)
    stranger = await desk.new_ticket()
    closed = await (await desk.client()).close_ticket((await desk.new_ticket()).id)
    refusals = [
        (parent.id, parent.id, "ITS_OWN_PARENT"),
        (child.id, stranger.id, "HAS_ANOTHER_PARENT"),
        (stranger.id, child.id, "PARENT_IS_A_CHILD"),
        (parent.id, child.id, "PARENT_IS_A_CHILD"),
        (parent.id, stranger.id, "CHILD_IS_A_PARENT"),
        (stranger.id, closed.id, "PARENT_IS_CLOSED"),
    ]
    for child_id, parent_id, reason in refusals:
        with pytest.raises(InvalidTransition) as refused:
            await family.set_parent(child_id, parent_id)
        assert refused.value.reason == reason
    with pytest.raises(NotFound):
        await family.set_parent(stranger.id, UUID(int=7))
    assert (await present(desk, other)).parent_id == parent.id


async def test_of_two_who_link_crosswise_at_once_one_is_refused(desk: Desk) -> None:
    family = await desk.family()
    for _ in range(10):
        one, two = await desk.new_ticket(), await desk.new_ticket()
        ends = await asyncio.gather(
            family.set_parent(one.id, two.id), family.set_parent(two.id, one.id), return_exceptions=True
        )
        refused = [end for end in ends if isinstance(end, DuradeskError)]
        assert [end.reason for end in refused] == ["PARENT_IS_A_CHILD"]
        linked = [await present(desk, ticket) for ticket in (one, two)]
        assert [ticket.parent_id is None for ticket in linked].count(True) == 1


async def test_a_child_is_made_at_once_and_out_of_its_family_settles_nobody(desk: Desk) -> None:
    parent = await desk.new_ticket()
    child = await (await desk.client()).create_ticket(new_ticket(parent_id=parent.id))
    assert child.parent_id == parent.id
    with pytest.raises(Forbidden):
        await (await desk.client(customer(parent))).create_ticket(new_ticket(parent_id=parent.id))
    await (await desk.client()).resolve_ticket(child.id)
    assert await inbox(desk, parent.id) == ["settled"]
    family = await desk.family()
    alone = await family.remove_parent(child.id)
    assert (alone.parent_id, await inbox(desk, parent.id)) == (None, [])
    assert (await family.remove_parent(child.id)).version == alone.version
    assert (await present(desk, parent)).children == Children()
    assert (await family.get_family(parent.id)).parent is None


async def test_children_are_listed_page_by_page_and_those_out_of_sight_are_a_number(desk: Desk) -> None:
    parent, children = await family_of(desk, 3)
    family = await desk.family()
    first, token = await family.list_children(parent.id, page_size=2)
    second, end = await family.list_children(parent.id, page_size=2, page_token=token)
    assert [child.id for child in (*first, *second)] == [child.id for child in children]
    assert end == ""
    for ticket in (parent, children[1]):
        await (await desk.client()).assign_ticket(ticket.id, assignee_id=UUID(LIGHT_AGENT.subject))
    light = await desk.family(LIGHT_AGENT)
    seen, _ = await light.list_children(parent.id)
    found = await light.get_family(children[1].id)
    assert ([child.id for child in seen], found.hidden, found.children) == ([children[1].id], 2, Children(3, 3))
    with pytest.raises(NotFound):
        await light.get_family(children[0].id)
    shown = await (await desk.client(customer(children[1]))).get_ticket(children[1].id)
    assert (shown.parent_id, shown.children) == (None, Children())


async def test_a_policy_is_the_parents_own_or_else_its_brands(desk: Desk) -> None:
    parent, (child,) = await family_of(desk, 1)
    family = await desk.family()
    found = await family.get_family(child.id)
    assert (found.parent and found.parent.id, found.down, found.up) == (
        parent.id,
        DownPolicy.CASCADE,
        UpPolicy.SETTLE,
    )
    own = await family.set_family_policy(parent.id, FamilyPolicy(down=DownPolicy.BLOCK))
    assert (own.down, own.up, own.own) == (DownPolicy.BLOCK, UpPolicy.SETTLE, FamilyPolicy(DownPolicy.BLOCK))
    admin = await desk.client(ADMIN)
    (brand,) = await admin.list_brands()
    await admin.update_brand(brand.id, {"family_up": UpPolicy.NOTIFY, "family_down": DownPolicy.INDEPENDENT})
    found = await family.get_family(parent.id)
    assert (found.down, found.up) == (DownPolicy.BLOCK, UpPolicy.NOTIFY)
    events, _ = await (await desk.client()).list_events(parent.id)
    assert events[-1].kind is EventKind.FAMILY_POLICY_SET


async def test_open_tickets_of_the_same_customer_or_order_are_offered_and_grouped(desk: Desk) -> None:
    ann, ben = {"requester_email": "ann@c.example"}, {"requester_email": "ben@c.example"}
    first = await desk.new_ticket(custom_fields={"order": "4711"}, subject="Delivery", **ann)
    same_order = await desk.new_ticket(custom_fields={"order": "4711"}, **ben)
    same_person = await desk.new_ticket(**ann)
    await desk.new_ticket(custom_fields={"order": "4712"}, **ben)
    over = await desk.new_ticket(**ann)
    await (await desk.client()).resolve_ticket(over.id)
    family = await desk.family()
    offered = await family.list_relatives(first.id)
    assert [ticket.id for ticket in offered] == [same_person.id, same_order.id]
    parent = await family.group_tickets([first.id, *(ticket.id for ticket in offered)], request_id="g")
    assert (parent.subject, parent.children, parent.requester.email) == ("Delivery", Children(3, 3), "ann@c.example")
    assert (await family.group_tickets([first.id, *(ticket.id for ticket in offered)], request_id="g")).id == parent.id
    assert await family.list_relatives(first.id) == ()
    with pytest.raises(Invalid):
        await family.group_tickets([first.id])


async def test_a_bulk_links_and_unlinks_and_takes_it_back(desk: Desk) -> None:
    parent, tickets = await desk.new_ticket(), [await desk.new_ticket() for _ in range(3)]
    client, bulks = await desk.desk_client(), await desk.bulk_client()

    async def ran(job_id: UUID) -> tuple[int, int]:
        while not (await bulks.run_bulk_page(job_id)).finished:
            pass
        job = await client.get_bulk_job(job_id)
        return job.done, job.failed

    ids = [ticket.id for ticket in tickets]
    job = await client.change_tickets(
        TicketChange(BulkAct.SET_PARENT, parent_id=parent.id), ticket_ids=[*ids, parent.id]
    )
    assert await ran(job.id) == (3, 1)
    assert (await present(desk, parent)).children.total == 3
    undo = await client.undo_bulk_job(job.id)
    assert await ran(undo.id) == (3, 0)
    assert (await present(desk, parent)).children.total == 0
    again = await client.change_tickets(TicketChange(BulkAct.SET_PARENT, parent_id=parent.id), ticket_ids=ids)
    assert await ran(again.id) == (3, 0)
    out = await client.change_tickets(TicketChange(BulkAct.REMOVE_PARENT), ticket_ids=ids)
    assert await ran(out.id) == (3, 0)
    assert await ran((await client.undo_bulk_job(out.id)).id) == (3, 0)
    assert (await present(desk, parent)).children.total == 3
    with pytest.raises(Invalid):
        await client.change_tickets(TicketChange(BulkAct.SET_PARENT), ticket_ids=ids)


async def test_a_page_of_links_counts_the_children_of_their_parent_once(database_url: DatabaseUrl) -> None:
    url = await database_url("tickets")
    async with running_desk(url) as desk, ListingDatabase(url, schema="tickets") as database:
        parent, tickets = await desk.new_ticket(), [await desk.new_ticket() for _ in range(3)]
        change = TicketChange(BulkAct.SET_PARENT, parent_id=parent.id)
        job = await (await desk.desk_client()).change_tickets(change, ticket_ids=[ticket.id for ticket in tickets])
        assert (await BulkStore(database, lambda: None).run_bulk_page(job.id, role=Role.AGENT)).handled == 3
        # Whoever locks a ticket reads it with its children counted.
        assert database.ran.count(("lock_ticket", parent.id)) == 1
        assert (await present(desk, parent)).children.total == 3


async def test_cascades_are_carried_out_by_our_own_workers_alone(desk: Desk) -> None:
    parent, _ = await family_of(desk, 1)
    await (await desk.client()).close_ticket(parent.id)
    for who in (AGENT, ADMIN):
        with pytest.raises(Forbidden):
            await (await desk.family(who)).run_cascade_page(UUID(int=1))
    with pytest.raises(NotFound):
        await (await desk.family(RELAY)).run_cascade_page(UUID(int=1))
    assert (await present(desk, parent)).status is TicketStatus.CLOSED


async def test_a_cascade_is_taken_back_once_within_an_hour_and_later_as_long_as_its_parent_is_open(desk: Desk) -> None:
    parent, (child,) = await family_of(desk, 1)
    families, admin = await desk.family(ADMIN), await desk.client(ADMIN)

    async def refusal(cascade_id: UUID) -> str:
        with pytest.raises(InvalidTransition) as refused:
            await families.undo_cascade(cascade_id)
        return refused.value.reason

    await admin.resolve_ticket(parent.id)
    begun = await newest_cascade(desk, parent)
    # Somebody changed the parent since, which taking the cascade back does not undo: so it is to end first.
    await admin.close_ticket(parent.id)
    assert await refusal(begun.id) == "NOT_FINISHED"
    await run_cascades(desk, parent)
    desk.clock.skipped = UNDO_WINDOW + timedelta(minutes=1)
    assert await refusal(begun.id) == "TOO_LATE"
    await admin.reopen_ticket(parent.id)
    closed = await newest_cascade(desk, parent)
    undo = await families.undo_cascade(closed.id)
    assert [await refusal(each.id) for each in (closed, undo)] == ["ALREADY_UNDONE", "NOT_UNDOABLE"]
    await run_cascades(desk, parent)
    assert await statuses(desk, parent, child) == ["open", "resolved"]


async def test_a_child_that_cannot_be_handled_is_put_aside_and_the_others_are_closed(desk: Desk) -> None:
    parent, children = await family_of(desk, 3)
    worker, families = await desk.family(RELAY), await desk.family()
    poisoned, *others = children
    # What only another release can read.
    await desk.rows("UPDATE tickets SET channel = 'telepathy' WHERE id = %(id)s", id=poisoned.id)
    await (await desk.client()).close_ticket(parent.id)
    begun = await newest_cascade(desk, parent)
    with pytest.raises(InvalidTransition) as refused:
        await families.retry_cascade(begun.id)
    assert refused.value.reason == "NOTHING_FAILED"
    for _ in range(MOST_TRIES - 1):
        with pytest.raises(DuradeskError):
            await worker.run_cascade_page(begun.id)
    assert not (await worker.run_cascade_page(begun.id)).finished
    await run_cascades(desk, parent)
    assert await statuses(desk, parent, *others) == ["closed"] * 3
    ended = await families.get_cascade(begun.id)
    assert (ended.state, ended.done, ended.failed) == (CascadeState.DONE, 2, 1)
    assert problems(ended) == {poisoned.number: (ChildOutcome.FAILED, FAILED_AGAIN)}

    await desk.rows("UPDATE tickets SET channel = 'grpc' WHERE id = %(id)s", id=poisoned.id)
    assert (await families.retry_cascade(begun.id)).state is CascadeState.RUNNING
    await run_cascades(desk, parent)
    again = await families.get_cascade(begun.id)
    assert (again.state, again.done, again.failed) == (CascadeState.DONE, 3, 0)
    assert await statuses(desk, parent, *children) == ["closed"] * 4
    await (await desk.client(ADMIN)).reopen_ticket(parent.id)
    with pytest.raises(InvalidTransition) as refused:
        await families.retry_cascade(begun.id)
    assert refused.value.reason == "PARENT_IS_OPEN"
