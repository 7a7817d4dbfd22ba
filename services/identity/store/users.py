"""Accounts and API tokens."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import DictRow

from services.common.database import Database
from services.domain.account import LinkKind
from services.domain.errors import NotFound
from services.domain.principal import Principal
from services.domain.user import IssuedToken, NewUser, User, UserChange, changed_user
from services.identity.convert import Credentials, principal_from_row, user_from_row
from services.identity.store.statements import QUERIES
from services.identity.tokens import digest_of, new_token

Connection = AsyncConnection[DictRow]

TOKEN_LIFETIME = timedelta(days=90)


class IdentityStore:
    """What identity knows; its database must have been opened with CONSTRAINT_ERRORS."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create_user(self, new: NewUser, password_hash: str) -> User:
        """Make an account; AlreadyExists when the address is taken."""
        row = await self._row("create_user", **_new_user_parameters(new, password_hash))
        assert row is not None
        return user_from_row(row)

    async def has_owner(self) -> bool:
        """Whether the desk has an active owner."""
        row = await self._row("has_owner")
        return row is not None and bool(row["has_owner"])

    async def create_first_owner(self, new: NewUser, password_hash: str) -> bool:
        """Make the owner unless there is one; tells whether it was made now."""
        async with self._database.transaction() as connection:
            await connection.execute(QUERIES["lock_bootstrap"])
            row = await (await connection.execute(QUERIES["has_owner"])).fetchone()
            if row is not None and row["has_owner"]:
                return False
            await connection.execute(QUERIES["create_user"], _new_user_parameters(new, password_hash))
            return True

    async def get_user(self, user_id: UUID) -> User:
        """One account; NotFound."""
        row = await self._row("find_user", user_id=user_id)
        if row is None:
            raise no_such_user()
        return user_from_row(row)

    async def list_users(self, *, include_customers: bool, after: str, limit: int) -> list[User]:
        """At most `limit` accounts by e-mail, from after that of `after`."""
        async with self._database.transaction() as connection:
            parameters = {"include_customers": include_customers, "after": after, "limit": limit}
            rows = await (await connection.execute(QUERIES["list_users"], parameters)).fetchall()
        return [user_from_row(row) for row in rows]

    async def update_user(
        self, user_id: UUID, change: UserChange, *, actor: Principal, password_hash: str | None
    ) -> User:
        """Change an account by the domain's rules. A new password or a deactivation ends all its tokens and
        sessions with it."""
        async with self._database.transaction() as connection:
            rows = await (await connection.execute(QUERIES["lock_user"], {"user_id": user_id})).fetchall()
            users = {row["id"]: user_from_row(row) for row in rows}
            user = users.pop(user_id, None)
            if user is None:
                raise no_such_user()
            changed = changed_user(user, change, actor=actor, another_owner=bool(users))
            parameters = {
                "user_id": user_id,
                "name": changed.name,
                "role": changed.role,
                "active": changed.active,
                "password_hash": password_hash,
            }
            await connection.execute(QUERIES["update_user"], parameters)
            if password_hash is not None or not changed.active:
                await end_all_access(connection, user_id)
            if change.active is False:
                # Somebody who was only invited has no other way in.
                await end_links(connection, user_id, LinkKind.INVITATION)
            return changed

    async def update_name(self, user_id: UUID, name: str) -> User:
        """The active account with this name; NotFound."""
        row = await self._row("update_name", user_id=user_id, name=name)
        if row is None:
            raise no_such_user()
        return user_from_row(row)

    async def update_password(self, user_id: UUID, password_hash: str) -> Credentials:
        """Give the active account another password, which ends all access there was; NotFound."""
        parameters = {"user_id": user_id, "password_hash": password_hash}
        async with self._database.transaction() as connection:
            if not (await connection.execute(QUERIES["update_password"], parameters)).rowcount:
                raise no_such_user()
            await end_all_access(connection, user_id)
        return Credentials(user_id=user_id, password_hash=password_hash)

    async def create_token(self, credentials: Credentials) -> IssuedToken | None:
        """A token for 90 days; None when the credentials stopped to be valid meanwhile."""
        token = new_token()
        parameters = {
            "digest": digest_of(token),
            "user_id": credentials.user_id,
            "password_hash": credentials.password_hash,
            "lifetime": TOKEN_LIFETIME,
        }
        async with self._database.transaction() as connection:
            await connection.execute(QUERIES["delete_expired_tokens"], {"user_id": credentials.user_id})
            row = await (await connection.execute(QUERIES["create_token"], parameters)).fetchone()
        return IssuedToken(token, row["expires_at"]) if row else None

    async def find_principal(self, token: str) -> Principal | None:
        """Whom the token stands for; None when it is unknown, expired or revoked, or its user not active."""
        row = await self._row("find_token_user", digest=digest_of(token))
        return principal_from_row(row) if row else None

    async def revoke_token(self, token: str) -> None:
        """End a token; an unknown or ended one is no error."""
        async with self._database.transaction() as connection:
            await connection.execute(QUERIES["revoke_token"], {"digest": digest_of(token)})

    async def _row(self, query: str, **parameters: Any) -> dict[str, Any] | None:
        async with self._database.transaction() as connection:
            return await (await connection.execute(QUERIES[query], parameters)).fetchone()


async def end_all_access(connection: Connection, user_id: UUID) -> None:
    """End the account's tokens, its sessions, and the links by which its password could be chosen anew."""
    await connection.execute(QUERIES["revoke_all_tokens"], {"user_id": user_id})
    await connection.execute(QUERIES["end_sessions"], {"user_id": user_id, "keep": None})
    await end_links(connection, user_id, LinkKind.PASSWORD_RESET)


async def end_links(connection: Connection, user_id: UUID, kind: LinkKind) -> None:
    """No link of this kind is good any more."""
    await connection.execute(QUERIES["end_account_links"], {"user_id": user_id, "kind": kind})


def no_such_user() -> NotFound:
    """The answer for an account that does not exist."""
    return NotFound("There is no such user.", reason="USER_NOT_FOUND")


def _new_user_parameters(new: NewUser, password_hash: str) -> dict[str, Any]:
    return {
        "email": new.email,
        "name": new.name,
        "role": new.role,
        "contact_id": new.contact_id,
        "password_hash": password_hash,
    }
