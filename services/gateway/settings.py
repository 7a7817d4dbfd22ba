"""What the environment may say to the gateway."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from services.common.settings import Settings


class GatewaySettings(Settings):
    """The shared settings, the most bytes that a request's body may have, a Maildir of outgoing mail to show, and the
    ports, besides 80 and 443, on which remote pictures may be fetched.
    """

    image_ports: frozenset[Annotated[int, Field(ge=1, le=65535)]] = frozenset()
    sink: Path | None = None
    body_limit: Annotated[int, Field(ge=1024)] = 1024 * 1024
