"""Reply addresses: `support+t42-<code>@brand.example` leads one person's answer to one ticket. Pure.

The code is a keyed digest of the ticket and the person (HMAC-SHA256, RFC 2104, cut to 100 bits and written in base32,
RFC 4648): it cannot be guessed, and in anybody else's hands it opens nothing, because the sender must be that person.
The number only says which ticket to compare with. Mail servers may change the case of an address, so none is needed.
"""

import hmac
import re
from base64 import b32encode
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

_LONGEST_LOCAL_PART = 64  # RFC 5321, 4.5.3.1.1
_CODE_LENGTH = 20
_NOTICE = "notification"
_LABEL = b"duradesk reply address 1"
_TAGGED = re.compile(
    rf"(?P<base>[^@]+)\+t(?P<number>[0-9]{{1,18}})-(?P<code>[a-z2-7]{{{_CODE_LENGTH}}})@(?P<domain>[^@]+)"
)


@dataclass(frozen=True, slots=True)
class ReplyTag:
    """What an address says of itself, not yet verified: the ticket's number and the code."""

    number: int
    code: str


class ReplyAddresses:
    """Makes and verifies reply addresses under a key of their own, derived from the one that services share."""

    def __init__(self, secret: bytes) -> None:
        self._key = hmac.digest(secret, _LABEL, sha256)

    def make(self, brand_address: str, *, number: int, ticket_id: UUID, person: str) -> str:
        """The address for this person's answers; "" when the brand's own address leaves no room for a tag."""
        local, _, domain = brand_address.rpartition("@")
        tagged = f"{local}+t{number}-{self._code(ticket_id, person)}"
        return f"{tagged}@{domain}" if len(tagged.encode()) <= _LONGEST_LOCAL_PART else ""

    def verify(self, tag: ReplyTag, *, ticket_id: UUID, person: str) -> bool:
        """Whether the tag was made for this ticket and this person's address."""
        return hmac.compare_digest(tag.code, self._code(ticket_id, person))

    def _code(self, ticket_id: UUID, person: str) -> str:
        digest = hmac.digest(self._key, ticket_id.bytes + person.lower().encode(), sha256)
        return b32encode(digest).decode().lower()[:_CODE_LENGTH]


def read_tag(address: str) -> ReplyTag | None:
    """The tag in an address, or None."""
    match = _TAGGED.fullmatch(address.strip().lower())
    return ReplyTag(int(match["number"]), match["code"]) if match else None


def notice_address(brand_address: str) -> str:
    """Where an answer to a mail for the staff goes, to be kept apart: such a mail proves nobody's authority."""
    local, _, domain = brand_address.rpartition("@")
    return f"{local}+{_NOTICE}@{domain}"


def is_notice_address(address: str) -> bool:
    """Whether somebody answers a mail that was for the staff."""
    return address.strip().lower().rpartition("@")[0].endswith(f"+{_NOTICE}")


def without_tag(address: str) -> str:
    """The address in lower case without what follows the last + before the @ (RFC 5233)."""
    local, _, domain = address.strip().lower().rpartition("@")
    return f"{local.rpartition('+')[0] or local}@{domain}"
