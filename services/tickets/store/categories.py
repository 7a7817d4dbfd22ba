"""The tree of categories; tickets keep theirs when it is moved or archived."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from services.common.database import Database
from services.domain.categories import (
    MOST_CATEGORIES,
    Category,
    CategoryFields,
    check_category_name,
    check_offered,
    find_category,
    in_order,
    path_under,
)
from services.domain.errors import Conflict, Invalid, InvalidTransition, NotFound
from services.domain.ticket import Priority
from services.tickets.convert import Row
from services.tickets.store.events import Connection
from services.tickets.store.requests import Request, first_resource
from services.tickets.store.statements import QUERIES


class CategoryStore:
    """Makes, reads and changes categories."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_categories(self) -> tuple[Category, ...]:
        """The whole tree from its top, also what is archived."""
        async with self._database.transaction() as conn:
            return in_order(await read_categories(conn))

    async def create_category(self, fields: CategoryFields, request: Request) -> Category:
        """A new category; Invalid, AlreadyExists when there is one of this name at this place."""
        category_id = uuid4()
        async with self._database.transaction() as conn:
            await conn.execute(QUERIES["lock_categories"])
            if first := await first_resource(conn, request, category_id):
                return (await _read_known(conn))[first]
            known = await _read_known(conn)
            if len(known) >= MOST_CATEGORIES:
                raise Invalid(f"There are at most {MOST_CATEGORIES} categories, archived ones too.")
            category = Category(
                id=category_id,
                name=check_category_name(fields.name),
                parent_id=fields.parent_id,
                team_id=fields.team_id,
                priority=fields.priority,
                archived=False,
                version=1,
                path=path_under(category_id, _parent(known, fields.parent_id)),
            )
            await conn.execute(QUERIES["insert_category"], _parameters(category))
        return category

    async def update_category(self, category_id: UUID, values: Mapping[str, Any], *, expected_version: int) -> Category:
        """The category with these values; one that is moved or archived takes those below it along."""
        async with self._database.transaction() as conn:
            await conn.execute(QUERIES["lock_categories"])
            known = await _read_known(conn)
            old = known.get(category_id)
            if old is None:
                raise NotFound("This category does not exist.")
            if expected_version not in (0, old.version):
                raise Conflict(
                    f"The category is at version {old.version}, not {expected_version}: read it again.",
                    metadata={"version": str(old.version)},
                )
            new = _changed(old, values, known)
            if new == old:
                return old
            await conn.execute(QUERIES["update_category"], _parameters(new))
            if new.path != old.path:
                moved = {"id": old.id, "path": list(new.path), "old_path": list(old.path)}
                await conn.execute(QUERIES["move_categories"], moved)
            if new.archived and not old.archived:
                await conn.execute(QUERIES["archive_categories"], {"id": old.id})
        return replace(new, version=old.version + 1)


async def read_line(conn: Connection, category_id: UUID | None) -> tuple[Category, ...]:
    """The categories from the top of the tree down to this one, which tickets may be given; none of none."""
    if category_id is None:
        return ()
    rows = await (await conn.execute(QUERIES["list_line"], {"category_id": category_id})).fetchall()
    line = tuple(_category_of(row) for row in rows)
    check_offered(line)
    return line


async def find_line(conn: Connection, text: str) -> tuple[Category, ...]:
    """The same for an id, a name or a place in the tree; none of an empty text."""
    return find_category(text, await read_categories(conn)) if text.strip() else ()


def _changed(old: Category, values: Mapping[str, Any], known: Mapping[UUID, Category]) -> Category:
    new = replace(old, **values)
    new = replace(new, name=check_category_name(new.name))
    parent = _parent(known, new.parent_id)
    if new.parent_id != old.parent_id:
        below = [len(category.path) for category in known.values() if old.id in category.path]
        new = replace(new, path=path_under(old.id, parent, height=max(below) - len(old.path) + 1))
    if old.archived and not new.archived and parent is not None and parent.archived:
        raise InvalidTransition(f"{parent.name!r} above it is archived: restore that first, or move this one.")
    return new


def _parent(known: Mapping[UUID, Category], parent_id: UUID | None) -> Category | None:
    if parent_id is None:
        return None
    if parent_id not in known:
        raise Invalid("The category above it does not exist.", violations={"parent_id": "does not exist"})
    return known[parent_id]


async def read_categories(conn: Connection) -> tuple[Category, ...]:
    """All of them, also what is archived."""
    rows = await (await conn.execute(QUERIES["list_categories"])).fetchall()
    return tuple(_category_of(row) for row in rows)


async def _read_known(conn: Connection) -> dict[UUID, Category]:
    return {category.id: category for category in await read_categories(conn)}


def _category_of(row: Row) -> Category:
    priority = Priority(row["priority"]) if row["priority"] else None
    return Category(**{**row, "priority": priority, "path": tuple(row["path"])})


def _parameters(category: Category) -> dict[str, Any]:
    return {
        "id": category.id,
        "name": category.name,
        "parent_id": category.parent_id,
        "path": list(category.path),
        "team_id": category.team_id,
        "priority": category.priority,
        "archived": category.archived,
    }
