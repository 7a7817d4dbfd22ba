"""Links to remote pictures by way of us: a token for one picture of one message, made for those who may read it."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from struct import Struct
from uuid import UUID

from services.domain.errors import NotFound

PATH = "/images/"
LIFETIME = timedelta(hours=12)
LONGEST_URL = 2000

_HEAD = Struct(">16sq")
_SIGNATURE_BYTES = 32


class ImageLinks:
    """Signs and verifies links with a key that is derived from the one all services share (HMAC with SHA-256)."""

    def __init__(self, key: bytes) -> None:
        self._key = hmac.digest(key, b"duradesk remote images", sha256)

    def path(self, url: str, *, message_id: UUID, now: datetime | None = None) -> str:
        """Where a reader of the message gets the picture from us; "" for a URL that is too long."""
        if len(url) > LONGEST_URL:
            return ""
        # Whole hours, so that a page that is loaded again finds its pictures in the browser's memory.
        hour = int((now or datetime.now(UTC)).timestamp()) // 3600
        content = _HEAD.pack(message_id.bytes, hour * 3600 + int(LIFETIME.total_seconds())) + url.encode()
        return PATH + urlsafe_b64encode(self._signature(content) + content).decode().rstrip("=")

    def verify(self, token: str, *, now: datetime) -> str:
        """The URL for which the token was made; NotFound for any other text and for one that is too old."""
        try:
            raw = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
        except ValueError:
            raise _unknown() from None
        signature, content = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
        if len(content) < _HEAD.size or not hmac.compare_digest(signature, self._signature(content)):
            raise _unknown()
        _, ends_at = _HEAD.unpack_from(content)
        if now.timestamp() >= ends_at:
            raise _unknown()
        return content[_HEAD.size :].decode()

    def _signature(self, content: bytes) -> bytes:
        return hmac.digest(self._key, content, sha256)


def _unknown() -> NotFound:
    return NotFound("There is no such picture, or not any more.")
