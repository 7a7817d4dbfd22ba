"""Principals between our processes: signed for a minute, checked at every hop, at hand while a call is served."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Protocol
from uuid import UUID

import jwt

from services.domain.errors import Unauthenticated
from services.domain.principal import Principal, Role, Via

_ALGORITHM = "HS256"
_PARTY = "duradesk"
_LEEWAY = timedelta(seconds=5)
_MINIMUM_KEY_BYTES = 32
_KEPT_SECONDS = 15.0
_MOST_KNOWN = 1000

_principal: ContextVar[Principal] = ContextVar("principal")


class PrincipalSigner:
    """Signs and verifies principals with the key that all services share (HMAC with SHA-256, RFC 7519)."""

    def __init__(self, key: bytes) -> None:
        if len(key) < _MINIMUM_KEY_BYTES:
            raise ValueError(f"The key that signs principals needs {_MINIMUM_KEY_BYTES} bytes or more.")
        self._key = key
        self._known: dict[str, tuple[float, float, Principal]] = {}
        self._signed = lru_cache(_MOST_KNOWN)(self._sign)

    def sign(
        self, principal: Principal, *, lifetime: timedelta = timedelta(seconds=60), now: datetime | None = None
    ) -> str:
        """A token that says who is calling, valid for `lifetime` from `now`."""
        issued_at = now or datetime.now(UTC)
        # Tokens tell whole seconds, and to sign takes a gateway longer than to read a request. Principals of different
        # names are equal, their tokens are not.
        issued, ends = int(issued_at.timestamp()), int((issued_at + lifetime).timestamp())
        return self._signed(principal, principal.name, issued, ends)

    def _sign(self, principal: Principal, name: str, issued: int, ends: int) -> str:
        claims = {
            "iss": _PARTY,
            "aud": _PARTY,
            "sub": principal.subject,
            "role": principal.role.value,
            "contact_id": str(principal.contact_id) if principal.contact_id else None,
            "name": name,
            "via": principal.via.value,
            "iat": issued,
            "exp": ends,
        }
        return jwt.encode(claims, self._key, algorithm=_ALGORITHM)

    def verify(self, token: str) -> Principal:
        """The principal that the token names; raises Unauthenticated when it is forged, expired or malformed.

        Our processes send the same one for some seconds: what was verified is looked up while it is valid.
        """
        issued, ends, known = self._known.get(token, (0.0, 0.0, None))
        if known is not None and issued <= time.time() < ends:
            return known
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=[_ALGORITHM],
                issuer=_PARTY,
                audience=_PARTY,
                leeway=_LEEWAY,
                options={"require": ["iss", "aud", "sub", "iat", "exp"]},
            )
            contact_id = claims.get("contact_id")
            principal = Principal(
                claims["sub"],
                Role(claims["role"]),
                contact_id=UUID(contact_id) if contact_id else None,
                name=str(claims.get("name", "")),
                via=Via(claims["via"]),
            )
        except (jwt.InvalidTokenError, KeyError, ValueError, TypeError, AttributeError) as error:
            raise Unauthenticated("The token is not valid, or not any more: sign in again.") from error
        # The oldest goes first.
        while len(self._known) >= _MOST_KNOWN:
            del self._known[next(iter(self._known))]
        self._known[token] = (claims["iat"], claims["exp"], principal)
        return principal


class KeptToken:
    """The token of one of our processes for its calls, signed anew when it is 15 s old.

    Signing each call's own costs a worker a tenth of what a decision takes it; a token is valid for a minute. By the
    clock that tokens are valid by: it goes on while the machine sleeps, and somebody may set it back.
    """

    def __init__(
        self, signer: PrincipalSigner, principal: Principal, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._signer = signer
        self._principal = principal
        self._clock = clock
        self._token, self._signed_at = "", -math.inf

    def __call__(self) -> str:
        """The token to send now."""
        now = self._clock()
        if not 0 <= now - self._signed_at < _KEPT_SECONDS:
            self._token, self._signed_at = self._signer.sign(self._principal), now
        return self._token


class Authenticator(Protocol):
    """Tells who a bearer token stands for."""

    async def authenticate(self, token: str, *, anew: bool = False) -> Principal:
        """The principal; raises Unauthenticated for a token that stands for nobody. `anew`: from no kept answer."""


class SignedOnly:
    """Accepts signed principals alone: for the inner hops, which no user reaches."""

    def __init__(self, signer: PrincipalSigner) -> None:
        self._signer = signer

    async def authenticate(self, token: str, *, anew: bool = False) -> Principal:
        """The principal that signed token names."""
        return self._signer.verify(token)


def current_principal() -> Principal:
    """Who makes the call that is being served; raises Unauthenticated where nobody was asked to say."""
    principal = _principal.get(None)
    if principal is None:
        raise Unauthenticated("Nobody is signed in here.")
    return principal


@contextmanager
def acting_as(principal: Principal) -> Iterator[None]:
    """Serve what is inside for this principal."""
    token = _principal.set(principal)
    try:
        yield
    finally:
        _principal.reset(token)
