"""Every statement fits the schema that the migrations give."""

import re

from psycopg import AsyncConnection

from services.tickets.store.statements import QUERIES
from tests.contract.conftest import DatabaseUrl


def numbered(statement: str) -> str:
    """The statement with PostgreSQL's own parameters instead of psycopg's named ones."""
    names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", statement)))
    return re.sub(r"%\((\w+)\)s", lambda match: f"${names.index(match[1]) + 1}", statement).replace("%%", "%")


async def test_every_query_of_tickets_prepares(database_url: DatabaseUrl) -> None:
    url = await database_url("tickets")
    async with await AsyncConnection.connect(url, autocommit=True, options="-c search_path=tickets,public") as conn:
        for name, statement in QUERIES.items():
            await conn.execute(f"PREPARE {name} AS {numbered(statement)}".encode())
        rows = await (await conn.execute("SELECT count(*) FROM pg_prepared_statements")).fetchone()
    assert rows == (len(QUERIES),)
