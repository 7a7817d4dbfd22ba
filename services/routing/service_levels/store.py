"""Documents of service levels in PostgreSQL, every version of each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from services.common.database import Database
from services.common.sql import load_queries
from services.domain.errors import AlreadyExists, Conflict, DuradeskError, NotFound

Check = Callable[[Sequence["Document"]], None]


def _name_taken() -> DuradeskError:
    return AlreadyExists("Another one has this name: choose another name.", reason="NAME_TAKEN")


CONSTRAINT_ERRORS = {"service_levels_name_key": _name_taken}


@dataclass(frozen=True, slots=True)
class Document:
    """A calendar, a ladder or a policy as it is stored; `kind` is the name of its message."""

    id: UUID
    kind: str
    name: str
    definition: Mapping[str, Any]
    version: int = 1


class ServiceLevelStore:
    """Keeps documents; each write is refused by `check` when it would leave all of them wrong together."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._queries = load_queries("services.routing")

    async def read_revision(self) -> int:
        """How often service levels have changed."""
        async with self._database.connection() as conn:
            row = await (await conn.execute(self._queries["read_revision"])).fetchone()
        assert row is not None
        revision: int = row["revision"]
        return revision

    async def list_documents(self) -> tuple[int, tuple[Document, ...]]:
        """All documents by kind and name, and the revision that they are of."""
        async with self._database.transaction() as conn:
            return await self._read(conn)

    async def list_documents_at(self, revision: int) -> tuple[Document, ...]:
        """All documents as they were at a revision."""
        async with self._database.transaction() as conn:
            found = await conn.execute(self._queries["list_service_levels_at"], {"revision": revision})
            rows = await found.fetchall()
        return tuple(
            Document(row["id"], row["kind"], row["definition"]["name"], row["definition"], row["version"])
            for row in rows
        )

    async def create_document(self, document: Document, *, by: str, check: Check) -> None:
        """A new document; AlreadyExists when the name is taken."""
        async with self._database.transaction() as conn:
            await conn.execute(self._queries["count_service_level_change"])
            await conn.execute(self._queries["insert_service_level"], _parameters(document, by))
            check((await self._read(conn))[1])

    async def update_document(self, document: Document, *, by: str, check: Check) -> int:
        """The number of its next version; NotFound, Conflict unless the document's is 0 or the present one."""
        async with self._database.transaction() as conn:
            await conn.execute(self._queries["count_service_level_change"])
            parameters = {**_parameters(document, by), "expected_version": document.version}
            row = await (await conn.execute(self._queries["update_service_level"], parameters)).fetchone()
            if row is None:
                raise await self._missing(conn, document)
            check((await self._read(conn))[1])
        version: int = row["version"]
        return version

    async def delete_document(self, document_id: UUID, kind: str, *, by: str, check: Check) -> None:
        """The document goes; NotFound."""
        async with self._database.transaction() as conn:
            await conn.execute(self._queries["count_service_level_change"])
            parameters = {"id": document_id, "kind": kind, "changed_by": by}
            if await (await conn.execute(self._queries["delete_service_level"], parameters)).fetchone() is None:
                raise _not_found()
            check((await self._read(conn))[1])

    async def _missing(self, conn: AsyncConnection[DictRow], document: Document) -> DuradeskError:
        parameters = {"id": document.id, "kind": document.kind}
        row = await (await conn.execute(self._queries["get_service_level_version"], parameters)).fetchone()
        if row is None:
            return _not_found()
        return _old_version(row["version"], document)

    async def _read(self, conn: AsyncConnection[DictRow]) -> tuple[int, tuple[Document, ...]]:
        rows = await (await conn.execute(self._queries["list_service_levels"])).fetchall()
        documents = (
            Document(row["id"], row["kind"], row["name"], row["definition"], row["version"])
            for row in rows
            if row["id"] is not None
        )
        return rows[0]["revision"], tuple(documents)


def with_next(documents: Sequence[Document], changed: Document) -> list[Document]:
    """All documents with the next version of one of them; NotFound, Conflict as `update_document`."""
    for place, document in enumerate(documents):
        if (document.id, document.kind) == (changed.id, changed.kind):
            if changed.version not in (0, document.version):
                raise _old_version(document.version, changed)
            return [*documents[:place], replace(changed, version=document.version + 1), *documents[place + 1 :]]
    raise _not_found()


def without(documents: Sequence[Document], document_id: UUID) -> list[Document]:
    """All documents but one; NotFound."""
    left = [document for document in documents if document.id != document_id]
    if len(left) == len(documents):
        raise _not_found()
    return left


def _old_version(present: int, document: Document) -> DuradeskError:
    return Conflict(f"It is at version {present}, not {document.version}: read it again.")


def _not_found() -> DuradeskError:
    return NotFound("This does not exist.", reason="SERVICE_LEVEL_NOT_FOUND")


def _parameters(document: Document, by: str) -> dict[str, Any]:
    return {
        "id": document.id,
        "kind": document.kind,
        "name": document.name,
        "definition": Jsonb(document.definition),
        "changed_by": by,
    }
