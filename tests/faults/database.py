"""What the database of a stack says, to one who may read and change everything in the schema of tickets."""

from collections.abc import Mapping
from functools import cache
from itertools import groupby
from operator import itemgetter
from typing import Any

import psycopg
from psycopg.rows import dict_row

from tests.replay import replay, told
from tests.stack import Stack

_OPTIONS = "-c search_path=tickets,public"


def database_url(stack: Stack) -> str:
    """Where it is, as its owner."""
    return stack.environment.get("DURADESK_DATABASE_URL") or _told_url(stack)


@cache
def _told_url(stack: Stack) -> str:
    """Of a PostgreSQL of the stack's own, which stays where it is."""
    lines = stack.run("duradesk", "env").splitlines()
    (found,) = (line.partition("=")[2].strip("'\"") for line in lines if "DURADESK_DATABASE_URL=" in line)
    return found


def rows(url: str, statement: str, parameters: Mapping[str, object] | None = None) -> list[Any]:
    """What a statement answers."""
    with psycopg.connect(url, options=_OPTIONS, autocommit=True) as connection:
        cursor = connection.execute(statement.encode(), parameters)
        return cursor.fetchall() if cursor.description else []


def unexplained(url: str) -> dict[int, str]:
    """The tickets, by number, whose events have a gap or do not give the row when they are replayed, and where."""
    with psycopg.connect(url, options=_OPTIONS, row_factory=dict_row) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        tickets = {row["id"]: row for row in connection.execute("SELECT * FROM tickets")}
        events = connection.execute("SELECT * FROM events ORDER BY ticket_id, seq")
        by_ticket = {key: list(rows) for key, rows in groupby(events, key=itemgetter("ticket_id"))}
    wrong = {row["number"]: _difference(row, by_ticket.get(ticket_id, [])) for ticket_id, row in tickets.items()}
    return {number: difference for number, difference in wrong.items() if difference}


def _difference(row: Mapping[str, Any], events: list[dict[str, Any]]) -> str:
    if [event["seq"] for event in events] != list(range(1, row["version"] + 1)):
        return f"version {row['version']}, events {[event['seq'] for event in events]}"
    try:
        given, kept = replay(events), told(row)
    except AssertionError as mistake:
        return str(mistake)
    return ", ".join(
        f"{name}: {given.get(name)!r}, not {kept[name]!r}" for name in kept if given.get(name) != kept[name]
    )
