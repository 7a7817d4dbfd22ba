"""Handles of uploaded files: what was uploaded, by whom and until when, signed so that nobody names another's file."""

import hmac
from datetime import UTC, datetime
from hashlib import sha256

import jwt

from services.domain.attachments import UPLOAD_LIFETIME
from services.domain.errors import Invalid
from services.domain.message import NewAttachment
from services.domain.principal import Principal

_ALGORITHM = "HS256"
_AUDIENCE = "duradesk uploads"


class UploadSigner:
    """Signs and verifies handles with a key that is derived from the one all services share (RFC 7519)."""

    def __init__(self, key: bytes) -> None:
        self._key = hmac.digest(key, b"duradesk uploads", sha256)

    def sign(self, file: NewAttachment, *, owner: Principal, now: datetime | None = None) -> str:
        """The handle by which `owner`, and nobody else, may send this file with a message within a day."""
        claims = {
            "aud": _AUDIENCE,
            "sub": owner.subject,
            "exp": (now or datetime.now(UTC)) + UPLOAD_LIFETIME,
            "file_name": file.file_name,
            "content_type": file.content_type,
            "size": file.size,
            "digest": file.digest,
        }
        return jwt.encode(claims, self._key, algorithm=_ALGORITHM)

    def verify(self, handle: str, *, owner: Principal) -> NewAttachment:
        """The file that the handle stands for; Invalid when it is forged, too old or somebody else's."""
        try:
            claims = jwt.decode(
                handle,
                self._key,
                algorithms=[_ALGORITHM],
                audience=_AUDIENCE,
                subject=owner.subject,
                options={"require": ["aud", "sub", "exp"]},
            )
        except jwt.InvalidTokenError:
            problem = "must be handles of your own uploads of the last day"
            raise Invalid(f"The uploads {problem}: upload the file again.", violations={"uploads": problem}) from None
        return NewAttachment(
            claims["file_name"], claims["content_type"], claims["size"], content_id="", digest=claims["digest"]
        )
