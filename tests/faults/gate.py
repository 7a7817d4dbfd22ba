"""A gate at the commit of new tickets: PostgreSQL holds a transaction there for as long as a test wants."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

_KEY = 4711


class CommitGate:
    """While it is closed, a transaction that makes a ticket waits inside its COMMIT."""

    def __init__(self, database_url: str) -> None:
        self._connection = psycopg.connect(database_url, autocommit=True)

    @contextmanager
    def built(self) -> Iterator[None]:
        """The gate is there, and open, inside the block."""
        execute = self._connection.execute
        execute(
            "CREATE FUNCTION public.wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS"
            f" 'BEGIN PERFORM pg_advisory_xact_lock_shared({_KEY}); RETURN NULL; END'"
        )
        execute(
            "CREATE CONSTRAINT TRIGGER wait_at_gate AFTER INSERT ON tickets.tickets DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION public.wait_at_gate()"
        )
        try:
            yield
        finally:
            execute("DROP FUNCTION public.wait_at_gate CASCADE")
            self._connection.close()

    @contextmanager
    def closed(self) -> Iterator[None]:
        """The gate is closed inside the block."""
        self._connection.execute(f"SELECT pg_advisory_lock({_KEY})".encode())
        try:
            yield
        finally:
            self._connection.execute(f"SELECT pg_advisory_unlock({_KEY})".encode())

    def somebody_waits(self) -> bool:
        """Whether a transaction is inside its COMMIT now."""
        waiting = f"SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = {_KEY} AND NOT granted"
        return self._connection.execute(waiting.encode()).fetchone() is not None
