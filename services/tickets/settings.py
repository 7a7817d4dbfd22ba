"""What the environment may say to tickets."""

from services.common.settings import Settings


class TicketsSettings(Settings):
    """The shared settings and how many connections to the database one process may hold."""

    tickets_connections: int = 10
