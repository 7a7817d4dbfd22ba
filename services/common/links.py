"""Customer links as tokens: signed, of one form only, and valid until they expire."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from datetime import UTC, datetime
from hashlib import sha256
from struct import Struct
from uuid import UUID

from services.domain.errors import NotFound
from services.domain.links import CustomerAnswer, CustomerLink

PATH = "/answer/"

# 81 bytes with the signature, a multiple of 3: base64 then has no padding and no spare bits that could vary.
_FORM = Struct(">B16s16sqq")
_ANSWERS = {1: CustomerAnswer.SOLVED, 2: CustomerAnswer.NOT_SOLVED}
_CODES = {answer: code for code, answer in _ANSWERS.items()}
_SIGNATURE_BYTES = 32


class LinkSigner:
    """Signs and verifies links with a key that is derived from the one all services share (HMAC with SHA-256)."""

    def __init__(self, key: bytes, *, public_url: str) -> None:
        self._key = hmac.digest(key, b"duradesk customer links", sha256)
        self._public_url = public_url.rstrip("/")

    def url(self, link: CustomerLink) -> str:
        """The address of the link's page, under the configured one and no other."""
        return f"{self._public_url}{PATH}{self.token(link)}"

    def ticket_url(self, number: int) -> str:
        """The address of a ticket's page, for the staff."""
        return f"{self._public_url}/tickets/{number}"

    def token(self, link: CustomerLink) -> str:
        """The link as 108 letters."""
        content = _FORM.pack(
            _CODES[link.answer],
            link.ticket_id.bytes,
            link.contact_id.bytes,
            link.status_epoch,
            int(link.expires_at.timestamp()),
        )
        return urlsafe_b64encode(content + self._signature(content)).decode()

    def verify(self, token: str, *, now: datetime) -> CustomerLink:
        """The link that exactly this token stands for; NotFound for any other text and for an expired one."""
        try:
            raw = urlsafe_b64decode(token.encode("ascii"))
        except (Error, ValueError):
            raise _unknown() from None
        content, signature = raw[:-_SIGNATURE_BYTES], raw[-_SIGNATURE_BYTES:]
        exact = urlsafe_b64encode(raw).decode() == token
        if not exact or not hmac.compare_digest(signature, self._signature(content)):
            raise _unknown()
        code, ticket, contact, epoch, expires = _FORM.unpack(content)
        link = CustomerLink(
            UUID(bytes=ticket), UUID(bytes=contact), _ANSWERS[code], epoch, datetime.fromtimestamp(expires, UTC)
        )
        if now >= link.expires_at:
            raise _unknown()
        return link

    def _signature(self, content: bytes) -> bytes:
        return hmac.digest(self._key, content, sha256)


def _unknown() -> NotFound:
    return NotFound("This link is not valid, or not any more.")
