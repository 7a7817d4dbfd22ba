"""Rules in PostgreSQL, every version of each. Each writer locks all rules, so that a revision is one state of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from services.common.database import Database
from services.common.sql import load_queries
from services.domain.errors import AlreadyExists, Conflict, DuradeskError, Invalid, NotFound
from services.domain.rules.model import MOST_RULES

Connection = AsyncConnection[DictRow]
Row = Mapping[str, Any]
# How far apart the places of rules are, so that one finds room between two others.
GAP = 1000


def _name_taken() -> DuradeskError:
    return AlreadyExists("Another rule has this name: choose another name.", reason="NAME_TAKEN")


CONSTRAINT_ERRORS = {"rules_name_key": _name_taken}


@dataclass(frozen=True, slots=True)
class StoredRule:
    """A rule as it is stored: its definition is protobuf's JSON form."""

    id: UUID
    name: str
    position: int
    definition: Mapping[str, Any]
    version: int
    runs_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """What a rule was, and who made it so."""

    rule: StoredRule
    changed_by: str
    changed_at: datetime
    deleted: bool


# What becomes of a rule; None when it stays as it is.
Change = Callable[[StoredRule], StoredRule | None]


class RuleStore:
    """Keeps rules and what they were."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._queries = load_queries("services.routing")

    async def read_revision(self) -> int:
        """How often rules have changed."""
        async with self._database.connection() as conn:
            row = await (await conn.execute(self._queries["read_rules_revision"])).fetchone()
        assert row is not None
        revision: int = row["revision"]
        return revision

    async def list_rules(self) -> tuple[int, tuple[StoredRule, ...]]:
        """All rules in their order, and the revision that they are of."""
        async with self._database.transaction() as conn:
            rows = await (await conn.execute(self._queries["list_rules"])).fetchall()
        return rows[0]["revision"], tuple(_rule_of(row) for row in rows if row["id"] is not None)

    async def list_rules_at(self, revision: int) -> tuple[StoredRule, ...]:
        """All rules as they were at a revision."""
        async with self._database.transaction() as conn:
            rows = await (await conn.execute(self._queries["list_rules_at"], {"revision": revision})).fetchall()
        return tuple(_rule_of(row) for row in rows)

    async def create_rule(self, rule: StoredRule, *, by: str) -> StoredRule:
        """A new rule after all others; AlreadyExists when the name is taken."""
        async with self._database.transaction() as conn:
            revision, rules = await self._lock(conn)
            return await self._insert(conn, rule, by=by, revision=revision, beside=len(rules))

    async def add_rules(self, rules: Sequence[StoredRule], *, by: str) -> tuple[StoredRule, ...]:
        """Those of the rules that are not there, neither by id nor by name, after all others; what was added."""
        async with self._database.transaction() as conn:
            revision, present = await self._lock(conn)
            ids, names = {rule.id for rule in present}, {rule.name.lower() for rule in present}
            missing = [rule for rule in rules if rule.id not in ids and rule.name.lower() not in names]
            return tuple(
                [
                    await self._insert(conn, rule, by=by, revision=revision, beside=len(present) + place)
                    for place, rule in enumerate(missing)
                ]
            )

    async def update_rule(self, rule: StoredRule, *, by: str) -> StoredRule:
        """Its next version; NotFound, AlreadyExists, Conflict unless the rule's version is 0 or the present one."""
        return await self.change_rule(rule.id, lambda _: rule, by=by, expected_version=rule.version)

    async def change_rule(self, rule_id: UUID, change: Change, *, by: str, expected_version: int = 0) -> StoredRule:
        """The rule as the change makes it out of what it is; NotFound, AlreadyExists, Conflict."""
        async with self._database.transaction() as conn:
            revision, rules = await self._lock(conn)
            present = _find(rules, rule_id)
            if expected_version not in (0, present.version):
                raise Conflict(f"The rule is at version {present.version}, not {expected_version}: read it again.")
            wanted = change(present)
            if wanted is None:
                return present
            parameters = {**_parameters(wanted), "changed_by": by, "expected_version": expected_version}
            parameters["waits_anew"] = _waits_anew(present, wanted)
            changed = await self._write(conn, "update_rule", parameters)
            assert changed is not None, "all rules are locked"
            return await self._keep(conn, changed, by=by, revision=revision)

    async def move_rule(self, rule_id: UUID, *, before: UUID | None, by: str) -> StoredRule:
        """The rule in its new place; others get a new number only where there is no room. NotFound."""
        async with self._database.transaction() as conn:
            revision, rules = await self._lock(conn)
            moved = _find(rules, rule_id)
            others = [rule for rule in rules if rule.id != rule_id]
            index = len(others) if before is None else others.index(_find(others, before))
            for rule, position in _places(others, moved, index):
                written = await self._write(conn, "move_rule", {"id": rule.id, "position": position, "changed_by": by})
                if written is not None:
                    kept = await self._keep(conn, written, by=by, revision=revision)
                    moved = kept if rule.id == rule_id else moved
            return moved

    async def delete_rule(self, rule_id: UUID, *, by: str) -> None:
        """The rule goes; NotFound."""
        async with self._database.transaction() as conn:
            revision, rules = await self._lock(conn)
            _find(rules, rule_id)
            gone = await self._write(conn, "delete_rule", {"id": rule_id})
            assert gone is not None, "all rules are locked"
            await self._keep(conn, gone, by=by, revision=revision, deleted=True)

    async def list_rule_versions(self, rule_id: UUID) -> tuple[StoredVersion, ...]:
        """What a rule was, the latest first, also when it is deleted; NotFound."""
        async with self._database.transaction() as conn:
            rows = await (await conn.execute(self._queries["list_rule_versions"], {"id": rule_id})).fetchall()
        if not rows:
            raise _not_found()
        return tuple(StoredVersion(_rule_of(row), row["changed_by"], row["changed_at"], row["deleted"]) for row in rows)

    async def _insert(self, conn: Connection, rule: StoredRule, *, by: str, revision: int, beside: int) -> StoredRule:
        if beside >= MOST_RULES:
            raise Invalid(f"There are {MOST_RULES} rules, and there can be no more: delete one first.")
        made = await self._write(conn, "insert_rule", {**_parameters(rule), "changed_by": by})
        assert made is not None
        return await self._keep(conn, made, by=by, revision=revision)

    async def _lock(self, conn: Connection) -> tuple[int, tuple[StoredRule, ...]]:
        await conn.execute(self._queries["count_rule_change"])
        rows = await (await conn.execute(self._queries["list_rules"])).fetchall()
        return rows[0]["revision"], tuple(_rule_of(row) for row in rows if row["id"] is not None)

    async def _write(self, conn: Connection, query: str, parameters: Mapping[str, Any]) -> StoredRule | None:
        row = await (await conn.execute(self._queries[query], parameters)).fetchone()
        return None if row is None else _rule_of(row)

    async def _keep(
        self, conn: Connection, rule: StoredRule, *, by: str, revision: int, deleted: bool = False
    ) -> StoredRule:
        parameters = {**_parameters(rule), "position": rule.position, "version": rule.version}
        parameters["runs_from"] = rule.runs_from
        parameters |= {"revision": revision, "deleted": deleted, "changed_by": by}
        await conn.execute(self._queries["keep_rule_version"], parameters)
        return rule


def _places(others: Sequence[StoredRule], moved: StoredRule, index: int) -> list[tuple[StoredRule, int]]:
    """The new numbers that put the rule before the other of this index."""
    lower = others[index - 1].position if index else 0
    if index == len(others):
        return [(moved, lower + GAP)]
    between = (lower + others[index].position) // 2
    if between > lower:
        return [(moved, between)]
    in_order = [*others[:index], moved, *others[index:]]
    return [(rule, (place + 1) * GAP) for place, rule in enumerate(in_order)]


def _waits_anew(old: StoredRule, new: StoredRule) -> bool:
    """Whether what a rule of time waits for is something else from now on."""
    names = ("trigger", "wait", "enabled", "paused_reason")
    return any(old.definition.get(name) != new.definition.get(name) for name in names)


def _find(rules: Sequence[StoredRule], rule_id: UUID) -> StoredRule:
    for rule in rules:
        if rule.id == rule_id:
            return rule
    raise _not_found()


def _not_found() -> NotFound:
    return NotFound("This rule does not exist.", reason="RULE_NOT_FOUND")


def _rule_of(row: Row) -> StoredRule:
    return StoredRule(
        row["id"], row["definition"]["name"], row["position"], row["definition"], row["version"], row["runs_from"]
    )


def _parameters(rule: StoredRule) -> dict[str, Any]:
    return {"id": rule.id, "name": rule.name, "definition": Jsonb(rule.definition)}
