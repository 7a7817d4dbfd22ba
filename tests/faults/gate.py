"""A gate at the commit of new rows: PostgreSQL holds a transaction there for as long as a test wants."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self

import psycopg

from tests.faults.processes import frozen
from tests.stack import Stack, wait_for

_KEY = 4711
_WAITING = f"FROM pg_locks WHERE locktype = 'advisory' AND objid = {_KEY} AND NOT granted"


class CommitGate:
    """While it is closed, a transaction that makes a row of the table, or changes one, waits inside its COMMIT."""

    def __init__(self, database_url: str, *, table: str = "tickets.tickets", on: str = "INSERT") -> None:
        self._connection = psycopg.connect(database_url, autocommit=True)
        self._table, self._on = table, on
        self._is_closed = False

    @contextmanager
    def built(self) -> Iterator[Self]:
        """The gate is there, and open, inside the block."""
        self._execute(
            "CREATE FUNCTION public.wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS"
            f" 'BEGIN PERFORM pg_advisory_xact_lock_shared({_KEY}); RETURN NULL; END'"
        )
        self._execute(
            f"CREATE CONSTRAINT TRIGGER wait_at_gate AFTER {self._on} ON {self._table} DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION public.wait_at_gate()"
        )
        try:
            yield self
        finally:
            self._execute("DROP FUNCTION public.wait_at_gate CASCADE")
            self._connection.close()

    @contextmanager
    def closed(self) -> Iterator[None]:
        """The gate is closed inside the block, unless it is opened there."""
        self._execute(f"SELECT pg_advisory_lock({_KEY})")
        self._is_closed = True
        try:
            yield
        finally:
            self.open()

    def open(self) -> None:
        """Let those who wait go on."""
        if self._is_closed:
            self._execute(f"SELECT pg_advisory_unlock({_KEY})")
            self._is_closed = False

    def somebody_waits(self) -> bool:
        """Whether a transaction is inside its COMMIT now."""
        return self._execute(f"SELECT 1 {_WAITING}").fetchone() is not None

    def cut(self) -> None:
        """Break the connections of those who wait: when this returns, PostgreSQL has rolled back what they did."""
        waiting = [pid for (pid,) in self._execute(f"SELECT pid {_WAITING}").fetchall()]
        self._execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = ANY(%s)", waiting)
        left = "SELECT 1 FROM pg_stat_activity WHERE pid = ANY(%s)"
        wait_for(lambda: not self._execute(left, waiting).fetchone(), what="them to be rolled back")

    def _execute(self, statement: str, *values: object) -> psycopg.Cursor[tuple[object, ...]]:
        return self._connection.execute(statement.encode(), values)


def break_off(gate: CommitGate, *, committed: Callable[[], object]) -> None:
    """Break the connections that wait at the closed gate: nothing is committed, and who asks again finds it open."""
    gate.cut()
    assert not committed(), "what was broken off is committed"
    gate.open()


def cut_short(stack: Stack, process: str, moment: str, *, gate: CommitGate, committed: Callable[[], object]) -> None:
    """Kill the process while a transaction waits at the closed gate, or once it is committed and nobody is told yet."""
    wait_for(gate.somebody_waits, what="a transaction to be inside its COMMIT")
    if moment == "before":
        stack.kill(process)
        # As long as it waits PostgreSQL does not see that its client is dead, and would commit all the same.
        break_off(gate, committed=committed)
    else:
        with frozen(stack, process):
            gate.open()
            wait_for(committed, what="the commit")
            stack.kill(process)
