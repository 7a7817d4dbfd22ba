"""A gate at the commit of a change: PostgreSQL holds the transaction there for as long as a test wants."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg

_KEY = 4711


class CommitGate:
    """While it is closed, a transaction that makes such a change of a table waits inside its COMMIT."""

    def __init__(self, database_url: str, *, change: str = "INSERT", table: str = "tickets") -> None:
        self._url, self._change, self._table = database_url, change, table
        self._connection = psycopg.connect(database_url, autocommit=True)

    @contextmanager
    def built(self) -> Iterator[None]:
        """The gate is there, and open, inside the block."""
        self._execute(
            "CREATE FUNCTION public.wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS"
            f" 'BEGIN PERFORM pg_advisory_xact_lock_shared({_KEY}); RETURN NULL; END'"
        )
        self._execute(
            f"CREATE CONSTRAINT TRIGGER wait_at_gate AFTER {self._change} ON tickets.{self._table}"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.wait_at_gate()"
        )
        try:
            yield
        finally:
            self._execute("DROP FUNCTION public.wait_at_gate CASCADE")
            self._connection.close()

    @contextmanager
    def closed(self) -> Iterator[None]:
        """The gate is closed inside the block, unless PostgreSQL is restarted there: then it is open from there on."""
        self._execute(f"SELECT pg_advisory_lock({_KEY})")
        try:
            yield
        finally:
            with suppress(psycopg.OperationalError):
                self._connection.execute(f"SELECT pg_advisory_unlock({_KEY})".encode())

    def somebody_waits(self) -> bool:
        """Whether a transaction is inside its COMMIT now."""
        waiting = f"SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = {_KEY} AND NOT granted"
        return self._connection.execute(waiting.encode()).fetchone() is not None

    def _execute(self, statement: str) -> None:
        if self._connection.closed:
            self._connection = psycopg.connect(self._url, autocommit=True)
        self._connection.execute(statement.encode())
