"""Attached files: what they may be called, how many and how large they may be. Pure."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import timedelta

from services.domain.errors import Invalid
from services.domain.message import NewAttachment

MOST_ATTACHMENTS = 100
# In bytes. Few mail servers take more in one mail, so what goes out with one message has the same limit together.
LARGEST_ATTACHMENT = 25 * 1024 * 1024
MOST_UPLOADS = 20
UPLOAD_LIFETIME = timedelta(days=1)
FILE_NAME_LENGTH = 120

# Types that a browser shows without running anything; all others are only bytes to it.
_INERT = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "text/plain"})
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,60}/[a-z0-9][a-z0-9!#$&^_.+-]{0,100}")
_FORBIDDEN = re.compile(r'[<>:"|?*]')
_SPACE = re.compile(r"\s+")
# Names of devices: Windows opens these instead of a file, with any extension.
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)", re.IGNORECASE)
BYTES = "application/octet-stream"


def safe_file_name(name: str, *, otherwise: str = "attachment") -> str:
    """A name that is one on every system and reads as what it is: no path, no control or direction characters."""
    name = _SPACE.sub(" ", unicodedata.normalize("NFC", name)).replace("\\", "/").rpartition("/")[2]
    seen = "".join(character for character in name if unicodedata.category(character)[0] != "C")
    name = _FORBIDDEN.sub("_", seen).lstrip(". ").rstrip(". ")
    if _DEVICE.match(name):
        name = f"_{name}"
    stem, dot, extension = name.rpartition(".")
    if dot and len(extension) <= 10 and stem:
        name = stem[: FILE_NAME_LENGTH - len(extension) - 1].rstrip(". ") + dot + extension
    return name[:FILE_NAME_LENGTH] or otherwise


def safe_content_type(content_type: str) -> str:
    """The type in lower case, or that of plain bytes when it is none."""
    content_type = content_type.strip().lower()
    return content_type if _TYPE.fullmatch(content_type) else BYTES


def served_content_type(content_type: str) -> str:
    """The type under which a file may be handed to a browser."""
    return content_type if content_type in _INERT else BYTES


def check_uploads(files: Sequence[NewAttachment]) -> tuple[NewAttachment, ...]:
    """The files that somebody sends with one message; Invalid when they are too many or too large together."""
    if len(files) > MOST_UPLOADS or sum(file.size for file in files) > LARGEST_ATTACHMENT:
        problem = f"at most {MOST_UPLOADS} files with {LARGEST_ATTACHMENT // 1024 // 1024} MB together"
        raise Invalid(f"These are too many files for one message: {problem}.", violations={"uploads": problem})
    return tuple(files)
