"""Ids of what is written often: they sort by the time at which they were made, so that indexes grow at their end."""

import secrets
import time
from uuid import UUID

_VERSION, _VARIANT = 7 << 76, 2 << 62


def ordered_id() -> UUID:
    """A UUID of version 7 (RFC 9562): milliseconds, then 74 random bits. Nobody may read a time in it."""
    milliseconds, random = time.time_ns() // 1_000_000, secrets.randbits(74)
    return UUID(int=milliseconds << 80 | _VERSION | (random >> 62) << 64 | _VARIANT | random & (1 << 62) - 1)
