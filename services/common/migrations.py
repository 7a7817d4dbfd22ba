"""Forward-only migrations: numbered SQL files of a service, applied once each, in order, by its own database role."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib import resources

from psycopg import AsyncConnection, OperationalError, errors
from psycopg.sql import SQL, Composed, Identifier

from services.domain.errors import Conflict, Unavailable

_FILE = re.compile(r"(?P<name>(?P<number>\d{4})_[a-z0-9_]+)\.sql")
# Roles belong to the whole cluster, out of reach of a lock in one database: two that change one at once get these.
_IN_THE_WAY = (errors.UniqueViolation, errors.InternalError_)
_ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class Migration:
    """One step: `name` is the file's name without its ending."""

    name: str
    statements: str

    @property
    def checksum(self) -> str:
        """The SHA-256 of the text, in hexadecimal: what was applied must not change afterwards."""
        return sha256(self.statements.encode()).hexdigest()


def read_migrations(package: str) -> list[Migration]:
    """The package's `migrations/NNNN_name.sql` in order; ValueError unless they count 0001, 0002, … without gaps."""
    migrations = []
    files = (file for file in (resources.files(package) / "migrations").iterdir() if file.name.endswith(".sql"))
    for expected, file in enumerate(sorted(files, key=lambda file: file.name), start=1):
        match = _FILE.fullmatch(file.name)
        if match is None or int(match["number"]) != expected:
            raise ValueError(f"{package}: the migration {file.name} should be named {expected:04}_<words>.sql.")
        migrations.append(Migration(match["name"], file.read_text(encoding="utf-8")))
    return migrations


async def migrate(database_url: str, service: str, migrations: Sequence[Migration] | None = None) -> list[str]:
    """Bring the service's schema up to date and return the names applied now; safe to run again and at once.

    Raises Conflict when an applied migration's text changed, Unavailable when the database does not answer.
    `migrations` defaults to those of `services.<service>`.
    """
    steps = read_migrations(f"services.{service}") if migrations is None else list(migrations)
    try:
        async with await AsyncConnection.connect(database_url, autocommit=True, connect_timeout=10) as connection:
            # Held by the session, so it goes with the connection however this ends.
            await connection.execute("select pg_advisory_lock(hashtextextended('duradesk.migrations', 0))")
            await _prepare(connection, service)
            return await _apply(connection, service, steps)
    except OperationalError as error:
        raise Unavailable(
            "The database does not answer just now: no migration was begun that is not complete."
        ) from error


async def _prepare(connection: AsyncConnection, service: str) -> None:
    """Role, schema and ledger; afterwards the session acts as the service."""
    role, schema = Identifier(f"duradesk_{service}"), Identifier(service)
    exists = await connection.execute("select from pg_roles where rolname = %(name)s", {"name": f"duradesk_{service}"})
    if exists.rowcount == 0:
        await _among_others(connection, SQL("create role {} nologin").format(role))
    await _among_others(connection, SQL("grant {} to current_user").format(role))
    await connection.execute(SQL("create schema if not exists {} authorization {}").format(schema, role))
    await connection.execute(SQL("set role {}").format(role))
    await connection.execute(SQL("set search_path = {}").format(schema))
    await connection.execute(
        "create table if not exists schema_migrations ("
        " name text primary key, checksum text not null, applied_at timestamptz not null default clock_timestamp())"
    )


async def _among_others(connection: AsyncConnection, statement: Composed) -> None:
    """Run a statement on the cluster's roles, again while others that do the same are in the way."""
    for _ in range(_ATTEMPTS):
        try:
            await connection.execute(statement)
        except errors.DuplicateObject:
            return
        except _IN_THE_WAY:
            continue
        else:
            return
    raise Conflict("Other migrations kept changing the same database role: run this one again.")


async def _apply(connection: AsyncConnection, service: str, steps: Sequence[Migration]) -> list[str]:
    rows = await (await connection.execute("select name, checksum from schema_migrations")).fetchall()
    applied: dict[str, str] = dict(rows)
    for step in steps:
        if applied.get(step.name, step.checksum) != step.checksum:
            raise Conflict(
                f"The migration {step.name} of {service} was applied with another text: undo that change and add a new"
                " migration instead."
            )
    pending = [step for step in steps if step.name not in applied]
    for step in pending:
        async with connection.transaction():
            await connection.execute(step.statements)
            await connection.execute(
                "insert into schema_migrations (name, checksum) values (%(name)s, %(checksum)s)",
                {"name": step.name, "checksum": step.checksum},
            )
    return [step.name for step in pending]
