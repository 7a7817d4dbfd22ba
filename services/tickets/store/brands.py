"""Brands and their times; a changed time has the waiting tickets planned anew."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any
from uuid import UUID

from services.common.database import Database
from services.domain.errors import Conflict, Invalid, NotFound
from services.domain.intake import check_brand
from services.domain.reply_address import without_tag
from services.domain.ticket import Brand
from services.tickets.store.events import PACED_RANK
from services.tickets.store.requests import Request, first_resource
from services.tickets.store.statements import QUERIES

TIMES = frozenset({"idle_remind_after", "idle_resolve_after", "auto_close_after"})
_BATCH = 500
_BEFORE_ALL = UUID(int=0)


class BrandStore:
    """Makes, reads and changes brands; `on_commit` is called when outbox rows were committed."""

    def __init__(self, database: Database, on_commit: Callable[[], None]) -> None:
        self._database = database
        self._on_commit = on_commit

    async def list_brands(self) -> tuple[Brand, ...]:
        """All brands by name."""
        async with self._database.transaction() as conn:
            rows = await (await conn.execute(QUERIES["list_brands"])).fetchall()
        return tuple(Brand(**row) for row in rows)

    async def check_foreign(self, email: str, *, field: str) -> None:
        """Invalid, naming the field, for a brand's own address: the desk is not its customer."""
        async with self._database.transaction() as conn:
            row = await (await conn.execute(QUERIES["is_brand_address"], addresses_of(email))).fetchone()
        if row is not None:
            raise own_address(field)

    async def create_brand(self, brand: Brand, request: Request) -> Brand:
        """The brand; AlreadyExists when its name or address is taken."""
        async with self._database.transaction() as conn:
            first = await first_resource(conn, request, brand.id)
            if first is None:
                await conn.execute(QUERIES["insert_brand"], asdict(brand))
            row = await (await conn.execute(QUERIES["get_brand"], {"brand_id": first or brand.id})).fetchone()
        assert row is not None
        return Brand(**row)

    async def update_brand(self, brand_id: UUID, values: Mapping[str, Any], *, expected_version: int) -> Brand:
        """The brand with these values; Conflict unless `expected_version` is 0 or the present one."""
        async with self._database.transaction() as conn:
            row = await (await conn.execute(QUERIES["lock_brand"], {"brand_id": brand_id})).fetchone()
            if row is None:
                raise NotFound("This brand does not exist.")
            old = Brand(**row)
            if expected_version not in (0, old.version):
                raise Conflict(
                    f"The brand is at version {old.version}, not {expected_version}: read it again.",
                    metadata={"version": str(old.version)},
                )
            brand = replace(old, **values)
            check_brand(brand)
            if brand != old:
                await conn.execute(QUERIES["update_brand"], asdict(brand))
                brand = replace(brand, version=old.version + 1)
        # Also when the times are the old ones: the caller may repeat a call that was cut between two batches.
        if TIMES & values.keys():
            await self._nudge_waiting(brand_id)
        return brand

    async def _nudge_waiting(self, brand_id: UUID) -> None:
        """Have the dues of the brand's waiting tickets planned anew, batch by batch, behind everybody's own work."""
        after_id = _BEFORE_ALL
        while True:
            parameters = {"brand_id": brand_id, "after_id": after_id, "most": _BATCH, "rank": PACED_RANK}
            async with self._database.transaction() as conn:
                rows = await (await conn.execute(QUERIES["nudge_waiting"], parameters)).fetchall()
            if rows:
                self._on_commit()
            if len(rows) < _BATCH:
                return
            after_id = rows[-1]["id"]


def addresses_of(email: str) -> dict[str, str]:
    """A requester's address, and as brands would have it: without its tag."""
    return {"requester_email": email, "untagged_email": without_tag(email)}


def own_address(field: str) -> Invalid:
    """The field has a brand's own address."""
    problem = "is an address of a brand: name the customer's own"
    return Invalid(f"The address {problem}.", violations={field: problem}, reason="OWN_ADDRESS")
