"""Signing in: a password that fits, with limits that survive a restart and answers that tell of no account."""

import asyncio
import math
from datetime import timedelta
from hashlib import sha256

from services.domain.errors import Invalid, ResourceExhausted, Unauthenticated
from services.domain.intake import clean_email
from services.identity.convert import Attempt, Credentials
from services.identity.devices import Devices
from services.identity.passwords import Passwords
from services.identity.store.sign_ins import SignInStore


class SignIn:
    """Checks e-mail and password.

    One at a time: otherwise guesses made at once would all pass before the first failure counts. It also bounds what
    hashing may take of the machine.
    """

    def __init__(self, store: SignInStore, passwords: Passwords, devices: Devices) -> None:
        self._store = store
        self._passwords = passwords
        self._devices = devices
        self._turn = asyncio.Lock()

    async def check(self, email: str, password: str, *, source: str, device: str = "") -> Credentials:
        """The account's credentials, which the password fits.

        Unauthenticated, whatever is wrong; ResourceExhausted, also with the right password, for a while after too many
        failures: in this browser when its mark `device` says that it has signed in to the account before, else for the
        account from this source, for the account, existing or not, from everywhere, or from the source.
        """
        address = _address(email)
        account = _account_key(address)
        attempt = Attempt(account, _key("source", source), self._devices.identify(device, account=account))
        async with self._turn:
            wait = await self._store.find_wait(attempt)
            if wait is not None:
                raise _too_many(wait)
            credentials = await self._check(address, password)
            if credentials is None:
                await self._store.add_failure(attempt)
        if credentials is None:
            raise sign_in_failed()
        return credentials

    async def note_reset(self, email: str, *, source: str) -> str:
        """The address as accounts have it, for a forgotten password; ResourceExhausted after too many such requests.

        Each counts, as a failure to sign in would, but apart from those: they shut nobody out of signing in.
        """
        address = _address(email)
        attempt = Attempt(_key("reset of", address), _key("reset from", source), None)
        async with self._turn:
            wait = await self._store.find_wait(attempt)
            if wait is not None:
                raise _too_many(wait)
            await self._store.add_failure(attempt)
        return address

    async def _check(self, address: str, password: str) -> Credentials | None:
        credentials = await self._store.find_credentials(address)
        password_hash = credentials.password_hash if credentials else None
        return credentials if await self._passwords.is_right(password, password_hash) else None

    def mark(self, email: str) -> str:
        """A mark for a browser that has just signed in to this account."""
        return self._devices.mark(_account_key(_address(email)))


def sign_in_failed() -> Unauthenticated:
    """The one answer to whatever is wrong."""
    return Unauthenticated("E-mail or password is wrong, or the account is not active.", reason="SIGN_IN_FAILED")


def _account_key(address: str) -> bytes:
    return _key("account", address)


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
