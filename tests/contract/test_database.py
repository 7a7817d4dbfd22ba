"""Transactions on a real PostgreSQL: who they act as, what their errors mean, how they heal."""

import asyncio
import time
from datetime import UTC, datetime
from typing import LiteralString

import pytest
from psycopg import AsyncConnection
from psycopg.errors import InsufficientPrivilege, NotNullViolation, UniqueViolation

from services.common.database import Database
from services.common.migrations import Migration, migrate
from services.domain.errors import AlreadyExists, Conflict, DuradeskError, Unavailable
from tests.conftest import DatabaseUrl
from tests.ports import free_port
from tests.postgres import Postgres

TABLES = Migration(
    "0001_init",
    "create table thing (id int not null constraint thing_id_key unique, name text);"
    "insert into thing values (1, 'one'), (2, 'two');"
    "create function instant() returns timestamptz language sql stable as"
    " $$ select coalesce(nullif(current_setting('duradesk.now', true), '')::timestamptz, clock_timestamp()) $$;",
)


@pytest.fixture
async def url(database_url: DatabaseUrl) -> str:
    url = await database_url()
    await migrate(url, "sample", [TABLES])
    return url


async def execute(database: Database, *statements: LiteralString, failing: type[Exception] | None = None) -> None:
    """Run the statements in one transaction, which the exception ends when there is one."""
    async with database.transaction() as connection:
        for statement in statements:
            await connection.execute(statement)
        if failing is not None:
            raise failing


def taken() -> DuradeskError:
    return AlreadyExists("That thing exists.")


async def test_transaction_acts_as_the_role_of_the_service_with_its_limits(url: str) -> None:
    async with Database(url, schema="sample") as database, database.transaction() as connection:
        row = await (
            await connection.execute(
                "select current_user as role, current_schema as schema, current_setting('statement_timeout') as most,"
                " current_setting('lock_timeout') as lock, current_setting('timezone') as zone,"
                " current_setting('idle_in_transaction_session_timeout') as idle"
            )
        ).fetchone()
    assert row == {
        "role": "duradesk_sample",
        "schema": "sample",
        "most": "30s",
        "lock": "10s",
        "zone": "UTC",
        "idle": "1min",
    }


async def test_one_service_cannot_read_the_schema_of_another(url: str) -> None:
    await migrate(url, "other", [])
    async with Database(url, schema="other") as database:
        with pytest.raises(InsufficientPrivilege):
            await execute(database, "select id from sample.thing")


async def test_transaction_commits_at_the_end_and_rolls_back_on_any_exception(url: str) -> None:
    async with Database(url, schema="sample") as database:
        with pytest.raises(KeyError):
            await execute(database, "insert into thing values (3)", failing=KeyError)
        await execute(database, "insert into thing values (4)")
        async with database.transaction() as connection:
            rows = await (await connection.execute("select id from thing order by id")).fetchall()
    assert [row["id"] for row in rows] == [1, 2, 4]


async def test_without_a_transaction_each_statement_is_one(url: str) -> None:
    async with Database(url, schema="sample") as database, database.connection() as connection:
        await connection.execute("insert into thing values (3)")
        with pytest.raises(UniqueViolation):
            await connection.execute("insert into thing values (1)")
        rows = await (await connection.execute("select id from thing order by id")).fetchall()
    assert [row["id"] for row in rows] == [1, 2, 3]


async def test_a_connection_that_died_while_idle_is_replaced_before_a_caller_sees_it(url: str) -> None:
    async with Database(url, schema="sample", max_size=1) as database, await AsyncConnection.connect(url) as other:
        async with database.connection() as connection:
            pid = connection.info.backend_pid
        await other.execute("select pg_terminate_backend(%(pid)s, 30000)", {"pid": pid})
        async with database.connection() as connection:
            assert connection.info.backend_pid != pid


async def test_a_known_constraint_is_its_domain_error_and_an_unknown_one_stays_itself(url: str) -> None:
    async with Database(url, schema="sample", constraint_errors={"thing_id_key": taken}) as database:
        with pytest.raises(AlreadyExists, match="That thing exists"):
            await execute(database, "insert into thing values (1)")
        with pytest.raises(NotNullViolation) as unknown:
            await execute(database, "insert into thing values (null)")
    assert unknown.value.__cause__ is None


async def test_transactions_in_each_others_way_are_a_conflict(url: str) -> None:
    update = "update thing set name = 'x' where id = %(id)s"
    async with Database(url, schema="sample") as database:
        both_hold_one = asyncio.Barrier(2)

        async def lock(first: int, second: int) -> None:
            async with database.transaction() as connection:
                await connection.execute(update, {"id": first})
                await both_hold_one.wait()
                await connection.execute(update, {"id": second})

        results = await asyncio.gather(lock(1, 2), lock(2, 1), return_exceptions=True)
    assert [type(result) for result in results if result] == [Conflict]


async def test_a_given_instant_replaces_the_clock_inside_the_transaction_only(url: str) -> None:
    given = datetime(2031, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)

    async def instant() -> datetime:
        return given

    async with Database(url, schema="sample", instant=instant) as skipped, Database(url, schema="sample") as real:
        for database, expected in ((skipped, True), (real, False)):
            async with database.transaction() as connection:
                row = await (await connection.execute("select instant() as now")).fetchone()
            assert row is not None
            assert (row["now"] == given) is expected


async def test_database_restarted_without_warning_is_found_again_by_itself(url: str, postgres: Postgres) -> None:
    async with Database(url, schema="sample") as database:

        async def cut_in_the_middle() -> None:
            async with database.transaction() as connection:
                await connection.execute("select 1")
                await asyncio.to_thread(postgres.stop)
                await connection.execute("select 1")

        with pytest.raises(Unavailable):
            await cut_in_the_middle()
        with pytest.raises(Unavailable):
            await execute(database, "select 1")
        await asyncio.to_thread(postgres.start)
        async with database.transaction() as connection:
            row = await (await connection.execute("select count(*) as count from thing")).fetchone()
    assert row == {"count": 2}


async def test_a_statement_that_waits_for_a_lock_too_long_is_unavailable(url: str) -> None:
    async with Database(url, schema="sample") as database, await AsyncConnection.connect(url) as holder:
        await holder.execute("lock table sample.thing")
        with pytest.raises(Unavailable):
            await execute(database, "set local lock_timeout = '50ms'", "select id from thing")


async def test_a_fault_of_the_database_itself_is_unavailable(url: str) -> None:
    # As when a file cannot grow.
    fails = "DO $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'XX000'; END $$"
    async with Database(url, schema="sample") as database:
        with pytest.raises(Unavailable, match="its own log says why"):
            async with database.transaction() as connection:
                await connection.execute(fails)


async def test_a_database_that_does_not_answer_is_unavailable() -> None:
    database = Database(f"postgresql://nobody@127.0.0.1:{free_port()}/nothing", schema="sample")
    with pytest.raises(Unavailable):
        await database.open(within_seconds=0.5)


async def test_a_caller_that_goes_away_early_leaves_no_connection_that_commits_each_statement(url: str) -> None:
    async with Database(url, schema="sample", max_size=1) as database:
        for steps in range(12):
            caller = asyncio.create_task(execute(database, "select 1"))
            for _ in range(steps):
                # A busy process: only then the driver lets others go first where it need not wait.
                time.sleep(0.03)  # noqa: ASYNC251
                await asyncio.sleep(0)
            caller.cancel()
            await asyncio.gather(caller, return_exceptions=True)
            with pytest.raises(KeyError):
                await execute(database, "delete from thing", failing=KeyError)
            async with database.transaction() as connection:
                assert (await connection.execute("select * from thing")).rowcount == 2, f"after {steps} steps"
