"""The tree of categories: what it refuses, what it brings to tickets, and that tickets keep theirs."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from services.domain.categories import DEEPEST, Category, CategoryFields
from services.domain.errors import AlreadyExists, Conflict, Forbidden, Invalid, InvalidTransition, NotFound
from services.domain.ticket import EventKind, Priority
from tests.contract.tickets.desk import ADMIN, AGENT, MAIL, Desk

BILLING, RETURNS = UUID(int=1), UUID(int=2)


async def make(desk: Desk, name: str, **fields: Any) -> Category:
    return await (await desk.categories()).create_category(CategoryFields(name, **fields))


async def tree(desk: Desk) -> tuple[Category, Category]:
    """Orders, which brings a team and a priority, and Refunds below it, which brings a priority of its own."""
    orders = await make(desk, "Orders", team_id=BILLING, priority=Priority.LOW)
    return orders, await make(desk, "Refunds", parent_id=orders.id, priority=Priority.HIGH)


async def test_a_new_ticket_gets_team_and_priority_of_its_category_in_its_first_event(desk: Desk) -> None:
    _, refunds = await tree(desk)
    for named in (str(refunds.id), "refunds", "Orders / Refunds", "ORDERS/refunds"):
        ticket = await desk.new_ticket(category=named)
        assert (ticket.category_id, ticket.team_id, ticket.priority) == (refunds.id, BILLING, Priority.HIGH)
    (event,) = (await (await desk.client()).list_events(ticket.id))[0]
    assert event.reason == "the category Orders / Refunds brings its team and priority"
    assert {change.field for change in event.changes} >= {"category_id", "team_id", "priority"}
    urgent = await desk.new_ticket(category="refunds", priority=Priority.URGENT)
    assert (urgent.team_id, urgent.priority) == (BILLING, Priority.URGENT)
    assert (await desk.new_ticket()).priority is Priority.NORMAL


async def test_a_category_given_by_hand_brings_what_nobody_named_as_one_change(desk: Desk) -> None:
    orders, refunds = await tree(desk)
    ticket, client = await desk.new_ticket(), await desk.client()
    ticket = await client.update_ticket(ticket.id, {"category_id": refunds.id})
    assert (ticket.version, ticket.team_id, ticket.priority) == (2, BILLING, Priority.HIGH)
    # It is so already: what somebody changed since stays.
    ticket = await client.update_ticket(ticket.id, {"priority": Priority.URGENT})
    assert (await client.update_ticket(ticket.id, {"category_id": refunds.id})).priority is Priority.URGENT
    ticket = await client.update_ticket(ticket.id, {"category_id": orders.id, "priority": Priority.NORMAL})
    assert ticket.priority is Priority.NORMAL
    ticket = await client.update_ticket(ticket.id, {"category_id": None})
    assert (ticket.category_id, ticket.team_id, ticket.priority) == (None, BILLING, Priority.NORMAL)
    events = (await client.list_events(ticket.id))[0][1:]
    assert [(event.kind, event.reason) for event in events] == [
        (EventKind.TICKET_UPDATED, "the category Orders / Refunds brings its team and priority"),
        (EventKind.TICKET_UPDATED, ""),
        (EventKind.TICKET_UPDATED, "the category Orders brings its team"),
        (EventKind.TICKET_UPDATED, ""),
    ]


async def test_an_archived_category_stays_on_its_tickets_and_is_given_to_no_other(desk: Desk) -> None:
    orders, refunds = await tree(desk)
    ticket, client, categories = await desk.new_ticket(category="refunds"), await desk.client(), await desk.categories()
    await categories.update_category(orders.id, {"archived": True})
    assert [category.archived for category in await categories.list_categories()] == [True, True]
    assert (await client.get_ticket(ticket.id)).category_id == refunds.id
    assert len((await client.list_tickets(filter="category:Refunds"))[0]) == 1
    for wrong in ("refunds", str(refunds.id), "nothing", str(uuid4())):
        with pytest.raises(Invalid, match="category"):
            await desk.new_ticket(category=wrong)
    other = await desk.new_ticket()
    with pytest.raises(Invalid, match="archived"):
        await client.update_ticket(other.id, {"category_id": refunds.id})
    # Its other fields go on being changed.
    assert (await client.update_ticket(ticket.id, {"type": "question"})).type == "question"
    with pytest.raises(InvalidTransition, match="restore that first"):
        await categories.update_category(refunds.id, {"archived": False})
    for category in (orders, refunds):
        await categories.update_category(category.id, {"archived": False})
    assert (await desk.new_ticket(category="refunds")).category_id == refunds.id


async def test_a_moved_category_takes_those_below_it_along_and_tickets_stay(desk: Desk) -> None:
    orders, refunds = await tree(desk)
    partial = await make(desk, "Partial", parent_id=refunds.id)
    ticket, client, categories = await desk.new_ticket(category="partial"), await desk.client(), await desk.categories()
    money = await make(desk, "Money")
    await categories.update_category(refunds.id, {"parent_id": money.id})
    known = {category.name: category.path for category in await categories.list_categories()}
    assert known["Partial"] == (money.id, refunds.id, partial.id)
    for filter_, found in (("category_tree:Orders", 0), ("category_tree:money", 1), ("category:money", 0)):
        tickets, _ = await client.list_tickets(filter=filter_)
        assert [one.id for one in tickets] == [ticket.id] * found
    # What comes from above comes from the new place, for tickets that get it from now on.
    assert (await desk.new_ticket(category="partial")).team_id is None
    assert (await client.get_ticket(ticket.id)).team_id == BILLING
    await categories.update_category(refunds.id, {"parent_id": None})
    assert {category.name: category.path for category in await categories.list_categories()}["Partial"] == (
        refunds.id,
        partial.id,
    )
    assert orders.path == (orders.id,)


async def test_the_tree_has_no_circle_no_twins_and_no_more_than_five_levels(desk: Desk) -> None:
    orders, refunds = await tree(desk)
    categories = await desk.categories()
    for parent in (orders.id, refunds.id):
        with pytest.raises(Invalid, match="itself or one below"):
            await categories.update_category(orders.id, {"parent_id": parent})
    with pytest.raises(AlreadyExists, match="at this place"):
        await make(desk, "REFUNDS", parent_id=orders.id)
    for wrong in ("", "a/b", "x" * 101):
        with pytest.raises(Invalid, match="name"):
            await make(desk, wrong)
    with pytest.raises(Invalid, match="does not exist"):
        await make(desk, "Lost", parent_id=uuid4())
    deepest = refunds
    for level in range(3, DEEPEST + 1):
        deepest = await make(desk, f"Level {level}", parent_id=deepest.id)
    with pytest.raises(Invalid, match="too far down"):
        await make(desk, "Deeper", parent_id=deepest.id)
    top = await make(desk, "Top")
    with pytest.raises(Invalid, match="too far down"):
        await categories.update_category(orders.id, {"parent_id": top.id})
    await make(desk, "Refunds")
    with pytest.raises(Invalid, match="the name of several"):
        await desk.new_ticket(category="refunds")
    assert (await desk.new_ticket(category="orders/refunds")).category_id == refunds.id


async def test_only_who_keeps_the_settings_changes_the_tree(desk: Desk) -> None:
    orders, _ = await tree(desk)
    for principal in (AGENT, MAIL):
        categories = await desk.categories(principal)
        assert len(await categories.list_categories()) == 2
        with pytest.raises(Forbidden):
            await categories.create_category(CategoryFields("Mine"))
        with pytest.raises(Forbidden):
            await categories.update_category(orders.id, {"name": "Mine"})
    categories = await desk.categories(ADMIN)
    with pytest.raises(NotFound):
        await categories.update_category(uuid4(), {"name": "Nothing"})
    changed = await categories.update_category(orders.id, {"name": "Sales"}, expected_version=1)
    assert (changed.name, changed.version) == ("Sales", 2)
    with pytest.raises(Conflict):
        await categories.update_category(orders.id, {"name": "Orders"}, expected_version=1)
    same = [await categories.create_category(CategoryFields("Once"), request_id="once") for _ in range(2)]
    assert same[0] == same[1]
