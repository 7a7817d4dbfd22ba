"""Opaque tokens: 256 random bits under a readable prefix. Only their SHA-256 is kept: there is nothing to guess."""

import secrets
from hashlib import sha256

PREFIX = "dd_"
# Sessions and API tokens are told apart at sight, so that no door takes one for the other.
SESSION_PREFIX = "dds_"


def new_token(prefix: str = PREFIX) -> str:
    """A token that nobody else has."""
    return prefix + secrets.token_urlsafe(32)


def digest_of(token: str) -> bytes:
    """What a token is known by."""
    return sha256(token.encode()).digest()
