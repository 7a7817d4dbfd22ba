"""Principals that identity gave for secrets, kept for moments."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from services.common.auth import PrincipalSigner
from services.domain.principal import Principal
from services.identity.tokens import digest_of

_KEPT_SECONDS = 5.0


class KeptPrincipals:
    """Asks `exchange` for the signed principal of an opaque token.

    An answer is kept for 5 s from when it was asked for, so a token that ended is refused after that; calls that bring
    the same token at once ask once.
    """

    def __init__(
        self,
        exchange: Callable[[str], Awaitable[str]],
        signer: PrincipalSigner,
        *,
        keep_at_most: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask = exchange
        self._signer = signer
        self._keep_at_most = keep_at_most
        self._clock = clock
        self._kept: dict[bytes, tuple[float, Principal]] = {}
        self._asking: dict[bytes, asyncio.Task[Principal]] = {}

    async def find(self, token: str, *, anew: bool = False) -> Principal:
        """Whom the token stands for; Unauthenticated, or Unavailable when identity does not answer.

        `anew` asks in any case: for a stream, which would outlive a kept answer.
        """
        key = digest_of(token)
        until, principal = self._kept.get(key, (0.0, None))
        if principal is not None and self._clock() < until and not anew:
            return principal
        task = self._asking.get(key)
        if task is None:
            task = self._asking[key] = asyncio.create_task(self._exchange(key, token))
            task.add_done_callback(lambda done: self._forget_task(key, done))
        # The others who wait for the same answer must not lose it when this caller goes away.
        return await asyncio.shield(task)

    def forget(self, token: str) -> None:
        """Ask again next time: this process knows that the token has ended."""
        self._kept.pop(digest_of(token), None)

    async def _exchange(self, key: bytes, token: str) -> Principal:
        until = self._clock() + _KEPT_SECONDS
        principal = self._signer.verify(await self._ask(token))
        # Written anew at the end, so that the first key is the one that ends first.
        self._kept.pop(key, None)
        while len(self._kept) >= self._keep_at_most:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = (until, principal)
        return principal

    def _forget_task(self, key: bytes, task: asyncio.Task[Principal]) -> None:
        del self._asking[key]
        if not task.cancelled():
            task.exception()  # seen, even if every caller went away before
