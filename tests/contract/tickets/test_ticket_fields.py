"""Typed custom fields at the doors: who defines them, where they are asked for, and what decisions see of them."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from services.domain.bulk import BulkAct, TicketChange
from services.domain.conditions.fields import CUSTOM
from services.domain.errors import AlreadyExists, Conflict, Forbidden, Invalid, InvalidTransition, NotFound
from services.domain.ticket import TicketStatus
from services.domain.ticket_fields import FieldKind, TicketField, TicketFieldFields
from services.tickets.store.decisions import get_for_decision
from tests.contract.tickets.desk import ADMIN, AGENT, MAIL, Desk, customer, new_ticket


async def make(desk: Desk, key: str, kind: FieldKind = FieldKind.TEXT, **said: Any) -> TicketField:
    fields = await desk.ticket_fields()
    return await fields.create_ticket_field(TicketFieldFields(key, key.title(), kind, **said))


async def test_values_are_checked_at_creation_and_change_for_the_fields_of_the_brand(desk: Desk) -> None:
    client = await desk.client(ADMIN)
    shop = await client.create_brand({"name": "Shop", "address": "shop@shop.example"})
    await make(desk, "amount", FieldKind.NUMBER, brand_ids=(shop.id,))
    free = await desk.new_ticket(custom_fields={"anything": "goes"})
    assert free.custom_fields == {"anything": "goes"}
    with pytest.raises(Invalid, match="use amount"):
        await desk.new_ticket(brand="shop", custom_fields={"anything": "goes"})
    ticket = await desk.new_ticket(brand=str(shop.id), custom_fields={"amount": 7.5})
    with pytest.raises(Invalid, match="a number"):
        await client.update_ticket(ticket.id, {"custom_fields": {"amount": "7.5"}})
    assert (await client.update_ticket(ticket.id, {"custom_fields": {"amount": 8}})).custom_fields == {"amount": 8}
    assert [one.id for one in (await client.list_tickets(filter=f"{CUSTOM}amount>7.9"))[0]] == [ticket.id]


async def test_one_field_is_set_without_the_others(desk: Desk) -> None:
    await make(desk, "amount", FieldKind.NUMBER)
    await make(desk, "order")
    ticket, client = await desk.new_ticket(custom_fields={"order": "A-7"}), await desk.client()
    ticket = await client.update_ticket(ticket.id, {"custom_fields.amount": 3, "type": "question"})
    assert (ticket.custom_fields, ticket.type) == ({"order": "A-7", "amount": 3}, "question")
    ticket = await client.update_ticket(ticket.id, {"custom_fields.order": None})
    assert ticket.custom_fields == {"amount": 3}
    with pytest.raises(Invalid, match="no field here"):
        await client.update_ticket(ticket.id, {"custom_fields.colour": "red"})


async def test_a_new_ticket_is_asked_for_what_it_must_have_but_not_a_mail(desk: Desk) -> None:
    await make(desk, "order", required_to_create=True)
    client = await desk.client()
    with pytest.raises(Invalid, match="is required"):
        await client.create_ticket(new_ticket())
    assert (await client.create_ticket(new_ticket(custom_fields={"order": "A-7"}))).custom_fields == {"order": "A-7"}
    assert (await (await desk.client(MAIL)).create_ticket(new_ticket())).custom_fields == {}


async def test_the_staff_cannot_settle_a_ticket_that_lacks_what_it_must_have(desk: Desk) -> None:
    await make(desk, "reason", FieldKind.CHOICE, choices=("Late", "Broken"), required_to_resolve=True)
    ticket, other, client = await desk.new_ticket(), await desk.new_ticket(), await desk.client()
    for act in (
        client.resolve_ticket(ticket.id),
        client.close_ticket(ticket.id),
        client.update_ticket(ticket.id, {"status": TicketStatus.RESOLVED}),
    ):
        with pytest.raises(InvalidTransition, match="the ticket needs Reason") as refused:
            await act
        assert (refused.value.reason, refused.value.metadata) == ("FIELDS_MISSING", {"fields": "reason"})
    job = await (await desk.desk_client()).change_tickets(TicketChange(BulkAct.RESOLVE), ticket_ids=[ticket.id])
    await (await desk.bulk_client()).run_bulk_page(job.id)
    assert (await (await desk.desk_client()).get_bulk_job(job.id)).failed == 1
    both = {"status": TicketStatus.RESOLVED, "custom_fields": {"reason": "late"}}
    assert (await client.update_ticket(ticket.id, both)).custom_fields == {"reason": "Late"}
    # A customer has no form to fill it in.
    assert (await (await desk.client(customer(other))).resolve_ticket(other.id)).status is TicketStatus.RESOLVED


async def test_what_tickets_have_outlives_its_definition(desk: Desk) -> None:
    field = await make(desk, "order")
    await make(desk, "amount", FieldKind.NUMBER)
    ticket, client, fields = (
        await desk.new_ticket(custom_fields={"order": "A-7"}),
        await desk.client(),
        await desk.ticket_fields(),
    )
    await fields.update_ticket_field(field.id, {"archived": True})
    assert (await client.update_ticket(ticket.id, {"custom_fields.amount": 1})).custom_fields == {
        "order": "A-7",
        "amount": 1,
    }
    with pytest.raises(Invalid, match="no field here"):
        await client.update_ticket(ticket.id, {"custom_fields.order": "B-8"})


async def test_a_decision_sees_numbers_choices_and_dates_and_no_text(desk: Desk) -> None:
    await make(desk, "order")
    await make(desk, "reason", FieldKind.CHOICE, choices=("Late",))
    await make(desk, "renewal", FieldKind.DATE)
    values = {"order": "Canary-Order", "reason": "Late", "renewal": "2026-01-31"}
    ticket = await desk.new_ticket(custom_fields=values)
    async with desk.database.transaction() as conn:
        facts = await get_for_decision(conn, ticket.id)
    assert facts.ticket.custom_fields == {"reason": "Late", "renewal": "2026-01-31"}
    assert "Canary" not in repr(facts)


async def test_key_and_kind_of_a_field_never_change(desk: Desk) -> None:
    field, fields = await make(desk, "order"), await desk.ticket_fields()
    for change in ({"key": "other"}, {"kind": FieldKind.NUMBER}):
        with pytest.raises(Invalid, match="cannot change"):
            await fields.update_ticket_field(field.id, change)
    changed = await fields.update_ticket_field(field.id, {"label": "Order number", "position": 3}, expected_version=1)
    assert (changed.label, changed.position, changed.version) == ("Order number", 3, 2)
    with pytest.raises(Conflict):
        await fields.update_ticket_field(field.id, {"label": "Old"}, expected_version=1)
    with pytest.raises(AlreadyExists, match="key"):
        await make(desk, "order")
    with pytest.raises(NotFound):
        await fields.update_ticket_field(uuid4(), {"label": "Nothing"})


async def test_only_who_keeps_the_settings_defines_fields(desk: Desk) -> None:
    field = await make(desk, "order")
    for principal in (AGENT, MAIL):
        fields = await desk.ticket_fields(principal)
        assert [one.id for one in await fields.list_ticket_fields()] == [field.id]
        with pytest.raises(Forbidden):
            await fields.create_ticket_field(TicketFieldFields("mine", "Mine", FieldKind.TEXT))
        with pytest.raises(Forbidden):
            await fields.update_ticket_field(UUID(int=1), {"label": "Mine"})
