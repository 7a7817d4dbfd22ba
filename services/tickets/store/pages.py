"""Pages by keyset: a token is the position after which the next page begins, bound to the list it belongs to."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import TypeVar
from uuid import UUID

from services.domain.errors import Invalid
from services.tickets.convert import Row

DEFAULT_SIZE = 50
MOST = 100
# What one answer carries of texts and sources at most, well under the largest message of a channel.
MOST_BYTES = 8 * 1024 * 1024

# What reading a forged token can end in.
_MALFORMED = (ValueError, TypeError, AttributeError, OverflowError, RecursionError)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page:
    """What a caller asks for: 0 means 50 items, more than 100 means 100; an empty token is the first page."""

    size: int = 0
    token: str = ""

    @property
    def most(self) -> int:
        """How many items the page has at most; Invalid for a negative size."""
        if self.size < 0:
            raise _invalid("page_size", "must not be negative")
        return min(self.size or DEFAULT_SIZE, MOST)

    def after_instant(self, listing: str) -> tuple[datetime | None, UUID | None]:
        """The position in a list by instant and id; a pair of None at its beginning."""
        return self._position(listing, lambda at, item_id: (datetime.fromisoformat(at), UUID(item_id))) or (None, None)

    def after_seq(self, listing: str) -> int:
        """The position in a list by seq; 0 at its beginning."""
        return self._position(listing, lambda seq: int(seq)) or 0

    def after(self, listing: str, readers: Sequence[Callable[[str], object]]) -> tuple[object, ...] | None:
        """The position in a list by keys of its own, each read by its reader; None at the beginning."""
        return self._position(listing, lambda *keys: tuple(read(key) for read, key in zip(readers, keys, strict=True)))

    def _position(self, listing: str, read: Callable[..., T]) -> T | None:
        if not self.token:
            return None
        try:
            digest, *position = json.loads(urlsafe_b64decode(self.token.encode()))
            if digest != _digest(listing):
                raise _invalid("page_token", "belongs to another list, filter or order: begin again without one")
            return read(*position)
        except _MALFORMED:
            raise _invalid("page_token", "is none of ours: send the one of the last answer") from None


def next_token(listing: str, last: Row, columns: Sequence[str]) -> str:
    """The token of the page after the one that ends with the row `last`."""
    position = [value.isoformat() if isinstance(value := last[column], datetime) else value for column in columns]
    return urlsafe_b64encode(json.dumps([_digest(listing), *position], default=str).encode()).decode()


def _digest(listing: str) -> str:
    return sha256(listing.encode()).hexdigest()[:16]


def _invalid(field: str, problem: str) -> Invalid:
    return Invalid(f"The {field} {problem}.", violations={field: problem})
