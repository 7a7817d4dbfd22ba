"""Every statement of the service is understood by the schema that its migrations make."""

import re

import pytest
from psycopg.sql import SQL

from services.tickets.store.statements import QUERIES
from tests.contract.tickets.desk import Desk


@pytest.mark.parametrize("name", QUERIES)
async def test_query_prepares_on_the_migrated_schema(desk: Desk, name: str) -> None:
    numbers: dict[str, str] = {}
    statement = re.sub(
        r"%\((\w+)\)s", lambda match: numbers.setdefault(match[1], f"${len(numbers) + 1}"), QUERIES[name]
    )
    await desk.rows(SQL("PREPARE query AS {}").format(SQL(statement)).as_string())
