"""What a sign-in is checked against, and the failures that make somebody wait."""

from datetime import timedelta
from typing import Any

from services.common.database import Database
from services.identity.convert import Attempt, Credentials
from services.identity.store.statements import QUERIES

FAILURE_WINDOW = timedelta(minutes=15)
# A guesser who is shut out shuts out nobody else; one with many addresses meets the account's own, wider limit.
FAILURES_PER_PAIR = 10
FAILURES_PER_ACCOUNT = 100
FAILURES_PER_SOURCE = 50
FAILURES_PER_DEVICE = 10


class SignInStore:
    """Credentials and failures; what it keeps of them survives a restart."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find_credentials(self, email: str) -> Credentials | None:
        """What to check a sign-in against; None when no active account has the address."""
        row = await self._row("find_credentials", email=email)
        return Credentials(user_id=row["id"], password_hash=row["password_hash"]) if row else None

    async def find_wait(self, attempt: Attempt) -> timedelta | None:
        """How long whoever tries this has to wait after too many failures; None when they have not."""
        if attempt.device is None:
            row = await self._row(
                "find_wait",
                account=attempt.account,
                source=attempt.source,
                per_pair=FAILURES_PER_PAIR,
                per_account=FAILURES_PER_ACCOUNT,
                per_source=FAILURES_PER_SOURCE,
                window=FAILURE_WINDOW,
            )
        else:
            row = await self._row(
                "find_device_wait", device=attempt.device, per_device=FAILURES_PER_DEVICE, window=FAILURE_WINDOW
            )
        wait: timedelta | None = row["wait"] if row else None
        return wait if wait is not None and wait > timedelta() else None

    async def add_failure(self, attempt: Attempt) -> None:
        """Note a failed sign-in, and forget those that count no more."""
        parameters = {"account": attempt.account, "source": attempt.source, "device": attempt.device}
        async with self._database.transaction() as connection:
            await connection.execute(QUERIES["delete_old_failures"], {"window": FAILURE_WINDOW})
            await connection.execute(QUERIES["add_failure"], parameters)

    async def _row(self, query: str, **parameters: Any) -> dict[str, Any] | None:
        async with self._database.transaction() as connection:
            return await (await connection.execute(QUERIES[query], parameters)).fetchone()
