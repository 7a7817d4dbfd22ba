"""The outbox: urgent first, never more than the window, nothing forgotten, claimers woken at once."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from psycopg import AsyncConnection
from structlog.testing import capture_logs

from services.domain.decision import Nudge
from services.domain.errors import Invalid
from services.domain.ticket import Priority, TicketStatus
from tests.contract.orchestration.conftest import OpenDesk
from tests.contract.orchestration.desk import Desk, running_desk
from tests.postgres import Postgres

NOT_AT_ALL = timedelta()
SECOND = timedelta(seconds=1)


async def claim(
    desk: Desk, *, window: int = 12, urgent_places: int = 0, wait: timedelta = NOT_AT_ALL
) -> tuple[Nudge, ...]:
    return await desk.client.claim_outbox(window=window, urgent_places=urgent_places, wait=wait)


async def claimed_ids(desk: Desk, *, window: int = 12, urgent_places: int = 0) -> list[UUID]:
    return [nudge.ticket_id for nudge in await claim(desk, window=window, urgent_places=urgent_places)]


async def claim_and_signal(desk: Desk, *, window: int = 12) -> list[UUID]:
    """Claim, and say with the next call, which finds no place, that the signals went out."""
    ids = await claimed_ids(desk, window=window)
    if ids:
        assert await desk.client.claim_outbox(window=1, urgent_places=0, wait=NOT_AT_ALL, signalled=ids) == ()
    return ids


async def pass_time(desk: Desk, seconds: int) -> None:
    """As if the rows had been signalled that much earlier."""
    await desk.rows(
        "UPDATE outbox SET signalled_at = signalled_at - %(span)s, retry_at = retry_at - %(span)s",
        span=timedelta(seconds=seconds),
    )


async def seconds_to_next_try(desk: Desk) -> int:
    """Of the row that was claimed."""
    row = await desk.row(
        "SELECT extract(epoch FROM retry_at - signalled_at) AS seconds FROM outbox WHERE signalled_at IS NOT NULL"
    )
    seconds: int = round(row["seconds"])
    return seconds


async def begin_claim(desk: Desk, *, window: int = 12) -> asyncio.Task[tuple[Nudge, ...]]:
    """A claim that has begun to look and waits if there is nothing."""
    desk.wakeup.looked.clear()
    task = asyncio.create_task(claim(desk, window=window, wait=20 * SECOND))
    await desk.wakeup.looked.wait()
    return task


async def listening(url: str, *, connections: int) -> None:
    """Return once that many connections listen; the server shows only to its owner who they are."""
    statement = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN %%'"
        " HAVING count(*) = %(connections)s"
    )
    async with asyncio.timeout(60), await AsyncConnection.connect(url, autocommit=True) as connection:
        while await (await connection.execute(statement, {"connections": connections})).fetchone() is None:
            await connection.execute("SELECT pg_sleep(0.02)")


async def test_a_nudge_says_what_the_workflow_needs_to_start(desk: Desk) -> None:
    ticket_id = await desk.new_ticket(priority=Priority.HIGH)
    number = (await desk.row("SELECT number FROM tickets"))["number"]
    (nudge,) = await claim(desk)
    assert (nudge.ticket_id, nudge.number, nudge.brand_name) == (ticket_id, number, "Support")
    assert (nudge.status, nudge.priority, nudge.next_due_at) == (TicketStatus.NEW, Priority.HIGH, None)


async def test_urgent_and_soonest_due_come_first(desk: Desk) -> None:
    low = await desk.new_ticket(priority=Priority.LOW)
    first, second, due = [await desk.new_ticket() for _ in range(3)]
    urgent = await desk.new_ticket(priority=Priority.URGENT)
    await desk.rows("UPDATE outbox SET due_at = now() WHERE ticket_id = %(id)s", id=due)
    assert await claimed_ids(desk) == [urgent, due, first, second, low]


async def test_a_claimed_ticket_is_not_claimed_again_before_its_time(desk: Desk) -> None:
    await desk.new_ticket()
    assert len(await claim_and_signal(desk)) == 1
    assert await seconds_to_next_try(desk) == 30
    assert await claim(desk) == ()
    await pass_time(desk, 30)
    assert len(await claim(desk)) == 1


async def test_a_claim_that_is_cut_before_its_signal_costs_seconds(desk: Desk) -> None:
    tickets = [await desk.new_ticket() for _ in range(2)]
    assert await claimed_ids(desk, window=1) == tickets[:1]
    assert await seconds_to_next_try(desk) == 6
    assert await claimed_ids(desk, window=1) == []
    await pass_time(desk, 6)
    assert await claim_and_signal(desk, window=1) == tickets[:1]
    assert await seconds_to_next_try(desk) == 30
    assert await claimed_ids(desk, window=1) == []


async def test_a_signal_that_is_confirmed_late_takes_no_place_from_what_came_since(desk: Desk) -> None:
    ticket_id = await desk.new_ticket()
    await claim(desk)
    await desk.agent_replies(ticket_id)
    await desk.advance(ticket_id)
    await desk.customer_replies(ticket_id)
    late = await desk.client.claim_outbox(window=12, urgent_places=0, wait=NOT_AT_ALL, signalled=[ticket_id])
    assert [nudge.ticket_id for nudge in late] == [ticket_id]


async def test_an_unanswered_row_is_tried_less_and_less_often(desk: Desk) -> None:
    await desk.new_ticket()
    waits = []
    for _ in range(9):
        assert len(await claim_and_signal(desk)) == 1
        waits.append(await seconds_to_next_try(desk))
        await pass_time(desk, waits[-1])
    assert waits == [30, 30, 60, 120, 240, 480, 600, 600, 600]


async def test_a_row_that_is_never_answered_is_said_to_be_parked_once(desk: Desk) -> None:
    ticket_id = await desk.new_ticket()
    with capture_logs() as logs:
        for _ in range(10):
            assert len(await claim(desk)) == 1
            await pass_time(desk, 600)
    parked = [line for line in logs if line["event"] == "outbox.parked"]
    assert [line["ticket_id"] for line in parked] == [str(ticket_id)]


async def test_no_more_are_claimed_than_the_window_has_places(desk: Desk) -> None:
    tickets = [await desk.new_ticket() for _ in range(5)]
    assert await claimed_ids(desk, window=3) == tickets[:3]
    assert await claimed_ids(desk, window=3) == []
    await desk.advance(tickets[1])
    assert await claimed_ids(desk, window=3) == [tickets[3]]


async def test_a_row_unanswered_for_10_seconds_gives_its_place_away(desk: Desk) -> None:
    tickets = [await desk.new_ticket() for _ in range(2)]
    assert await claim_and_signal(desk, window=1) == tickets[:1]
    assert await claimed_ids(desk, window=1) == []
    await pass_time(desk, 10)
    # Its next try is due in 20 s; until then the place is for the other.
    assert await claimed_ids(desk, window=1) == tickets[1:]


async def test_urgent_places_are_taken_by_urgent_tickets_alone(desk: Desk) -> None:
    tickets = [await desk.new_ticket() for _ in range(5)]
    assert await claimed_ids(desk, window=4, urgent_places=2) == tickets[:2]
    urgent = [await desk.new_ticket(priority=Priority.URGENT) for _ in range(3)]
    assert await claimed_ids(desk, window=4, urgent_places=2) == urgent[:2]
    assert await claimed_ids(desk, window=4, urgent_places=2) == []


async def test_concurrent_claimers_never_overfill_the_window_and_share_no_ticket(open_desk: OpenDesk) -> None:
    desks = [await open_desk() for _ in range(3)]
    for _ in range(40):
        await desks[0].new_ticket()
    answers = await asyncio.gather(*(claim(desk, window=16) for desk in desks * 3))
    ids = [nudge.ticket_id for nudges in answers for nudge in nudges]
    assert len(ids) == len(set(ids)) == 16


async def test_released_rows_are_claimed_again_as_if_for_the_first_time(desk: Desk) -> None:
    ticket_id = await desk.new_ticket()
    await claim(desk)
    await desk.client.release_outbox([ticket_id])
    assert (await desk.row("SELECT attempts, retry_at FROM outbox")) == {"attempts": 0, "retry_at": None}
    assert await claimed_ids(desk) == [ticket_id]
    assert (await desk.row("SELECT attempts FROM outbox"))["attempts"] == 1


async def test_an_event_during_the_decision_is_signalled_anew_at_once(desk: Desk) -> None:
    ticket_id = await desk.new_ticket()
    await claim(desk)
    await desk.agent_replies(ticket_id)
    assert await claim(desk) == ()
    await desk.advance(ticket_id)
    assert await desk.rows("SELECT * FROM outbox") == []
    await desk.customer_replies(ticket_id)
    assert await claimed_ids(desk) == [ticket_id]


@pytest.mark.parametrize(("window", "urgent_places"), [(0, 0), (-1, 0), (1001, 0), (4, 4), (4, -1)])
async def test_a_window_that_could_never_work_is_refused(desk: Desk, window: int, urgent_places: int) -> None:
    with pytest.raises(Invalid):
        await claim(desk, window=window, urgent_places=urgent_places)


async def test_a_waiting_claimer_is_told_of_a_ticket_that_another_process_committed(url: str) -> None:
    # It would look by itself only after its wait is over, and be answered with nothing.
    async with running_desk(url) as here, running_desk(url, look_seconds=600) as there:
        await listening(url, connections=2)
        for _ in range(3):
            waiting = await begin_claim(there)
            ticket_id = await here.new_ticket()
            assert [nudge.ticket_id for nudge in await waiting] == [ticket_id]
            await here.advance(ticket_id)


async def test_a_decision_frees_a_place_for_a_waiting_claimer(desk: Desk) -> None:
    first, second = await desk.new_ticket(), await desk.new_ticket()
    assert await claimed_ids(desk, window=1) == [first]
    waiting = await begin_claim(desk, window=1)
    await desk.advance(first)
    assert [nudge.ticket_id for nudge in await waiting] == [second]


async def test_a_claim_that_finds_nothing_ends_with_its_wait(desk: Desk) -> None:
    began = asyncio.get_running_loop().time()
    assert await claim(desk, wait=SECOND / 5) == ()
    assert asyncio.get_running_loop().time() - began >= 0.2


async def test_a_row_that_becomes_due_by_time_is_found_while_waiting(desk: Desk) -> None:
    await desk.new_ticket()
    await claim(desk)
    await desk.rows("UPDATE outbox SET retry_at = clock_timestamp() + interval '300 milliseconds'")
    assert len(await claim(desk, wait=20 * SECOND)) == 1


async def test_waking_goes_on_after_postgresql_was_restarted(open_desk: OpenDesk, postgres: Postgres) -> None:
    here, there = await open_desk(), await open_desk()
    postgres.stop()
    postgres.start()

    await listening(there.url, connections=2)
    changed = there.wakeup.next()
    here.wakeup.set()
    async with asyncio.timeout(30):
        await changed.wait()
