"""What the environment may say to routing."""

from services.common.settings import Settings


class RoutingSettings(Settings):
    """The shared settings, and whether a fresh desk begins with the default set of rules."""

    default_rules: bool = True
