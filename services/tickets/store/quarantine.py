"""Inbound items that could not be taken: kept as they came, once each, with the reason."""

from dataclasses import asdict
from hashlib import sha256
from uuid import UUID

from services.common.database import Database
from services.domain.ticket import NewQuarantinedItem, QuarantinedItem
from services.tickets.convert import quarantined_of
from services.tickets.store.pages import MOST_BYTES, Page, next_token
from services.tickets.store.statements import QUERIES

_LISTING = "quarantine"


class QuarantineStore:
    """Keeps and lists quarantined items."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def quarantine_item(self, item: NewQuarantinedItem) -> UUID:
        """The id of the item; the same content is kept once, with its first reason."""
        parameters = {**asdict(item), "digest": sha256(item.raw_source).digest()}
        async with self._database.transaction() as conn:
            row = await (await conn.execute(QUERIES["insert_quarantined"], parameters)).fetchone()
            if row is None:
                row = await (await conn.execute(QUERIES["find_quarantined"], parameters)).fetchone()
        assert row is not None
        item_id: UUID = row["id"]
        return item_id

    async def list_quarantine(self, page: Page) -> tuple[tuple[QuarantinedItem, ...], str]:
        """A page of the items, newest first."""
        after_at, after_id = page.after_instant(_LISTING)
        parameters = {"after_at": after_at, "after_id": after_id, "most": page.most, "most_bytes": MOST_BYTES}
        async with self._database.transaction() as conn:
            rows = await (await conn.execute(QUERIES["list_quarantine"], parameters)).fetchall()
        more = bool(rows) and rows[0]["found"] > len(rows)
        token = next_token(_LISTING, rows[-1], ("created_at", "id")) if more else ""
        return tuple(quarantined_of(row) for row in rows), token
