"""The ledger of clocks: read for decisions and for people, written by decisions alone."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from services.common.database import Database
from services.domain.clocks.model import Clock, ClockKind, ClockOutcome, Segment, SegmentState
from services.domain.facts import MovedDue
from services.tickets.store.events import Connection
from services.tickets.store.scope import Scope
from services.tickets.store.statements import QUERIES
from services.tickets.store.tickets import read_ticket

_MICROSECOND = timedelta(microseconds=1)


class ClockStore:
    """Shows the clocks; changes nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_clocks(self, ticket_id: UUID, *, scope: Scope) -> tuple[Clock, ...]:
        """The clocks of the ticket, oldest first; NotFound."""
        async with self._database.transaction() as conn:
            await read_ticket(conn, ticket_id, scope=scope)
            return await read_clocks(conn, ticket_id)


async def read_clocks(conn: Connection, ticket_id: UUID) -> tuple[Clock, ...]:
    """The clocks of the ticket, oldest first."""
    rows = await (await conn.execute(QUERIES["list_clocks"], {"ticket_id": ticket_id})).fetchall()
    return tuple(clock_of(row) for row in rows)


async def read_moved_dues(conn: Connection, ticket_id: UUID) -> tuple[MovedDue, ...]:
    """Where somebody has put dues of the ticket."""
    rows = await (await conn.execute(QUERIES["list_moved_dues"], {"ticket_id": ticket_id})).fetchall()
    return tuple(MovedDue(row["key"], row["due_at"]) for row in rows)


async def keep_clocks(
    conn: Connection, ticket_id: UUID, clocks: tuple[Clock, ...], *, known: tuple[Clock, ...]
) -> None:
    """Write the clocks that differ from those that the decision saw, and their limits beside the ticket."""
    changed = [clock for clock in clocks if clock not in known]
    for clock in changed:
        await conn.execute(QUERIES["keep_clock"], _parameters(ticket_id, clock))
    if changed:
        await conn.execute(QUERIES["keep_limits"], {"ticket_id": ticket_id})


def _parameters(ticket_id: UUID, clock: Clock) -> dict[str, Any]:
    segments = [
        {
            "state": part.state,
            "began_at": part.began_at.isoformat(),
            "ended_at": part.ended_at and part.ended_at.isoformat(),
            "worked": part.worked // _MICROSECOND,
            "cause": part.cause,
        }
        for part in clock.segments
    ]
    return {
        "ticket_id": ticket_id,
        "kind": clock.kind,
        "epoch": clock.epoch,
        "segments": Jsonb(segments),
        "carried": clock.carried,
        "policy_id": clock.policy_id,
        "policy_version": clock.policy_version,
        "calendar_id": clock.calendar_id,
        "calendar_version": clock.calendar_version,
        "target": clock.target,
        "due_at": clock.due_at,
        "steps_from": clock.steps_from,
        "outcome": clock.outcome,
        "begun_by": clock.begun_by,
        "ended_by": clock.ended_by,
        "reason": clock.reason,
    }


def clock_of(row: Mapping[str, Any]) -> Clock:
    """The clock of a row."""
    outcome = row["outcome"]
    told = {"kind": ClockKind(row["kind"]), "outcome": None if outcome is None else ClockOutcome(outcome)}
    return Clock(**{**row, **told, "segments": tuple(_segment_of(part) for part in row["segments"])})


def _segment_of(part: Mapping[str, Any]) -> Segment:
    ended_at = part["ended_at"]
    return Segment(
        SegmentState(part["state"]),
        datetime.fromisoformat(part["began_at"]),
        None if ended_at is None else datetime.fromisoformat(ended_at),
        part["worked"] * _MICROSECOND,
        part["cause"],
    )
