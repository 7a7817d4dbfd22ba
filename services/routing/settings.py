"""What the environment may say to routing."""

from services.common.settings import Settings


class RoutingSettings(Settings):
    """The shared settings are all that routing needs."""
