"""Ids, made and read.

Those of what is written often sort by the time at which they were made, so that indexes grow at their end. A list names
the same brands, teams and people again and again, and Python takes long to read an id and to write one: the latest are
at hand.
"""

import secrets
import time
from functools import lru_cache
from uuid import UUID

_VERSION, _VARIANT = 7 << 76, 2 << 62
_TEXT_LENGTH = 36
_AT_HAND = 4096


def ordered_id() -> UUID:
    """A UUID of version 7 (RFC 9562): milliseconds, then 74 random bits. Nobody may read a time in it."""
    milliseconds, random = time.time_ns() // 1_000_000, secrets.randbits(74)
    return UUID(int=milliseconds << 80 | _VERSION | (random >> 62) << 64 | _VARIANT | random & (1 << 62) - 1)


def read_id(text: str) -> UUID:
    """The id of this text; ValueError."""
    # An id has longer spellings, of any length: nobody shall fill the memory with them.
    return _read(text) if len(text) == _TEXT_LENGTH else UUID(text)


_read = lru_cache(_AT_HAND)(UUID)


@lru_cache(_AT_HAND)
def id_text(value: UUID) -> str:
    """The id as text."""
    return str(value)
