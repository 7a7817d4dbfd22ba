"""API tokens that people make for themselves."""

from uuid import UUID

from services.common.database import Database
from services.domain.account import ApiToken
from services.domain.errors import InvalidTransition, NotFound
from services.domain.user import IssuedToken
from services.identity.store.statements import QUERIES
from services.identity.store.users import TOKEN_LIFETIME
from services.identity.tokens import digest_of, new_token

MOST_TOKENS = 50


class ApiTokenStore:
    """Makes, lists and ends the tokens of one user."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create_api_token(self, user_id: UUID, name: str) -> IssuedToken:
        """A token for 90 days; InvalidTransition when the user has too many, or is not active any more."""
        token = new_token()
        parameters = {
            "digest": digest_of(token),
            "user_id": user_id,
            "name": name,
            "lifetime": TOKEN_LIFETIME,
            "most": MOST_TOKENS,
        }
        async with self._database.transaction() as connection:
            await connection.execute(QUERIES["delete_expired_tokens"], {"user_id": user_id})
            row = await (await connection.execute(QUERIES["create_api_token"], parameters)).fetchone()
        if row is None:
            raise InvalidTransition(f"One person may have {MOST_TOKENS} tokens: revoke one first.", reason="TOO_MANY")
        return IssuedToken(token, row["expires_at"])

    async def list_api_tokens(self, user_id: UUID) -> tuple[ApiToken, ...]:
        """The user's tokens that are good, the newest first."""
        async with self._database.transaction() as connection:
            rows = await (await connection.execute(QUERIES["list_api_tokens"], {"user_id": user_id})).fetchall()
        return tuple(ApiToken(**row) for row in rows)

    async def revoke_api_token(self, user_id: UUID, token_id: UUID) -> None:
        """End one of the user's tokens; NotFound."""
        parameters = {"user_id": user_id, "token_id": token_id}
        async with self._database.transaction() as connection:
            if not (await connection.execute(QUERIES["revoke_api_token"], parameters)).rowcount:
                raise NotFound("There is no such token, or it has ended.", reason="TOKEN_NOT_FOUND")
