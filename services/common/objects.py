"""Contents that are too large for rows, each under its SHA-256: in a local directory, or in S3 and its like.

Nothing is ever changed here: the same content twice is one object, and putting it again does no harm.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit

from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore, from_url

from services.domain.errors import Unavailable

_CHUNK_BYTES = 256 * 1024


class ObjectStore:
    """The store at a URL: file:///a/directory, s3://bucket/prefix, gs://…, az://…

    Other stores take their credentials from the environment, by the names that their makers gave them.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._directory = Path(unquote(parts.path)) if parts.scheme == "file" else None
        if self._directory is None:
            self._store = from_url(url)
        else:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._store = LocalStore(self._directory)

    async def put(self, content: bytes) -> str:
        """Keep the content for good; its name, the SHA-256 in hex. Raises Unavailable when it is not kept."""
        digest = await asyncio.to_thread(lambda: sha256(content).hexdigest())
        await self._put(content, digest=digest, size=len(content))
        return digest

    async def put_file(self, file: IO[bytes], *, digest: str, size: int) -> None:
        """Keep a file's content, from its beginning, in pieces; Unavailable as for `put`."""
        await asyncio.to_thread(file.seek, 0)
        await self._put(file, digest=digest, size=size)

    async def _put(self, content: bytes | IO[bytes], *, digest: str, size: int) -> None:
        path = _path(digest)
        try:
            if not await self._has(path, size=size):
                await self._store.put_async(path, content)
                if self._directory is not None:
                    await asyncio.to_thread(_sync, self._directory / path)
        except (BaseError, OSError) as error:
            raise Unavailable(f"The object store does not take content: {type(error).__name__}.") from error

    async def get(self, digest: str) -> AsyncIterator[bytes]:
        """The content in pieces; Unavailable, before the first of them, when the store does not have it now."""
        try:
            found = await self._store.get_async(_path(digest))
        except (BaseError, OSError) as error:
            raise Unavailable(f"The object store does not give this content: {type(error).__name__}.") from error
        return _pieces(found.stream(min_chunk_size=_CHUNK_BYTES))

    async def _has(self, path: str, *, size: int) -> bool:
        try:
            return int((await self._store.head_async(path))["size"]) == size
        except (NotFoundError, FileNotFoundError):
            return False


async def _pieces(stream: AsyncIterator[object]) -> AsyncIterator[bytes]:
    async for piece in stream:
        yield bytes(piece)  # type: ignore[call-overload]


def _path(digest: str) -> str:
    return f"{digest[:2]}/{digest}"


def _sync(path: Path) -> None:
    """Wait until the file and its names are on the disk: the library only hands them to the system."""
    for name in (path, path.parent, path.parent.parent):
        descriptor = os.open(name, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
