"""Inbound items that could not be taken: kept as they came, once each, with the reason, until somebody decides."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from hashlib import sha256
from uuid import UUID

from services.common.database import Database
from services.common.waiting import look_until
from services.domain.errors import NotFound
from services.domain.quarantine import NewQuarantinedItem, QuarantinedItem, QuarantineState, check_delete, check_want
from services.tickets.convert import quarantined_of
from services.tickets.store.events import Connection
from services.tickets.store.pages import Page, next_token
from services.tickets.store.statements import QUERIES

# A door reads an item in seconds; one that dies leaves it to the next.
LEASE = timedelta(minutes=1)
# Another process may have been asked: a claimer looks by itself this often.
LOOK_SECONDS = 1.0


class QuarantineStore:
    """Keeps, lists and hands out quarantined items."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._wanted = asyncio.Event()

    async def quarantine_item(self, item: NewQuarantinedItem) -> UUID:
        """The id of the item; the same content is kept once, with its first reason."""
        parameters = {
            **asdict(item),
            "recipients": list(item.recipients),
            "digest": sha256(item.raw_source).digest(),
        }
        async with self._database.transaction() as conn:
            row = await (await conn.execute(QUERIES["insert_quarantined"], parameters)).fetchone()
            if row is None:
                row = await (await conn.execute(QUERIES["find_quarantined"], parameters)).fetchone()
        assert row is not None
        item_id: UUID = row["id"]
        return item_id

    async def list_quarantine(
        self, page: Page, *, code: str, state: QuarantineState | None
    ) -> tuple[Sequence[QuarantinedItem], str]:
        """A page of the items, newest first, without their sources."""
        listing = f"quarantine {code} {state}"
        after_at, after_id = page.after_instant(listing)
        parameters = {"code": code, "state": state, "after_at": after_at, "after_id": after_id, "most": page.most}
        async with self._database.transaction() as conn:
            rows = await (await conn.execute(QUERIES["list_quarantine"], parameters)).fetchall()
        shown = rows[: page.most]
        token = next_token(listing, shown[-1], ("created_at", "id")) if len(rows) > len(shown) else ""
        return [quarantined_of(row) for row in shown], token

    async def get_quarantined_item(self, item_id: UUID) -> QuarantinedItem:
        """The item with its source; NotFound."""
        async with self._database.transaction() as conn:
            return await _read(conn, item_id)

    async def want_quarantined_item(self, item_id: UUID, state: QuarantineState, *, changed_by: str) -> QuarantinedItem:
        """Have a door release or retry it; one that was taken stays so. NotFound, InvalidTransition when deleted."""
        async with self._database.transaction() as conn:
            if check_want(await _lock(conn, item_id), state):
                parameters = {"item_id": item_id, "state": state, "changed_by": changed_by}
                await conn.execute(QUERIES["want_quarantined_item"], parameters)
            item = await _read(conn, item_id)
        self._wanted.set()
        return item

    async def delete_quarantined_item(self, item_id: UUID, *, changed_by: str) -> QuarantinedItem:
        """Forget its source; deleting twice is no error. NotFound, InvalidTransition when it was taken."""
        async with self._database.transaction() as conn:
            if check_delete(await _lock(conn, item_id)):
                parameters = {"item_id": item_id, "changed_by": changed_by}
                await conn.execute(QUERIES["delete_quarantined_item"], parameters)
            return await _read(conn, item_id)

    async def claim_quarantined_item(self, *, wait: timedelta) -> QuarantinedItem | None:
        """The item that was wanted first, for a minute; waits for one up to `wait`."""
        return await look_until(self._claim, wait=wait, every=LOOK_SECONDS, next_change=self._next_want)

    async def finish_quarantined_item(self, item_id: UUID, ticket_id: UUID | None, *, code: str, reason: str) -> None:
        """Record what became of a claimed item; NotFound. Nothing happens to one that nobody wants any more."""
        parameters = {"item_id": item_id, "ticket_id": ticket_id, "code": code, "reason": reason}
        async with self._database.transaction() as conn:
            await _lock(conn, item_id)
            await conn.execute(QUERIES["finish_quarantined_item"], parameters)

    async def _claim(self) -> QuarantinedItem | None:
        async with self._database.connection() as conn:
            row = await (await conn.execute(QUERIES["claim_quarantined_item"], {"lease": LEASE})).fetchone()
        return quarantined_of(row) if row else None

    def _next_want(self) -> asyncio.Event:
        self._wanted.clear()
        return self._wanted


async def _lock(conn: Connection, item_id: UUID) -> QuarantineState:
    row = await (await conn.execute(QUERIES["lock_quarantined_item"], {"item_id": item_id})).fetchone()
    if row is None:
        raise NotFound("This item does not exist.")
    return QuarantineState(row["state"])


async def _read(conn: Connection, item_id: UUID) -> QuarantinedItem:
    row = await (await conn.execute(QUERIES["get_quarantined_item"], {"item_id": item_id})).fetchone()
    if row is None:
        raise NotFound("This item does not exist.")
    return quarantined_of(row)
