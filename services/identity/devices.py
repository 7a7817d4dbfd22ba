"""Marks of browsers that have signed in to an account before (OWASP, "device cookies").

Whoever guesses passwords has none, so that what they do shuts out nobody who has. A mark opens nothing by itself.
"""

import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from hashlib import sha256

_NONCE_BYTES = 16
_MARK_BYTES = _NONCE_BYTES + sha256().digest_size


class Devices:
    """Gives and recognises marks with a key that is derived from the one all services share (HMAC with SHA-256)."""

    def __init__(self, key: bytes) -> None:
        self._key = hmac.digest(key, b"duradesk sign-in devices", sha256)

    def mark(self, account: bytes) -> str:
        """A new mark for this account."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return urlsafe_b64encode(nonce + self._signature(account, nonce)).decode()

    def identify(self, mark: str, *, account: bytes) -> bytes | None:
        """What the browser with this mark is known by; None unless we gave it for this account."""
        try:
            raw = urlsafe_b64decode(mark.encode("ascii"))
        except (Error, ValueError):
            return None
        nonce, signature = raw[:_NONCE_BYTES], raw[_NONCE_BYTES:]
        known = len(raw) == _MARK_BYTES and hmac.compare_digest(signature, self._signature(account, nonce))
        return sha256(nonce).digest() if known else None

    def _signature(self, account: bytes, nonce: bytes) -> bytes:
        return hmac.digest(self._key, account + nonce, sha256)
