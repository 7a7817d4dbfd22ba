"""Tickets as changed service levels concern them: what is measured of each, and which are still to be planned anew."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from services.domain.clocks.model import Clock
from services.domain.clocks.replan import MeasuredTicket, MeasuredTickets, Replanned
from services.tickets.convert import due_of
from services.tickets.store.clocks import clock_of
from services.tickets.store.decisions import ticket_facts_of
from services.tickets.store.events import PACED_RANK, Connection
from services.tickets.store.statements import QUERIES

# Of one page.
PAGE = 100
# Of those that wait to be planned anew at any time.
_WAITING = 200


async def list_measured(conn: Connection, *, after: UUID) -> MeasuredTickets:
    """Open tickets that are measured, by id, from the one after `after`; the token is the last one's id."""
    rows = await (await conn.execute(QUERIES["list_measured"], {"after_id": after, "most": PAGE})).fetchall()
    page = await _measured(conn, [row["id"] for row in rows])
    return replace(page, next_page_token=str(rows[-1]["id"]) if len(rows) == PAGE else "")


async def list_outdated(conn: Connection, *, revision: int) -> MeasuredTickets:
    """Open tickets whose plan is of an earlier revision, soonest due first, as far as there is room for them."""
    parameters = {"revision": revision, "page": PAGE, "most": _WAITING, "rank": PACED_RANK}
    rows = await (await conn.execute(QUERIES["list_outdated"], parameters)).fetchall()
    return await _measured(conn, [row["id"] for row in rows])


async def replan_tickets(conn: Connection, *, revision: int, tickets: Sequence[Replanned]) -> int:
    """Nudge those whose plan moves, and note the revision of the others; how many were nudged."""
    same = [each for each in tickets if not each.moves]
    parameters = {"ticket_ids": [each.ticket_id for each in same], "versions": [each.version for each in same]}
    await conn.execute(QUERIES["keep_planned_revision"], {**parameters, "revision": revision})
    moved = [each for each in tickets if each.moves]
    parameters = {"ticket_ids": [each.ticket_id for each in moved], "versions": [each.version for each in moved]}
    nudged = {**parameters, "due_ats": [each.due_at for each in moved], "rank": PACED_RANK}
    return (await conn.execute(QUERIES["nudge_replanned"], nudged)).rowcount


async def _measured(conn: Connection, ticket_ids: list[UUID]) -> MeasuredTickets:
    parameters = {"ticket_ids": ticket_ids}
    rows = await (await conn.execute(QUERIES["list_clocks_of_tickets"], parameters)).fetchall()
    clocks: defaultdict[UUID, list[Clock]] = defaultdict(list)
    for row in rows:
        clocks[row.pop("ticket_id")].append(clock_of(row))
    found = await (await conn.execute(QUERIES["get_measured"], parameters)).fetchall()
    now = await (await conn.execute(QUERIES["read_instant"])).fetchone()
    assert now is not None
    return MeasuredTickets(tuple(_measured_of(row, clocks[row["id"]]) for row in found), now["now"])


def _measured_of(row: Mapping[str, Any], clocks: Iterable[Clock]) -> MeasuredTicket:
    facts = ticket_facts_of(row, fields=())  # no policy asks for one
    planned = (due_of({**due, "due_at": datetime.fromisoformat(due["due_at"])}) for due in row["planned"])
    return MeasuredTicket(facts, row["brand_id"], tuple(clocks), tuple(row["fired"]), tuple(planned))
