"""Brands: checked, versioned, and effective at once for tickets that wait already."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.domain.errors import AlreadyExists, Conflict, Invalid, NotFound
from services.domain.ticket import TicketStatus
from services.tickets.client.tickets import TicketsClient
from tests.conftest import DatabaseUrl
from tests.contract.tickets.desk import ADMIN, Calendars, Desk, running_desk

DAY = timedelta(days=1)
VALUES: dict[str, Any] = {"name": "Shop", "address": "shop@d.example", "auto_close_after": timedelta(hours=36)}


@pytest.fixture
async def admin(desk: Desk) -> TicketsClient:
    return await desk.client(ADMIN)


async def test_brand_is_made_once_and_listed_by_name(desk: Desk, admin: TicketsClient) -> None:
    brand = await admin.create_brand(VALUES, request_id="b1")
    assert await admin.create_brand(VALUES, request_id="b1") == brand
    assert (brand.name, brand.auto_close_after, brand.idle_remind_after) == ("Shop", timedelta(hours=36), None)
    assert [known.name for known in await admin.list_brands()] == ["Shop", "Support"]


@pytest.mark.parametrize("taken", [{"name": "SHOP"}, {"address": "Shop@D.example"}])
async def test_name_and_address_belong_to_one_brand(admin: TicketsClient, taken: dict[str, Any]) -> None:
    await admin.create_brand(VALUES)
    other = {"name": "Other", "address": "other@d.example"}
    with pytest.raises(AlreadyExists, match="exists: choose another"):
        await admin.create_brand(other | taken)
    brand = await admin.create_brand(other)
    with pytest.raises(AlreadyExists, match="exists: choose another"):
        await admin.update_brand(brand.id, taken)


async def test_only_what_is_named_changes_and_none_switches_off(admin: TicketsClient) -> None:
    brand = await admin.create_brand(VALUES | {"idle_resolve_after": DAY})
    updated = await admin.update_brand(brand.id, {"auto_close_after": None, "name": " New "}, expected_version=1)
    assert (updated.name, updated.auto_close_after, updated.idle_resolve_after) == ("New", None, DAY)
    assert updated.version == 2
    assert await admin.update_brand(brand.id, {"name": "New"}) == updated
    with pytest.raises(Conflict, match="at version 2, not 1"):
        await admin.update_brand(brand.id, {"name": "Old"}, expected_version=1)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"address": "shop"}, "address"),
        ({"auto_close_after": timedelta()}, "auto_close_after"),
        ({"idle_remind_after": 2 * DAY, "idle_resolve_after": DAY}, "idle_remind_after"),
        ({"version": 7}, "version"),
    ],
)
async def test_what_makes_no_sense_is_told_by_field(admin: TicketsClient, wrong: dict[str, Any], field: str) -> None:
    brand = await admin.create_brand(VALUES)
    with pytest.raises(Invalid) as caught:
        await admin.update_brand(brand.id, wrong)
    assert list(caught.value.violations) == [field]


async def test_unknown_brand_does_not_exist(admin: TicketsClient) -> None:
    with pytest.raises(NotFound, match="This brand does not exist"):
        await admin.update_brand(uuid4(), {"name": "x"})


async def test_changed_time_has_the_waiting_tickets_of_the_brand_planned_anew(desk: Desk, admin: TicketsClient) -> None:
    brand = await admin.create_brand(VALUES)
    tickets = {}
    for status in (TicketStatus.OPEN, TicketStatus.PENDING, TicketStatus.RESOLVED, TicketStatus.CLOSED):
        ticket = await desk.new_ticket(brand="Shop")
        tickets[status] = (await admin.update_ticket(ticket.id, {"status": status})).id
    elsewhere = await admin.update_ticket((await desk.new_ticket()).id, {"status": TicketStatus.PENDING})
    await desk.rows("DELETE FROM outbox WHERE ticket_id <> %(id)s", id=tickets[TicketStatus.RESOLVED])
    wakeups = desk.wakeups.count
    await admin.update_brand(brand.id, {"name": "Store"})
    assert desk.wakeups.count == wakeups
    await admin.update_brand(brand.id, {"idle_resolve_after": DAY})
    rows = await desk.rows("SELECT ticket_id, seq, rank FROM outbox")
    assert {row["ticket_id"]: (row["seq"], row["rank"]) for row in rows} == {
        tickets[TicketStatus.PENDING]: (2, 4),
        tickets[TicketStatus.RESOLVED]: (2, 2),
    }
    assert elsewhere.id not in {row["ticket_id"] for row in rows}
    assert desk.wakeups.count == wakeups + 1


async def test_more_waiting_tickets_than_a_batch_are_all_planned_anew(desk: Desk, admin: TicketsClient) -> None:
    brand = await admin.create_brand(VALUES)
    ticket = await desk.new_ticket(brand="Shop")
    await desk.rows(
        "INSERT INTO tickets (brand_id, channel, subject, status, status_since, status_epoch, priority, type, tags,"
        " custom_fields, requester_id, version, created_at, updated_at)"
        " SELECT brand_id, channel, subject, 'pending', status_since, status_epoch, priority, type, tags,"
        " custom_fields, requester_id, version, created_at, updated_at FROM tickets, generate_series(1, 1200)"
        " WHERE id = %(id)s",
        id=ticket.id,
    )
    await admin.update_brand(brand.id, {"auto_close_after": DAY})
    row = await desk.row("SELECT count(*) AS nudged FROM outbox WHERE rank = 4")
    assert row["nudged"] == 1200


async def test_a_brand_speaks_one_of_our_languages_and_tells_its_staff_unless_it_says_not(admin: TicketsClient) -> None:
    brand = await admin.create_brand(VALUES)
    assert (brand.language, brand.staff_notices) == ("en", True)
    changed = await admin.update_brand(brand.id, {"language": "cs", "staff_notices": False})
    assert (changed.language, changed.staff_notices) == ("cs", False)
    with pytest.raises(Invalid, match="language must be one of en, cs, it, fi"):
        await admin.update_brand(brand.id, {"language": "xx"})


async def test_a_calendar_that_does_not_exist_is_refused_at_every_door(database_url: DatabaseUrl) -> None:
    calendars = Calendars()
    async with running_desk(await database_url("tickets"), calendars=calendars) as desk:
        admin = await desk.client(ADMIN)
        known, unknown = uuid4(), uuid4()
        calendars.ids.add(known)
        brand = await admin.create_brand(VALUES | {"calendar_id": known})
        with pytest.raises(Invalid, match="must be a calendar that exists, or none") as refused:
            await admin.update_brand(brand.id, {"calendar_id": unknown})
        assert set(refused.value.violations) == {"calendar_id"}
        with pytest.raises(Invalid, match="must be a calendar that exists, or none"):
            await admin.create_brand({"name": "Other", "address": "other@d.example", "calendar_id": unknown})
        assert (await admin.update_brand(brand.id, {"calendar_id": None})).calendar_id is None
