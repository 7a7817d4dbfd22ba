"""Uploaded files on their way into the object store: the one way for the REST API and for forms on pages.

A form with files is never held in memory: `request.form()` spools each file to the disk, under the limit that the
middleware counts on these paths. Read the form only after the caller is known.
"""

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from typing import IO

from fastapi import HTTPException
from starlette.datastructures import UploadFile

from services.common.objects import ObjectStore
from services.common.uploads import UploadSigner
from services.domain.attachments import LARGEST_ATTACHMENT, safe_content_type, safe_file_name
from services.domain.message import NewAttachment
from services.domain.principal import Principal

# Where bodies are not read beforehand but streamed, up to this many bytes: the files and the words beside them.
STREAMED_PATHS = re.compile(r"/api/v1/attachments|/uploads|/tickets/[0-9]+/messages|/tickets/new")
LARGEST_FORM = LARGEST_ATTACHMENT + 4 * 1024 * 1024

_PIECE_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that is kept; `upload` is the handle by which its owner may send it with a message within a day."""

    upload: str
    file_name: str
    size: int
    content_type: str


class Uploads:
    """Keeps files for those who uploaded them."""

    def __init__(self, objects: ObjectStore, signer: UploadSigner) -> None:
        self._objects = objects
        self._signer = signer

    async def keep(self, file: UploadFile, *, owner: Principal) -> Upload:
        """Put the file of a form into the object store under a safe name; 413 when it is too large."""
        size = file.size or 0
        if size > LARGEST_ATTACHMENT:
            raise HTTPException(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A file may have {LARGEST_ATTACHMENT} bytes at most."
            )
        digest = await asyncio.to_thread(_digest, file.file)
        await self._objects.put_file(file.file, digest=digest, size=size)
        name, content_type = safe_file_name(file.filename or ""), safe_content_type(file.content_type or "")
        handle = self._signer.sign(NewAttachment(name, content_type, size, "", digest), owner=owner)
        return Upload(handle, name, size, content_type)

    async def keep_all(self, files: Iterable[object], *, owner: Principal) -> tuple[str, ...]:
        """The handles of all files of a form's field, as `form.getlist(name)` gives them; empty ones are left out."""
        chosen = [file for file in files if isinstance(file, UploadFile) and file.filename]
        return tuple([(await self.keep(file, owner=owner)).upload for file in chosen])


def _digest(file: IO[bytes]) -> str:
    file.seek(0)
    digest = sha256()
    while piece := file.read(_PIECE_BYTES):
        digest.update(piece)
    return digest.hexdigest()
