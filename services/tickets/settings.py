"""What the environment may say to tickets."""

from typing import Annotated

from pydantic import Field

from services.common.settings import Settings


class TicketsSettings(Settings):
    """The shared settings and how many connections to the database one process may hold."""

    tickets_connections: Annotated[int, Field(ge=1)] = 10
