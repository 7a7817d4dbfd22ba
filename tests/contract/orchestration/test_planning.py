"""Planning anew in the database: each ticket tells of which revision its plan is, and what moves waits at a pace."""

from dataclasses import replace
from uuid import UUID

import pytest

from services.domain.clocks.replan import MeasuredTicket, Replanned, replan
from services.domain.ticket import EventKind
from services.tickets.store import planning
from tests.contract.orchestration.desk import Desk
from tests.contract.orchestration.test_clocks import advance
from tests.unit.clocks.test_changed_levels import other_levels

FIRST_REVISION, SECOND_REVISION = 1, 2


async def planned(desk: Desk) -> UUID:
    """A ticket whose plan is of the first revision."""
    desk.routing = replace(desk.routing, service_levels_revision=FIRST_REVISION)
    ticket_id = await desk.new_ticket()
    await advance(desk, ticket_id)
    return ticket_id


async def outdated(desk: Desk) -> list[MeasuredTicket]:
    async with desk.database.transaction() as conn:
        return list((await planning.list_outdated(conn, revision=SECOND_REVISION)).tickets)


async def replanned(desk: Desk, *tickets: Replanned) -> int:
    async with desk.database.transaction() as conn:
        return await planning.replan_tickets(conn, revision=SECOND_REVISION, tickets=tickets)


@pytest.mark.parametrize(("minutes", "nudged"), [(120, 1), (60, 0)])
async def test_a_ticket_is_nudged_when_its_plan_moves_and_noted_when_it_does_not(
    desk: Desk, minutes: int, nudged: int
) -> None:
    ticket_id = await planned(desk)
    (measured,) = await outdated(desk)
    assert (measured.ticket.id, measured.ticket.planned_revision) == (ticket_id, FIRST_REVISION)
    now = await desk.clock.instant()
    assert await replanned(desk, replan(measured, other_levels(minutes), now=now)) == nudged
    assert await outdated(desk) == [], "it is on its way, or of the revision"


async def test_what_is_decided_meanwhile_is_of_the_revision_and_says_what_moved(desk: Desk) -> None:
    ticket_id = await planned(desk)
    desk.routing = replace(desk.routing, service_levels_revision=SECOND_REVISION)
    await advance(desk, ticket_id, other_levels(120))
    assert await outdated(desk) == []
    rows = await desk.rows("SELECT kind, reason FROM events WHERE ticket_id = %(id)s ORDER BY seq", id=ticket_id)
    assert rows[-1]["kind"] == EventKind.SERVICE_LEVELS_CHANGED
    assert "limit of first response moves from" in rows[-1]["reason"]


async def test_a_ticket_that_changed_since_it_was_looked_at_is_left_for_the_next_look(desk: Desk) -> None:
    ticket_id = await planned(desk)
    (measured,) = await outdated(desk)
    stale = Replanned(ticket_id, measured.ticket.version - 1, moves=False)
    assert await replanned(desk, stale, replace(stale, moves=True)) == 0
    assert [each.ticket.id for each in await outdated(desk)] == [ticket_id]
