"""Passwords as Argon2id hashes (RFC 9106), computed in threads so that the event loop goes on."""

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError


class Passwords:
    """Hashes and checks passwords with 19 MiB and two passes each, the least that OWASP advises."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
        self._nobodys_hash = self._hasher.hash("")

    async def hash(self, password: str) -> str:
        """The text to store."""
        return await asyncio.to_thread(self._hasher.hash, password)

    async def is_right(self, password: str, password_hash: str | None) -> bool:
        """Whether the password fits; without a hash never, after the same work, so that time does not tell."""
        fits = await asyncio.to_thread(self._verify, password_hash or self._nobodys_hash, password)
        return fits and password_hash is not None

    def _verify(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except VerifyMismatchError:
            return False
