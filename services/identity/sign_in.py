"""Signing in: a password for a token, with limits that survive a restart and answers that tell of no account."""

import asyncio
import math
from datetime import timedelta
from hashlib import sha256

from services.domain.errors import Invalid, ResourceExhausted, Unauthenticated
from services.domain.intake import clean_email
from services.domain.user import IssuedToken
from services.identity.convert import Credentials
from services.identity.passwords import Passwords
from services.identity.store import IdentityStore


class SignIn:
    """Checks e-mail and password.

    One at a time: otherwise guesses made at once would all pass before the first failure counts. It also bounds what
    hashing may take of the machine.
    """

    def __init__(self, store: IdentityStore, passwords: Passwords) -> None:
        self._store = store
        self._passwords = passwords
        self._turn = asyncio.Lock()

    async def create_token(self, email: str, password: str, *, source: str) -> IssuedToken:
        """A token for the account.

        Unauthenticated, whatever is wrong; ResourceExhausted, also with the right password, for a while after too many
        failures for the account, existing or not, or from the source.
        """
        address = _address(email)
        account, where = _key("account", address), _key("source", source)
        async with self._turn:
            wait = await self._store.find_wait(account=account, source=where)
            if wait is not None:
                raise _too_many(wait)
            credentials = await self._check(address, password)
            if credentials is None:
                await self._store.add_failure(account=account, source=where)
        issued = await self._store.create_token(credentials) if credentials else None
        if issued is None:
            raise Unauthenticated("E-mail or password is wrong, or the account is not active.", reason="SIGN_IN_FAILED")
        return issued

    async def _check(self, address: str, password: str) -> Credentials | None:
        credentials = await self._store.find_credentials(address)
        password_hash = credentials.password_hash if credentials else None
        return credentials if await self._passwords.is_right(password, password_hash) else None


def _address(email: str) -> str:
    """The address as accounts have it; of what is none, something that PostgreSQL takes and no account has."""
    try:
        return clean_email(email)
    except Invalid:
        return email.replace("\x00", "\ufffd").strip().lower()


def _key(kind: str, text: str) -> bytes:
    return sha256(f"{kind}:{text}".encode()).digest()


def _too_many(wait: timedelta) -> ResourceExhausted:
    seconds = math.ceil(wait.total_seconds())
    return ResourceExhausted(
        f"Too many failed sign-ins: try again in {seconds} seconds.",
        reason="TOO_MANY_SIGN_IN_FAILURES",
        metadata={"retry_after_seconds": str(seconds)},
    )
