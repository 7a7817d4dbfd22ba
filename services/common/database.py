"""Transactions on PostgreSQL for one service: its role, its schema, and database errors told as domain errors."""

import select
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from types import TracebackType
from typing import Any, LiteralString, Self
from uuid import UUID

import psycopg
import structlog
from opentelemetry.trace import SpanKind
from psycopg import AsyncConnection, AsyncCursor, DataError, Error, OperationalError, errors
from psycopg.abc import Buffer
from psycopg.adapt import AdaptersMap, Loader
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from services.common.ids import read_id
from services.common.sql import Statement
from services.common.tracing import inner_span, is_inside
from services.domain.errors import Conflict, DuradeskError, Invalid, Unavailable

_TAKEN = (errors.SerializationFailure, errors.DeadlockDetected)
# The server ends a session that idles in its transaction: no OperationalError for psycopg, and lost all the same.
_AWAY = (OperationalError, errors.IdleInTransactionSessionTimeout)

_BEGIN: LiteralString = "BEGIN"

log = structlog.get_logger()


class Database:
    """A pool of connections that act as `duradesk_<schema>` in that schema.

    `constraint_errors` maps a constraint's name to the domain error its violation means. `instant`, for tests with
    skipped time, says what the SQL function `instant()` answers instead of PostgreSQL's clock.
    """

    def __init__(
        self,
        url: str,
        *,
        schema: str,
        constraint_errors: Mapping[str, Callable[[], DuradeskError]] | None = None,
        max_size: int = 10,
        instant: Callable[[], Awaitable[datetime]] | None = None,
    ) -> None:
        self._constraint_errors = dict(constraint_errors or {})
        self._instant = instant
        self._schema = schema
        self._pool: AsyncConnectionPool[AsyncConnection[DictRow]] = AsyncConnectionPool(
            url,
            connection_class=AsyncConnection[DictRow],
            kwargs={
                # A statement is a transaction of its own unless one is begun.
                "autocommit": True,
                "row_factory": dict_row,
                "cursor_factory": _TracedCursor,
                "connect_timeout": 5,
                "options": _options(schema),
                "context": _adapters(),
            },
            min_size=1,
            max_size=max_size,
            timeout=5,
            # Attempts back off exponentially within this many seconds, then the next caller starts anew: so a
            # database that was away for long is found again within seconds.
            reconnect_timeout=5,
            # A connection that died while idle is replaced before a caller sees it.
            check=_check,
            open=False,
            name=schema,
        )

    async def open(self, *, within_seconds: float = 10) -> None:
        """Connect; raises Unavailable when the database does not answer within that time."""
        try:
            await self._pool.open(wait=True, timeout=within_seconds)
        except Error as error:
            await self._pool.close()
            self._raise_told(error)
            raise

    async def close(self) -> None:
        """Give the connections back; a transaction still under way is rolled back."""
        await self._pool.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection[DictRow]]:
        """One transaction: committed at the end of the block, rolled back by any exception.

        Raises the given error for a named constraint, Invalid for a value that no column can hold, Conflict when
        another transaction was in the way and Unavailable when the database is away; then a commit under way may have
        happened or not.
        """
        async with self.connection() as connection:
            await connection.execute(_BEGIN)
            yield connection

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection[DictRow]]:
        """Each statement in the block is a transaction of its own: one trip to the database instead of three.

        For what one statement reads or writes; raises the same as a transaction.
        """
        try:
            with inner_span(f"{self._schema} transaction"):
                async with self._pool.connection() as connection:
                    if self._instant is not None:
                        now = (await self._instant()).isoformat()
                        await connection.execute("select set_config('duradesk.now', %(now)s, false)", {"now": now})
                    yield connection
        except Error as error:
            self._raise_told(error)
            raise

    def _raise_told(self, error: Error) -> None:
        """Raise what the error means to the domain. One that means nothing stays as it is: no error causes itself."""
        known = self._constraint_errors.get(error.diag.constraint_name or "")
        if known is not None:
            raise known() from error
        if isinstance(error, DataError):
            problem = "The input has a value that cannot be stored: a NUL character, or a number out of range."
            raise Invalid(problem) from error
        if isinstance(error, _TAKEN):
            problem = "Somebody else changed the same thing at the same moment: read it again and decide again."
            raise Conflict(problem) from error
        if isinstance(error, errors.InternalError_):
            # Its own fault, mostly its disk's: a file that cannot grow has no code of its own.
            log.error("database.failed", schema=self._schema, code=error.sqlstate)
            raise Unavailable("The database cannot do that just now: its own log says why.") from error
        if isinstance(error, _AWAY):
            raise Unavailable("The database does not answer just now: try again in a few seconds.") from error


class _TracedCursor(AsyncCursor[Any]):
    """Shows each statement that belongs to a trace as a span by the statement's name, without its parameters."""

    async def execute(self, query: Any, *args: Any, **options: Any) -> Self:
        """Run one statement."""
        if not is_inside():
            return await super().execute(query, *args, **options)
        name = query.name if isinstance(query, Statement) else "begin" if query == _BEGIN else "statement"
        with inner_span(name, kind=SpanKind.CLIENT, db_system_name="postgresql"):
            return await super().execute(query, *args, **options)


class _IdLoader(Loader):
    def load(self, data: Buffer) -> UUID:
        return read_id(str(data, "ascii"))


def _adapters() -> AdaptersMap:
    """How values become Python's: as psycopg does it, but for ids."""
    adapters = AdaptersMap(psycopg.adapters)
    adapters.register_loader("uuid", _IdLoader)
    return adapters


async def _check(connection: AsyncConnection[DictRow]) -> None:
    """Raise for a connection that died while idle: its socket has something to read, as no other idle one has."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    if poll.poll(0):
        await AsyncConnectionPool.check_connection(connection)


def _options(schema: str) -> str:
    settings = {
        "role": f"duradesk_{schema}",
        "search_path": f"{schema},public",
        "statement_timeout": "30s",
        "lock_timeout": "10s",
        "idle_in_transaction_session_timeout": "60s",
        "timezone": "UTC",
        # Many small statements at once: to start workers takes longer than most of them take.
        "max_parallel_workers_per_gather": "0",
    }
    return " ".join(f"-c {name}={value}" for name, value in settings.items())
