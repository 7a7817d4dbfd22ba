"""What the database of a stack says, to one who may read and change everything in the schema of tickets."""

from collections.abc import Mapping
from typing import Any

import psycopg

from tests.stack import Stack


def database_url(stack: Stack) -> str:
    """Where it is, as its owner."""
    lines = stack.run("duradesk", "env").splitlines()
    (found,) = (line.partition("=")[2].strip("'\"") for line in lines if "DURADESK_DATABASE_URL=" in line)
    return found


def rows(url: str, statement: str, parameters: Mapping[str, object] | None = None) -> list[Any]:
    """What a statement answers."""
    with psycopg.connect(url, options="-c search_path=tickets,public", autocommit=True) as connection:
        cursor = connection.execute(statement.encode(), parameters)
        return cursor.fetchall() if cursor.description else []
