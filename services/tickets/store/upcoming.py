"""What is to come on many tickets at once: for lists, and for a team's next hours."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from services.common.database import Database
from services.domain.clocks.model import Clock
from services.domain.ticket import Due, DueKind, Priority, TicketStatus
from services.domain.upcoming import TicketTimes, UpcomingDue, UpcomingQuery, clock_times
from services.tickets.convert import due_of
from services.tickets.store.clocks import clock_of
from services.tickets.store.pages import Page, next_token
from services.tickets.store.scope import Scope
from services.tickets.store.statements import QUERIES


class UpcomingStore:
    """Reads; changes nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_ticket_times(self, ticket_ids: Sequence[UUID], *, scope: Scope) -> tuple[TicketTimes, ...]:
        """The next due and the clocks of those tickets that the scope has."""
        parameters = {"ticket_ids": list(ticket_ids), **scope.parameters()}
        async with self._database.transaction() as conn:
            rows = await (await conn.execute(QUERIES["list_ticket_times"], parameters)).fetchall()
            clocks: dict[UUID, list[Clock]] = defaultdict(list)
            for clock in await (await conn.execute(QUERIES["list_clocks_of"], parameters)).fetchall():
                clocks[clock.pop("ticket_id")].append(clock_of(clock))
        return tuple(
            TicketTimes(
                ticket_id=row["ticket_id"],
                next_due=due_of(row) if row["key"] is not None else None,
                clocks=clock_times(clocks[row["ticket_id"]]),
            )
            for row in rows
        )

    async def list_upcoming(
        self, wanted: UpcomingQuery, page: Page, *, scope: Scope
    ) -> tuple[tuple[UpcomingDue, ...], str]:
        """A page of what happens by itself, soonest first, and the token of the next."""
        # A later page may be asked for with a later end: the place in the list is the same.
        listing = f"upcoming {wanted.team_ids}"
        at, ticket_id, key = page.after(listing, (datetime.fromisoformat, UUID, str)) or (None, None, None)
        parameters = {
            "team_ids": list(wanted.team_ids),
            "until": wanted.until,
            "after_at": at,
            "after_ticket_id": ticket_id,
            "after_key": key,
            "most": page.most,
            **scope.parameters(),
        }
        async with self._database.transaction() as conn:
            # Planned for its own values: a few teams are looked up otherwise than all of them.
            cursor = await conn.execute(QUERIES["list_upcoming"], parameters, prepare=False)
            rows = await cursor.fetchall()
        shown = rows[: page.most]
        more = len(rows) > len(shown)
        token = next_token(listing, shown[-1], ("due_at", "ticket_id", "key")) if more else ""
        return tuple(_upcoming_of(row) for row in shown), token


def _upcoming_of(row: Mapping[str, Any]) -> UpcomingDue:
    return UpcomingDue(
        ticket_id=row["ticket_id"],
        number=row["number"],
        subject=row["subject"],
        status=TicketStatus(row["status"]),
        priority=Priority(row["priority"]),
        team_id=row["team_id"],
        assignee_id=row["assignee_id"],
        due=Due(row["key"], DueKind(row["kind"]), row["due_at"], row["reason"]),
    )
