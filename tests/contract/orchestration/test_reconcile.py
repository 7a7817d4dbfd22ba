"""Reconciling: what waited too long is nudged, and all that lives can be listed."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from services.domain.errors import Invalid
from services.domain.ticket import EventKind, Priority, TicketStatus
from tests.contract.orchestration.desk import Desk

DAY = timedelta(days=1)
QUARTER_MINUTE = timedelta(seconds=15)


async def decided(desk: Desk, *, pending: bool = False, priority: Priority = Priority.NORMAL) -> UUID:
    """A ticket with nothing to decide."""
    ticket_id = await desk.new_ticket(priority=priority)
    if pending:
        await desk.agent_replies(ticket_id)
    await desk.advance(ticket_id)
    return ticket_id


async def queued(desk: Desk) -> list[UUID]:
    rows = await desk.rows("SELECT ticket_id FROM outbox ORDER BY rank, due_at NULLS LAST, enqueued_at")
    return [row["ticket_id"] for row in rows]


async def lose_outbox(desk: Desk) -> None:
    await desk.rows("DELETE FROM outbox")


async def test_tickets_whose_due_passed_are_nudged_by_the_business_clock(desk: Desk) -> None:
    late = await decided(desk, pending=True)
    await decided(desk)
    assert await desk.client.nudge_overdue(QUARTER_MINUTE) == 0
    desk.clock.skipped = 3 * DAY
    assert await desk.client.nudge_overdue(QUARTER_MINUTE) == 0
    desk.clock.skipped = 3 * DAY + 2 * QUARTER_MINUTE
    assert await desk.client.nudge_overdue(QUARTER_MINUTE) == 1
    assert await queued(desk) == [late]
    assert await desk.client.nudge_overdue(QUARTER_MINUTE) == 0


async def test_undecided_events_without_an_outbox_row_are_nudged(desk: Desk) -> None:
    ticket_id = await desk.new_ticket()
    await decided(desk)
    desk.clock.skipped = 2 * QUARTER_MINUTE
    assert await desk.client.nudge_overdue(QUARTER_MINUTE) == 0
    await lose_outbox(desk)
    assert await desk.client.nudge_overdue(QUARTER_MINUTE) == 1
    assert await queued(desk) == [ticket_id]


async def test_overdue_urgent_tickets_come_first_and_lift_a_paced_nudge(desk: Desk) -> None:
    normal = await decided(desk, pending=True)
    urgent = await decided(desk, pending=True, priority=Priority.URGENT)
    assert await desk.client.nudge_tickets([normal, urgent]) == 2
    assert await queued(desk) == [normal, urgent]
    desk.clock.skipped = 4 * DAY
    assert await desk.client.nudge_overdue(QUARTER_MINUTE) == 2
    assert await queued(desk) == [urgent, normal]


async def test_a_nudge_of_overdue_tickets_takes_the_soonest_thousand(desk: Desk) -> None:
    ticket_id = await decided(desk, pending=True)
    await desk.rows(
        "INSERT INTO tickets (brand_id, channel, subject, status, status_since, status_epoch, priority, type, tags,"
        " custom_fields, requester_id, version, decided_seq, next_due_at, created_at, updated_at)"
        " SELECT brand_id, channel, subject, status, status_since, status_epoch, priority, type, tags,"
        " custom_fields, requester_id, version, decided_seq, next_due_at + n * interval '1 second', created_at,"
        " updated_at FROM tickets, generate_series(1, 1004) n"
    )
    desk.clock.skipped = 4 * DAY
    assert await desk.client.nudge_overdue(QUARTER_MINUTE) == 1000
    assert (await queued(desk))[0] == ticket_id
    assert await desk.client.nudge_overdue(QUARTER_MINUTE) == 5


async def test_nudging_tickets_ignores_unknown_ones_and_closed_ones_with_nothing_left(desk: Desk) -> None:
    open_one, closed, closed_with_mail = [await decided(desk, pending=pending) for pending in (False, False, True)]
    for ticket_id in (closed, closed_with_mail):
        await desk.set_status(ticket_id, EventKind.TICKET_CLOSED, TicketStatus.CLOSED)
        await desk.advance(ticket_id)
    await lose_outbox(desk)
    assert await desk.client.nudge_tickets([open_one, closed, closed_with_mail, uuid4()]) == 2
    assert set(await queued(desk)) == {open_one, closed_with_mail}


async def test_nudging_a_ticket_does_not_wait_for_the_next_try_of_its_row(desk: Desk) -> None:
    ticket_id = await desk.new_ticket()
    await desk.client.claim_outbox(window=1, urgent_places=0, wait=timedelta())
    assert await desk.client.nudge_tickets([ticket_id]) == 1
    assert await desk.client.claim_outbox(window=1, urgent_places=0, wait=timedelta()) == ()
    await desk.rows(
        "UPDATE outbox SET signalled_at = signalled_at - interval '1 minute', retry_at = retry_at + interval '1 hour'"
    )
    assert await desk.client.nudge_tickets([ticket_id]) == 1
    (nudge,) = await desk.client.claim_outbox(window=1, urgent_places=0, wait=timedelta())
    assert nudge.ticket_id == ticket_id


async def test_more_than_a_thousand_tickets_at_once_are_refused(desk: Desk) -> None:
    with pytest.raises(Invalid):
        await desk.client.nudge_tickets([uuid4()] * 1001)


async def test_live_tickets_are_paged_soonest_due_first(desk: Desk) -> None:
    undue = [await decided(desk) for _ in range(2)]
    due = [await decided(desk, pending=True) for _ in range(3)]
    closed = await decided(desk)
    await desk.set_status(closed, EventKind.TICKET_CLOSED, TicketStatus.CLOSED)
    await desk.advance(closed)
    pages: list[tuple[UUID, ...]] = []
    token = ""
    while not pages or token:
        ids, token = await desk.client.list_live_tickets(page_size=2, page_token=token)
        pages.append(ids)
    assert [len(page) for page in pages] == [2, 2, 1]
    listed = [ticket_id for page in pages for ticket_id in page]
    assert listed[:3] == due
    assert set(listed[3:]) == set(undue)


@pytest.mark.parametrize(
    "token", ["x", "é", "c29vbi8xMg==", "MjAyNi0xMy0wMS8wMDAwMDAwMC0wMDAwLTAwMDAtMDAwMC0wMDAwMDAwMDAwMDA="]
)
async def test_a_page_token_that_is_none_of_ours_is_refused(desk: Desk, token: str) -> None:
    with pytest.raises(Invalid):
        await desk.client.list_live_tickets(page_token=token)


async def test_request_ids_are_forgotten_after_thirty_days(desk: Desk) -> None:
    await desk.rows(
        "INSERT INTO requests (caller, method, request_id, digest, created_at)"
        " SELECT 'mail', 'CreateTicket', age::text, '', instant() - age * interval '1 day'"
        " FROM unnest(ARRAY[0, 29, 31, 400]) age"
    )
    assert await desk.client.keep_house() == 2
    assert await desk.client.keep_house() == 0
    kept = await desk.rows("SELECT request_id FROM requests ORDER BY request_id")
    assert [row["request_id"] for row in kept] == ["0", "29"]
