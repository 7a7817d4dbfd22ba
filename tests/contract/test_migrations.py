"""Migrations on a real PostgreSQL, each test in a database of its own."""

import asyncio
from dataclasses import replace

import pytest
from psycopg import AsyncConnection
from psycopg.errors import UndefinedTable
from psycopg.sql import SQL, Identifier

from services.common.migrations import Migration, migrate
from services.domain.errors import Conflict, Unavailable
from tests.conftest import DatabaseUrl
from tests.ports import free_port
from tests.postgres import Postgres

FIRST = Migration("0001_init", "create table thing (id int); create index on thing (id);")
SECOND = Migration("0002_name", "alter table thing add column name text;")
BROKEN = Migration("0003_broken", "create table half (id int); select * from nowhere;")


async def rows(url: str, statement: str) -> list[tuple[object, ...]]:
    async with await AsyncConnection.connect(url) as connection:
        return await (await connection.execute(statement.encode())).fetchall()


async def test_migrations_apply_in_order_and_only_once(database_url: DatabaseUrl) -> None:
    url = await database_url()
    assert await migrate(url, "sample", [FIRST]) == ["0001_init"]
    assert await migrate(url, "sample", [FIRST, SECOND]) == ["0002_name"]
    assert await migrate(url, "sample", [FIRST, SECOND]) == []
    assert await rows(url, "select name from sample.schema_migrations order by name") == [
        ("0001_init",),
        ("0002_name",),
    ]


async def test_tables_belong_to_the_role_of_the_service(database_url: DatabaseUrl) -> None:
    url = await database_url()
    await migrate(url, "sample", [FIRST])
    owners = await rows(url, "select distinct schemaname, tableowner from pg_tables where schemaname = 'sample'")
    assert owners == [("sample", "duradesk_sample")]


async def test_applied_migration_must_not_change(database_url: DatabaseUrl) -> None:
    url = await database_url()
    await migrate(url, "sample", [FIRST])
    with pytest.raises(Conflict, match="0001_init of sample was applied with another text"):
        await migrate(url, "sample", [replace(FIRST, statements="create table other (id int);"), SECOND])


async def test_failed_migration_leaves_nothing_of_itself(database_url: DatabaseUrl) -> None:
    url = await database_url()
    with pytest.raises(UndefinedTable):
        await migrate(url, "sample", [FIRST, SECOND, BROKEN])
    assert await rows(url, "select to_regclass('sample.half'), count(*) from sample.schema_migrations") == [(None, 2)]


async def test_migrations_run_at_once_apply_once(database_url: DatabaseUrl) -> None:
    url = await database_url()
    applied = await asyncio.gather(*(migrate(url, "sample", [FIRST, SECOND]) for _ in range(4)))
    assert sorted(applied) == [[], [], [], ["0001_init", "0002_name"]]


async def test_a_role_made_at_once_from_several_databases_is_made_once(database_url: DatabaseUrl) -> None:
    urls = [await database_url() for _ in range(4)]
    applied = await asyncio.gather(*(migrate(url, "crowd", [FIRST]) for url in urls))
    assert applied == [["0001_init"]] * 4


async def test_an_owner_who_is_no_superuser_can_migrate(database_url: DatabaseUrl, postgres: Postgres) -> None:
    url = await database_url()
    name = url.rpartition("/")[2]
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute("create role plain_owner login createrole")
        await connection.execute(f"alter database {name} owner to plain_owner".encode())
    plain = url.replace("duradesk@", "plain_owner@")
    assert await migrate(plain, "plain", [FIRST]) == ["0001_init"]
    assert await migrate(plain, "plain", [FIRST, SECOND]) == ["0002_name"]
    await postgres.execute(SQL("alter database {} owner to duradesk").format(Identifier(name)))


async def test_a_database_that_does_not_answer_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        await migrate(f"postgresql://nobody@127.0.0.1:{free_port()}/nothing", "sample", [FIRST])
