"""Organisations and their domains; a changed domain places the people who write from it, batch by batch."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from services.common.database import Database
from services.domain.errors import Conflict, Invalid, NotFound
from services.domain.organisations import MOST_ORGANISATIONS, Organisation, OrganisationFields, check_organisation
from services.tickets.convert import Row
from services.tickets.store.events import PACED_RANK, Connection
from services.tickets.store.requests import Request, first_resource
from services.tickets.store.statements import QUERIES

_BATCH = 200
_BEFORE_ALL = UUID(int=0)


class OrganisationStore:
    """Makes, reads and changes organisations; `on_commit` is called when outbox rows were committed."""

    def __init__(self, database: Database, on_commit: Callable[[], None]) -> None:
        self._database = database
        self._on_commit = on_commit

    async def list_organisations(self) -> tuple[Organisation, ...]:
        """All by name."""
        async with self._database.transaction() as conn:
            rows = await (await conn.execute(QUERIES["list_organisations"])).fetchall()
        return tuple(_organisation_of(row) for row in rows)

    async def get_organisation(self, organisation_id: UUID) -> Organisation:
        """One; NotFound."""
        async with self._database.transaction() as conn:
            return await _read(conn, organisation_id)

    async def create_organisation(self, said: OrganisationFields, request: Request) -> Organisation:
        """A new one; Invalid, AlreadyExists when its name or a domain is taken."""
        organisation = check_organisation(Organisation(uuid4(), said.name, said.domains, 1))
        async with self._database.transaction() as conn:
            if first := await first_resource(conn, request, organisation.id):
                organisation = await _read(conn, first)
            else:
                row = await (await conn.execute(QUERIES["count_organisations"])).fetchone()
                if row is None or row["found"] >= MOST_ORGANISATIONS:
                    raise Invalid(f"There are at most {MOST_ORGANISATIONS} organisations: delete some first.")
                await conn.execute(QUERIES["insert_organisation"], {"id": organisation.id, "name": organisation.name})
                await _keep_domains(conn, organisation)
        # Also when it was made before: a call that was cut between two batches is made again.
        await self._place_people(organisation.domains)
        return organisation

    async def update_organisation(
        self, organisation_id: UUID, values: Mapping[str, Any], *, expected_version: int
    ) -> Organisation:
        """Another name, other domains; whoever writes from a domain that is gone is of no organisation then."""
        async with self._database.transaction() as conn:
            old = await _lock(conn, organisation_id)
            if expected_version not in (0, old.version):
                raise Conflict(
                    f"The organisation is at version {old.version}, not {expected_version}: read it again.",
                    metadata={"version": str(old.version)},
                )
            new = check_organisation(replace(old, **values))
            if new != old:
                await conn.execute(QUERIES["update_organisation"], {"id": new.id, "name": new.name})
                await _keep_domains(conn, new)
                new = replace(new, version=old.version + 1)
        if "domains" in values:
            await self._place_people({*old.domains, *new.domains})
        return new

    async def delete_organisation(self, organisation_id: UUID) -> None:
        """No more; its people are of none."""
        async with self._database.transaction() as conn:
            old = await _lock(conn, organisation_id)
            await conn.execute(QUERIES["delete_domains"], {"organisation_id": organisation_id})
        await self._place_people(old.domains)
        async with self._database.transaction() as conn:
            await conn.execute(QUERIES["delete_organisation"], {"organisation_id": organisation_id})

    async def _place_people(self, domains: Iterable[str]) -> None:
        """A transaction for each batch, their tickets behind everybody's own work."""
        for domain in sorted(domains):
            after_id = _BEFORE_ALL
            while True:
                parameters = {"domain": domain, "after_id": after_id, "most": _BATCH, "rank": PACED_RANK}
                async with self._database.transaction() as conn:
                    rows = await (await conn.execute(QUERIES["place_contacts"], parameters)).fetchall()
                if rows:
                    self._on_commit()
                if len(rows) < _BATCH:
                    break
                after_id = rows[-1]["id"]


async def _lock(conn: Connection, organisation_id: UUID) -> Organisation:
    await conn.execute(QUERIES["lock_organisation"], {"organisation_id": organisation_id})
    return await _read(conn, organisation_id)


async def _read(conn: Connection, organisation_id: UUID) -> Organisation:
    parameters = {"organisation_id": organisation_id}
    row = await (await conn.execute(QUERIES["get_organisation"], parameters)).fetchone()
    if row is None:
        raise NotFound("This organisation does not exist.")
    return _organisation_of(row)


async def _keep_domains(conn: Connection, organisation: Organisation) -> None:
    parameters = {"organisation_id": organisation.id, "domains": list(organisation.domains)}
    await conn.execute(QUERIES["delete_domains"], parameters)
    await conn.execute(QUERIES["insert_domains"], parameters)


def _organisation_of(row: Row) -> Organisation:
    return Organisation(row["id"], row["name"], tuple(row["domains"]), row["version"])
