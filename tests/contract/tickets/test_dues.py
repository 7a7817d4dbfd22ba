"""What people do to what happens next: move, run now, skip; each is told in the activity."""

from datetime import timedelta
from uuid import UUID

import pytest

from services.domain.errors import Forbidden, Invalid, NotFound
from services.domain.principal import Principal
from services.domain.ticket import EventKind, Ticket
from services.tickets.client.clocks import ClocksClient
from tests.contract.tickets.desk import AGENT, LIGHT_AGENT, Desk, customer

HOUR = timedelta(hours=1)
KEY = "auto_close/1"


async def planned(desk: Desk) -> Ticket:
    """A ticket on which something happens tomorrow."""
    ticket = await desk.new_ticket()
    await desk.rows(
        "INSERT INTO dues (ticket_id, key, kind, due_at, reason)"
        " VALUES (%(id)s, %(key)s, 'auto_close', instant() + interval '1 day', 'resolved for 1 day')",
        id=ticket.id,
        key=KEY,
    )
    return ticket


async def clocks(desk: Desk, principal: Principal = AGENT) -> ClocksClient:
    return ClocksClient(await desk.channel(principal))


async def test_a_due_is_moved_and_moved_again(desk: Desk) -> None:
    ticket, client = await planned(desk), await clocks(desk)
    for hours in (2, 3):
        due_at = await desk.clock.instant() + hours * HOUR
        await client.move_due(ticket.id, KEY, due_at=due_at)
        row = await desk.row("SELECT * FROM moved_dues WHERE ticket_id = %(id)s", id=ticket.id)
        assert (row["key"], row["due_at"], row["moved_by"]) == (KEY, due_at, AGENT.subject)
    event = (await (await desk.client()).list_events(ticket.id))[0][-1]
    assert (event.kind, event.actor, event.cause) == (EventKind.DUE_MOVED, AGENT.subject, f"due {KEY}")
    assert event.reason.endswith("UTC: resolved for 1 day")
    assert (await desk.outbox(ticket.id))["seq"] == event.seq


async def test_a_due_is_run_now(desk: Desk) -> None:
    ticket, client = await planned(desk), await clocks(desk)
    await client.move_due(ticket.id, KEY)
    row = await desk.row("SELECT due_at <= instant() AS is_due FROM moved_dues WHERE ticket_id = %(id)s", id=ticket.id)
    assert row["is_due"]


async def test_a_skipped_due_counts_as_fired_once(desk: Desk) -> None:
    ticket, client = await planned(desk), await clocks(desk)
    await client.skip_due(ticket.id, KEY, request_id="s1")
    await client.skip_due(ticket.id, KEY, request_id="s1")
    assert await desk.row("SELECT key FROM fired_dues WHERE ticket_id = %(id)s", id=ticket.id) == {"key": KEY}
    kinds = [event.kind for event in (await (await desk.client()).list_events(ticket.id))[0]]
    assert kinds == [EventKind.TICKET_CREATED, EventKind.DUE_SKIPPED]


async def test_what_is_not_planned_cannot_be_moved_and_nothing_goes_into_the_past(desk: Desk) -> None:
    ticket, client = await planned(desk), await clocks(desk)
    with pytest.raises(NotFound, match="This due does not exist"):
        await client.skip_due(ticket.id, "auto_close/2")
    for offset in (timedelta(seconds=-1), timedelta(days=732)):
        with pytest.raises(Invalid) as refused:
            await client.move_due(ticket.id, KEY, due_at=await desk.clock.instant() + offset)
        assert set(refused.value.violations) == {"due_at"}


async def test_light_agents_and_customers_change_nothing_of_it(desk: Desk) -> None:
    ticket = await planned(desk)
    await (await desk.client()).assign_ticket(ticket.id, assignee_id=UUID(LIGHT_AGENT.subject))
    for principal in (LIGHT_AGENT, customer(ticket)):
        with pytest.raises(Forbidden):
            await (await clocks(desk, principal)).skip_due(ticket.id, KEY)
    assert await (await clocks(desk, LIGHT_AGENT)).list_clocks(ticket.id) == ()
    with pytest.raises(Forbidden):
        await (await clocks(desk, customer(ticket))).list_clocks(ticket.id)
