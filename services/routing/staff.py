"""The staff as routing sees it: asked of identity, kept for a moment, and good enough for a while without it."""

import asyncio
import time
from collections.abc import Callable
from uuid import UUID

from services.domain.errors import NotFound, Unavailable
from services.domain.principal import STAFF
from services.domain.user import User
from services.identity.client import IdentityClient

_KEPT_SECONDS = 5.0
_LONGEST_ANSWER_SECONDS = 2.0


class StaffDirectory:
    """Who works here. Decisions go on with the last known list while identity does not answer."""

    def __init__(self, client: IdentityClient, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock = clock
        self._known: tuple[User, ...] | None = None
        self._known_until = 0.0
        self._asking: asyncio.Task[None] | None = None

    async def list_staff(self, *, anew: bool = False) -> tuple[User, ...]:
        """The staff as it was at most 5 s ago, or is now, or was when identity last answered.

        Unavailable when identity never answered.
        """
        if anew or self._known is None or self._clock() >= self._known_until:
            if self._asking is None:
                self._asking = asyncio.create_task(self._ask())
                self._asking.add_done_callback(self._forget)
            await asyncio.shield(self._asking)
        assert self._known is not None
        return self._known

    async def require_staff(self, user_id: UUID) -> None:
        """NotFound unless identity says now that this is one of the staff, invited ones included."""
        user = await self._client.get_user(user_id)
        if user.role not in STAFF:
            raise NotFound("There is no such member of the staff.", reason="USER_NOT_FOUND")

    async def _ask(self) -> None:
        until = self._clock() + _KEPT_SECONDS
        try:
            async with asyncio.timeout(_LONGEST_ANSWER_SECONDS):
                self._known = await self._client.list_users()
        except (Unavailable, TimeoutError):
            if self._known is None:
                raise Unavailable("The staff is not known yet, because identity does not answer: try again.") from None
        # Also after a failure: decisions must not each wait for an identity that is away.
        self._known_until = until

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._asking = None
        if not task.cancelled():
            task.exception()  # seen, even if every caller went away before
