"""To whom tickets may be given, and who may be a customer: the same at every door."""

from uuid import UUID, uuid4

import pytest

from services.domain.bulk import BulkAct, TicketChange
from services.domain.errors import Invalid
from tests.contract.tickets.desk import Desk


async def test_nothing_is_given_to_somebody_who_is_no_active_member_of_the_staff(desk: Desk) -> None:
    ticket, gone, client = await desk.new_ticket(), uuid4(), await desk.client()
    await client.assign_ticket(ticket.id, assignee_id=gone)
    desk.staff.gone.add(gone)
    refused = "must be an active member of the staff"
    with pytest.raises(Invalid, match=refused):
        await client.assign_ticket(ticket.id, assignee_id=gone)
    change, desk_client = TicketChange(BulkAct.ASSIGN, assignee_id=gone), await desk.desk_client()
    with pytest.raises(Invalid, match=refused):
        await desk_client.change_tickets(change, ticket_ids=[ticket.id])
    with pytest.raises(Invalid, match=refused):
        await (await desk.followers()).add_colleague(ticket.id, gone)
    # Another team may get it all the same.
    moved = await client.assign_ticket(ticket.id, assignee_id=..., team_id=UUID(int=1))
    assert (moved.assignee_id, moved.team_id) == (gone, UUID(int=1))


async def test_a_brand_is_no_customer(desk: Desk) -> None:
    ticket = await desk.new_ticket()
    for email in ("support@localhost", "Support+anything@localhost"):
        with pytest.raises(Invalid, match="is an address of a brand") as refusal:
            await desk.new_ticket(requester_email=email)
        assert refusal.value.reason == "OWN_ADDRESS"
        with pytest.raises(Invalid, match="is an address of a brand"):
            await (await desk.followers()).add_customer(ticket.id, email)
