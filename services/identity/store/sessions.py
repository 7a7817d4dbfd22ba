"""Sessions on the pages."""

from uuid import UUID

from services.common.database import Database
from services.domain.principal import Principal
from services.domain.session import IDLE_LIFETIME, LONGEST_LIFETIME, Session
from services.identity.convert import Credentials, principal_from_row
from services.identity.store.statements import QUERIES
from services.identity.tokens import SESSION_PREFIX, digest_of, new_token

_LIMITS = {"idle": IDLE_LIFETIME, "longest": LONGEST_LIFETIME}
_LONGEST_TEXT = 300


class SessionStore:
    """Begins, finds and ends sessions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create_session(self, credentials: Credentials, *, source: str, user_agent: str) -> str | None:
        """The token of a new session; None when the credentials stopped to be valid meanwhile, or are a customer's."""
        token = new_token(SESSION_PREFIX)
        parameters = {
            "digest": digest_of(token),
            "user_id": credentials.user_id,
            "password_hash": credentials.password_hash,
            "source": _line(source),
            "user_agent": _line(user_agent),
        }
        async with self._database.transaction() as connection:
            await connection.execute(QUERIES["delete_ended_sessions"], _LIMITS | {"user_id": credentials.user_id})
            row = await (await connection.execute(QUERIES["create_session"], parameters)).fetchone()
        return token if row else None

    async def find_principal(self, token: str) -> Principal | None:
        """Whom the session stands for; None when there is none of that token that is open."""
        parameters = {"digest": digest_of(token)}
        async with self._database.transaction() as connection:
            row = await (await connection.execute(QUERIES["find_session_user"], _LIMITS | parameters)).fetchone()
            if row is not None:
                await connection.execute(QUERIES["touch_session"], parameters)
        return principal_from_row(row) if row else None

    async def list_sessions(self, user_id: UUID, *, current: str) -> tuple[Session, ...]:
        """The open sessions of the user, the one used last first; `current` is the token of one of them."""
        parameters = _LIMITS | {"user_id": user_id, "digest": digest_of(current)}
        async with self._database.transaction() as connection:
            rows = await (await connection.execute(QUERIES["list_sessions"], parameters)).fetchall()
        return tuple(Session(**row) for row in rows)

    async def end_session(self, token: str) -> None:
        """End a session; an unknown or ended one is no error."""
        async with self._database.transaction() as connection:
            await connection.execute(QUERIES["end_session"], {"digest": digest_of(token)})

    async def end_sessions(self, user_id: UUID, *, keep: str) -> None:
        """End the user's sessions but the one of the token `keep`."""
        async with self._database.transaction() as connection:
            await connection.execute(QUERIES["end_sessions"], {"user_id": user_id, "keep": digest_of(keep)})


def _line(text: str) -> str:
    """What a browser says of itself is anybody's to write: cut, and on one line."""
    return " ".join(text.replace("\x00", " ").split())[:_LONGEST_TEXT]
