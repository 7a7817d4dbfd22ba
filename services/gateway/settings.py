"""What the environment may say to the gateway."""

from typing import Annotated

from pydantic import Field

from services.common.settings import Settings


class GatewaySettings(Settings):
    """The shared settings and the most bytes that a request's body may have (1 MiB by default)."""

    body_limit: Annotated[int, Field(ge=1024)] = 1024 * 1024
