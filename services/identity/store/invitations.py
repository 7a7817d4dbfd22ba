"""Invitations and password resets: accounts without a password yet, and links that are good once."""

from typing import Any
from uuid import UUID

from services.common.database import Database
from services.domain.account import (
    LINK_LIFETIMES,
    RESETS_PER_HOUR,
    AccountLink,
    Invitation,
    LinkKind,
    invitation_state,
)
from services.domain.errors import InvalidTransition
from services.domain.message import EffectState
from services.domain.principal import Principal, Role
from services.domain.user import NewUser, User, require_may_manage
from services.identity.convert import Credentials, user_from_row
from services.identity.link_tokens import no_such_link
from services.identity.store.statements import QUERIES
from services.identity.store.users import Connection, end_all_access, end_links, no_such_user


class InvitationStore:
    """Invites, and lets people choose their password by a link."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create_invitation(self, new: NewUser, *, inviter: str) -> User:
        """An account that nobody can use yet, with a link on its way; AlreadyExists when the address is taken."""
        parameters = {"email": new.email, "name": new.name, "role": new.role}
        async with self._database.transaction() as connection:
            row = await (await connection.execute(QUERIES["create_invited_user"], parameters)).fetchone()
            assert row is not None
            user = user_from_row(row)
            await _create_link(connection, user.id, inviter=inviter, by_mail=True)
        return user

    async def renew_invitation(self, user_id: UUID, *, actor: Principal, by_mail: bool) -> UUID:
        """The id of a new link in place of the one before; NotFound, Forbidden, InvalidTransition."""
        async with self._database.transaction() as connection:
            await _lock_invited(connection, user_id, actor)
            return await _create_link(connection, user_id, inviter=actor.name, by_mail=by_mail)

    async def withdraw_invitation(self, user_id: UUID, *, actor: Principal) -> None:
        """No link of the account is good any more; NotFound, Forbidden, InvalidTransition."""
        async with self._database.transaction() as connection:
            await _lock_invited(connection, user_id, actor)
            await end_links(connection, user_id, LinkKind.INVITATION)

    async def list_invitations(self) -> tuple[Invitation, ...]:
        """The newest invitation of each account, by e-mail."""
        async with self._database.transaction() as connection:
            rows = await (await connection.execute(QUERIES["list_invitations"])).fetchall()
        return tuple(_invitation(row) for row in rows)

    async def create_password_reset(self, email: str) -> None:
        """A link on its way to the address, if it is an active account's that had few of late."""
        parameters = {
            "email": email,
            "lifetime": LINK_LIFETIMES[LinkKind.PASSWORD_RESET],
            "per_hour": RESETS_PER_HOUR,
        }
        async with self._database.transaction() as connection:
            row = await (await connection.execute(QUERIES["create_password_reset"], parameters)).fetchone()
            if row is not None:
                link = {"link_id": row["id"], "user_id": row["user_id"]}
                await connection.execute(QUERIES["end_other_resets"], link)
                await connection.execute(QUERIES["create_account_mail"], link)

    async def find_link(self, link_id: UUID) -> AccountLink:
        """A link that is good; NotFound."""
        async with self._database.transaction() as connection:
            row = await (await connection.execute(QUERIES["find_account_link"], {"link_id": link_id})).fetchone()
        if row is None:
            raise no_such_link()
        return AccountLink(**row | {"kind": LinkKind(row["kind"])})

    async def use_link(self, link_id: UUID, *, password_hash: str, name: str | None) -> tuple[str, Credentials]:
        """Give the account its password, once, and end all access there was; the address and what to sign in with."""
        async with self._database.transaction() as connection:
            link = await (await connection.execute(QUERIES["use_account_link"], {"link_id": link_id})).fetchone()
            if link is None:
                raise no_such_link()
            parameters = link | {"password_hash": password_hash, "name": name}
            user = await (await connection.execute(QUERIES["accept_link"], parameters)).fetchone()
            if user is None:
                raise no_such_link()
            await end_all_access(connection, link["user_id"])
        return user["email"], Credentials(user_id=user["id"], password_hash=password_hash)


async def _lock_invited(connection: Connection, user_id: UUID, actor: Principal) -> None:
    row = await (await connection.execute(QUERIES["lock_invited_user"], {"user_id": user_id})).fetchone()
    if row is None:
        raise no_such_user()
    require_may_manage(actor, Role(row["role"]))
    if row["has_password"]:
        raise InvalidTransition("They have accepted their invitation already.", reason="ACCEPTED")


async def _create_link(connection: Connection, user_id: UUID, *, inviter: str, by_mail: bool) -> UUID:
    await end_links(connection, user_id, LinkKind.INVITATION)
    parameters = {
        "kind": LinkKind.INVITATION,
        "user_id": user_id,
        "inviter": inviter,
        "lifetime": LINK_LIFETIMES[LinkKind.INVITATION],
    }
    row = await (await connection.execute(QUERIES["create_account_link"], parameters)).fetchone()
    assert row is not None
    link_id: UUID = row["id"]
    if by_mail:
        await connection.execute(QUERIES["create_account_mail"], {"link_id": link_id})
    return link_id


def _invitation(row: dict[str, Any]) -> Invitation:
    state = invitation_state(
        used=row["used"],
        ended=row["ended"],
        has_password=row["has_password"],
        expires_at=row["expires_at"],
        now=row["now"],
    )
    return Invitation(
        user_id=row["user_id"],
        email=row["email"],
        name=row["name"],
        role=Role(row["role"]),
        state=state,
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        mail_state=EffectState(row["mail_state"]) if row["mail_state"] else None,
        mail_attempts=row["mail_attempts"],
        mail_detail=row["mail_detail"],
    )
