"""/images/{token}: a remote picture of a message, asked for by a click and fetched by us, not by the reader."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Response

from services.common.images import LONGEST_URL, PATH
from services.common.outbound import Refused
from services.domain.images import LARGEST_IMAGE, image_type
from services.gateway.deps import Behind
from services.gateway.web.session import SignedInPage

_SECONDS = 10.0
# Should a browser open it as a page all the same, it has no origin, runs nothing and loads nothing.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Cache-Control": "private, max-age=3600",
    "Cross-Origin-Resource-Policy": "same-origin",
}

router = APIRouter(include_in_schema=False, dependencies=[SignedInPage])


@router.get(PATH + "{token}")
async def show_image(token: Annotated[str, Path(max_length=2 * LONGEST_URL)], behind: Behind) -> Response:
    """The picture; 404 without a token of ours, 422 for what is none, 503 when its server does not answer."""
    url = behind.images.verify(token, now=datetime.now(UTC))
    fetched = await behind.outbound.get(url, most_bytes=LARGEST_IMAGE, seconds=_SECONDS)
    content_type = image_type(fetched.content)
    if not content_type:
        raise Refused("The address gives no picture.")
    return Response(fetched.content, media_type=content_type, headers=_HEADERS)
