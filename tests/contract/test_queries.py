"""Every statement fits the schema that the migrations give."""

import re

import pytest
from psycopg import AsyncConnection
from psycopg._queries import MAX_CACHED_STATEMENT_LENGTH, MAX_CACHED_STATEMENT_PARAMS

from services.common.sql import load_queries
from tests.conftest import DatabaseUrl


def numbered(statement: str) -> str:
    """The statement with PostgreSQL's own parameters instead of psycopg's named ones."""
    names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", statement)))
    return re.sub(r"%\((\w+)\)s", lambda match: f"${names.index(match[1]) + 1}", statement).replace("%%", "%")


@pytest.mark.parametrize("service", ["identity", "routing", "tickets"])
async def test_every_query_of_a_service_prepares(database_url: DatabaseUrl, service: str) -> None:
    queries = load_queries(f"services.{service}")
    options = f"-c search_path={service},public"
    async with await AsyncConnection.connect(await database_url(service), autocommit=True, options=options) as conn:
        for name, statement in queries.items():
            await conn.execute(f"PREPARE {name} AS {numbered(statement)}".encode())
        rows = await (await conn.execute("SELECT count(*) FROM pg_prepared_statements")).fetchone()
    assert rows == (len(queries),)


def test_the_driver_keeps_what_it_has_read_of_every_query() -> None:
    for service in ("identity", "routing", "tickets"):
        for name, statement in load_queries(f"services.{service}").items():
            assert len(statement) <= MAX_CACHED_STATEMENT_LENGTH, name
            assert len(set(re.findall(r"%\((\w+)\)s", statement))) <= MAX_CACHED_STATEMENT_PARAMS, name


def test_every_scope_keeps_an_unproven_senders_ticket_from_the_claimed_one() -> None:
    scoped = {name: text for name, text in load_queries("services.tickets").items() if "only_requester_id" in text}
    assert scoped
    for name, statement in scoped.items():
        assert re.search(r"t\.requester_id = %\(only_requester_id\)s AND t\.sender_proven", statement), name
