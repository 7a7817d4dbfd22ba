"""/static: what pages load. Its addresses hold a digest of all files, so browsers keep them until one changes.

The stylesheet is one file made of static/css; scripts are ES modules that name each other by relative addresses;
static/vendor is filled by the build (make install).
"""

import gzip
import mimetypes
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib import resources
from importlib.resources.abc import Traversable

from fastapi import APIRouter, Request, Response

from services.domain.errors import NotFound

STYLESHEET = "duradesk.css"
_SHEETS = (
    "base",
    "controls",
    "shell",
    "inbox",
    "ticket",
    "fields",
    "macros",
    "family",
    "settings",
    "builder",
    "public",
)
_FOR_EVER = "public, max-age=31536000, immutable"

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that pages load, also compressed."""

    content: bytes
    compressed: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Assets:
    """All of them by name, and their digest."""

    files: dict[str, Asset]
    digest: str

    def url(self, name: str) -> str:
        """Where a page finds the file; KeyError when there is none, so that a missing build is noticed."""
        self.files[name]
        return f"/static/{self.digest}/{name}"


@cache
def assets() -> Assets:
    """The files as they are when they are first asked for."""
    static = resources.files("services.gateway.web") / "static"
    contents = {f"{kind}/{file.name}": file.read_bytes() for kind in ("js", "vendor") for file in _files(static / kind)}
    contents |= {name: (static / name).read_bytes() for name in ("icons.svg", "mark.svg")}
    contents[STYLESHEET] = b"\n".join((static / "css" / f"{name}.css").read_bytes() for name in _SHEETS)
    digest = sha256(b"".join(sha256(content).digest() for _, content in sorted(contents.items()))).hexdigest()[:16]
    return Assets({name: _asset(name, content) for name, content in contents.items()}, digest)


@router.get("/static/{digest}/{name:path}")
async def get_asset(digest: str, name: str, request: Request) -> Response:
    """A file; one of another build is not kept."""
    found = assets()
    asset = found.files.get(name)
    if asset is None:
        raise NotFound("There is no such file.")
    headers = {"Cache-Control": _FOR_EVER if digest == found.digest else "no-cache", "Vary": "Accept-Encoding"}
    if not accepts_gzip(request):
        return Response(asset.content, media_type=asset.media_type, headers=headers)
    headers["Content-Encoding"] = "gzip"
    return Response(asset.compressed, media_type=asset.media_type, headers=headers)


def accepts_gzip(request: Request) -> bool:
    """Whether the answer may be compressed."""
    return "gzip" in request.headers.get("accept-encoding", "")


def _files(folder: Traversable) -> list[Traversable]:
    return sorted(folder.iterdir(), key=lambda file: file.name) if folder.is_dir() else []


def _asset(name: str, content: bytes) -> Asset:
    return Asset(content, gzip.compress(content, 9, mtime=0), mimetypes.guess_type(name)[0] or "text/plain")
