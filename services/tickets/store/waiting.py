"""Who gets a ticket, under locks that keep it fair and below everybody's capacity; and the tickets that wait.

Locks are taken in this order: the ticket, the cursors of teams by id, the desks of people by id.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from services.common.database import Database
from services.domain.assignment import Pick, counts_loads, fits_of, free_of, pick, places_of, waits_behind
from services.domain.decision import Assignment
from services.domain.facts import Facts, WaitingFacts
from services.domain.queue import FreePlace, Load, QueuePlace, Queues, WaitingTicket
from services.domain.routing_facts import Candidate
from services.domain.ticket import Priority, Ticket, TicketStatus
from services.tickets.store.events import RANKS, Connection
from services.tickets.store.outbox import lock_claims
from services.tickets.store.scope import Scope
from services.tickets.store.statements import QUERIES
from services.tickets.store.tickets import read_ticket

# Of one call; the callers come again.
MOST = 1000
# How many tickets are told at once of somebody who takes any number: each that goes to them tells the next one.
_WITHOUT_LIMIT = 20


async def pick_assignee(conn: Connection, assignment: Assignment, ticket: Ticket, facts: Facts) -> Pick:
    """Who gets the ticket; everything that the pick rests upon stays as it is until the transaction ends."""
    choices = [assignment, *([assignment.overflow] if assignment.overflow else [])]
    teams = [choice.team_id for choice in choices if choice.candidates]
    rows = await (await conn.execute(QUERIES["lock_turns"], {"team_ids": sorted(set(teams))})).fetchall()
    turns = {row["team_id"]: row["last_user_id"] for row in rows}
    limited = {each.user_id for choice in choices for each in choice.candidates if each.capacity}
    if limited:
        await conn.execute(QUERIES["lock_desks"], {"user_ids": list(limited)})
    first: Pick | None = None
    for choice in choices:
        found = await _pick_of(conn, choice, ticket, facts, last=turns.get(choice.team_id))
        if found.user_id is not None:
            await conn.execute(QUERIES["keep_turn"], {"team_id": found.team_id, "user_id": found.user_id})
            return found
        first = first or found
    assert first is not None
    return Pick(first.team_id, None, first.reason, fits_of(assignment))


async def _pick_of(
    conn: Connection, assignment: Assignment, ticket: Ticket, facts: Facts, *, last: UUID | None
) -> Pick:
    loads = await _loads(conn, assignment) if counts_loads(assignment) else {}
    free = free_of(assignment, loads)
    places = places_of(free, loads)
    if places and await _is_behind(conn, assignment, ticket, facts, free=free, places=places):
        # Those who go first may not know yet that somebody is free.
        for each in free:
            await conn.execute(QUERIES["free_place"], {"user_id": each.user_id})
        return waits_behind(assignment)
    return pick(assignment, free, loads, last=last)


async def _loads(conn: Connection, assignment: Assignment) -> dict[UUID, int]:
    parameters = {
        "user_ids": [each.user_id for each in assignment.candidates],
        "statuses": list(assignment.counted_statuses),
    }
    rows = await (await conn.execute(QUERIES["count_loads"], parameters)).fetchall()
    return {row["assignee_id"]: row["load"] for row in rows}


async def _is_behind(
    conn: Connection, assignment: Assignment, ticket: Ticket, facts: Facts, *, free: Sequence[Candidate], places: int
) -> bool:
    """Whether as many go before it as there are places."""
    parameters = {
        "team_id": assignment.team_id,
        "ticket_id": ticket.id,
        "user_ids": [each.user_id for each in free],
        "rank": RANKS[ticket.priority],
        "since": waiting_of(facts).since,
        "most": places,
    }
    row = await (await conn.execute(QUERIES["count_waiting_ahead"], parameters)).fetchone()
    assert row is not None
    return bool(row["ahead"] >= places)


def waiting_of(facts: Facts) -> WaitingFacts:
    """Since when the ticket waits, or would from now on."""
    return facts.waiting or WaitingFacts(facts.now, facts.ticket.version)


async def keep_queue(
    conn: Connection, ticket: Ticket, facts: Facts, assignment: Assignment | None, picked: Pick | None
) -> None:
    """Leave the ticket in the queue, or take it out."""
    since: datetime | None = None
    if picked is not None and picked.user_id is None and assignment is not None:
        waiting = waiting_of(facts)
        since = waiting.since
        parameters: dict[str, Any] = {
            "team_id": ticket.team_id,
            "rank": RANKS[ticket.priority],
            "epoch": waiting.epoch,
            "revision": assignment.revision,
        }
        parameters |= {"reason": picked.reason, "fits": list(picked.fits), "since": since}
        await conn.execute(QUERIES["keep_waiting"], {"ticket_id": ticket.id, **parameters})
    elif facts.waiting is None:
        return
    elif ticket.assignee_id is None and not ticket.status.is_settled:
        since = facts.waiting.since
    else:
        await conn.execute(QUERIES["end_waiting"], {"ticket_id": ticket.id})
        if picked is not None and picked.without_limit:
            # As many as wait were not told of somebody who takes any number.
            await conn.execute(QUERIES["free_place"], {"user_id": picked.user_id})
    await conn.execute(QUERIES["show_queued"], {"ticket_id": ticket.id, "since": since})


async def nudge_freed(conn: Connection) -> None:
    """Tell waiting tickets of the people who have one less; the caller holds the lock of the outbox's claims."""
    rows = await (await conn.execute(QUERIES["take_freed_places"])).fetchall()
    places = 0
    for row in rows:
        # Who was told already may go to any of them.
        places += row["places"]
        await conn.execute(QUERIES["nudge_queued"], {"user_id": row["user_id"], "places": places})


async def nudge_queues(
    conn: Connection, free: Sequence[FreePlace], *, revision: int, left_user_ids: Sequence[UUID]
) -> int:
    """Tell as many waiting tickets as there is room for, in the order of the queues; how many."""
    await lock_claims(conn)
    nudged = places = 0
    for place in free:
        parameters = {"user_ids": [place.user_id], "statuses": list(place.counted_statuses)}
        row = await (await conn.execute(QUERIES["count_loads"], parameters)).fetchone()
        room = place.capacity - (row["load"] if row else 0) if place.capacity else _WITHOUT_LIMIT
        if room > 0:
            places += room
            told = await conn.execute(QUERIES["nudge_queued"], {"user_id": place.user_id, "places": places})
            nudged += told.rowcount
    nudged += (await conn.execute(QUERIES["nudge_outdated_queue"], {"revision": revision, "most": MOST})).rowcount
    if left_user_ids:
        left = {"user_ids": list(left_user_ids), "most": MOST}
        nudged += (await conn.execute(QUERIES["nudge_assigned"], left)).rowcount
    return nudged


async def list_queues(conn: Connection) -> Queues:
    """Whether tickets wait, for whom, and who has tickets."""
    waiting = await (await conn.execute(QUERIES["read_is_waiting"])).fetchone()
    assert waiting is not None
    waited_for = await (await conn.execute(QUERIES["list_waited_for"])).fetchall()
    assignees = await (await conn.execute(QUERIES["list_assignees"])).fetchall()
    return Queues(
        waiting["is_waiting"],
        tuple(row["user_id"] for row in waited_for),
        tuple(row["assignee_id"] for row in assignees),
    )


class QueueStore:
    """What people see of the queues."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get_queue_place(self, ticket_id: UUID, *, scope: Scope) -> QueuePlace | None:
        """Where the ticket is; None when it waits for nobody. NotFound."""
        async with self._database.transaction() as conn:
            await read_ticket(conn, ticket_id, scope=scope)
            row = await (await conn.execute(QUERIES["get_queue_place"], {"ticket_id": ticket_id})).fetchone()
        return QueuePlace(**row) if row else None

    async def list_waiting(self, team_id: UUID | None) -> tuple[WaitingTicket, ...]:
        """The queue of a team, or of all."""
        async with self._database.transaction() as conn:
            parameters = {"team_id": team_id, "most": MOST}
            rows = await (await conn.execute(QUERIES["list_waiting"], parameters)).fetchall()
        return tuple(WaitingTicket(**{**row, "priority": Priority(row["priority"])}) for row in rows)

    async def list_loads(self) -> tuple[Load, ...]:
        """What is on everybody's desk."""
        async with self._database.transaction() as conn:
            rows = await (await conn.execute(QUERIES["list_loads"])).fetchall()
        return tuple(Load(**{**row, "status": TicketStatus(row["status"])}) for row in rows)
