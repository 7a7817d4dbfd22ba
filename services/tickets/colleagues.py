"""The staff as mails need them: who somebody is by now, asked of identity each time."""

from typing import Protocol
from uuid import UUID

from services.domain.errors import Invalid, NotFound
from services.domain.user import User
from services.identity.client import IdentityClient


class Colleagues(Protocol):
    """Knows who works here."""

    async def find_colleague(self, user_id: UUID) -> User | None:
        """The account with this id, active or not; None when there is none. Unavailable."""


async def check_colleague(colleagues: Colleagues, user_id: UUID | None, *, field: str) -> None:
    """Invalid, naming the field, when nobody would see what is given to this user; None is nobody on purpose."""
    if user_id is None:
        return
    colleague = await colleagues.find_colleague(user_id)
    if colleague is None or not colleague.is_active_staff:
        problem = "must be an active member of the staff"
        raise Invalid(f"The {field} {problem}.", violations={field: problem})


class IdentityColleagues:
    """Asks identity."""

    def __init__(self, identity: IdentityClient) -> None:
        self._identity = identity

    async def find_colleague(self, user_id: UUID) -> User | None:
        """The account as it is now."""
        try:
            return await self._identity.get_user(user_id)
        except NotFound:
            return None
