"""The tokens of account links: a link's id and its signature, of one form only. The database alone cannot make one."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from hashlib import sha256
from uuid import UUID

from services.domain.account import LINK_PATHS, LinkKind
from services.domain.errors import NotFound

_ID_BYTES = 16


class LinkTokens:
    """Makes and reads tokens with a key that is derived from the one all services share (HMAC with SHA-256)."""

    def __init__(self, key: bytes, *, public_url: str) -> None:
        self._key = hmac.digest(key, b"duradesk account links", sha256)
        self._public_url = public_url.rstrip("/")

    def url(self, kind: LinkKind, link_id: UUID) -> str:
        """The address of the link's page, under the configured one and no other."""
        # 48 bytes: base64 then has no padding and no spare bits that could vary.
        token = urlsafe_b64encode(link_id.bytes + self._signature(link_id.bytes)).decode()
        return f"{self._public_url}{LINK_PATHS[kind]}{token}"

    def read(self, token: str) -> UUID:
        """The id of the link that exactly this token stands for; NotFound for any other text."""
        try:
            raw = urlsafe_b64decode(token.encode("ascii"))
        except (Error, ValueError):
            raise no_such_link() from None
        content, signature = raw[:_ID_BYTES], raw[_ID_BYTES:]
        exact = urlsafe_b64encode(raw).decode() == token
        if not exact or not hmac.compare_digest(signature, self._signature(content)):
            raise no_such_link()
        return UUID(bytes=content)

    def _signature(self, content: bytes) -> bytes:
        return hmac.digest(self._key, content, sha256)


def no_such_link() -> NotFound:
    """The one answer to a link that is not good, whatever the reason."""
    return NotFound("This link is not valid, or not any more.", reason="LINK_NOT_FOUND")
