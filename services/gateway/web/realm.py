"""What makes a request one of our own pages': the origins we are reached at, and the secret that our forms carry."""

import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from hashlib import sha256
from urllib.parse import urlsplit

_NONCE_BYTES = 16
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})


class Realm:
    """The one realm of sessions, under the configured public address whatever a request says its host is."""

    def __init__(self, key: bytes, *, public_url: str) -> None:
        self._key = hmac.digest(key, b"duradesk forms", sha256)
        self.origins = _origins(public_url)
        self.is_secure = public_url.startswith("https:")

    def csrf(self, session_token: str) -> str:
        """What a form of this session carries: another text each time, so that a page's length tells nothing of it."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return urlsafe_b64encode(nonce + self._signature(session_token, nonce)).decode()

    def is_csrf(self, text: str, *, session_token: str) -> bool:
        """Whether we gave this text to this session."""
        try:
            raw = urlsafe_b64decode(text.encode("ascii"))
        except (Error, ValueError):
            return False
        nonce, signature = raw[:_NONCE_BYTES], raw[_NONCE_BYTES:]
        return hmac.compare_digest(signature, self._signature(session_token, nonce))

    def _signature(self, session_token: str, nonce: bytes) -> bytes:
        return hmac.digest(self._key, nonce + session_token.encode(), sha256)


def _origins(public_url: str) -> frozenset[str]:
    """The origin of the public address; on this machine itself, its other names too."""
    address = urlsplit(public_url.lower())
    host, colon, port = address.netloc.rpartition(":") if address.port else (address.netloc, "", "")
    hosts = _LOOPBACK if host in _LOOPBACK else {host}
    return frozenset(f"{address.scheme}://{name}{colon}{port}" for name in hosts)


def path_in(address: str) -> str:
    """The path and the query of an address that a browser names; empty for what is no address."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return parts.path + (f"?{parts.query}" if parts.query else "")


def own_path(target: str) -> str:
    """Where to go on after signing in: a path of ours, or the start for whatever else somebody made of it."""
    try:
        parts = urlsplit(target)
    except ValueError:
        return "/"
    is_own = (
        target.startswith("/")
        and not target.startswith(("//", "/\\"))
        and not parts.netloc
        and not parts.scheme
        and target.isprintable()
        and "\\" not in target
        and " " not in target
    )
    return target if is_own else "/"
