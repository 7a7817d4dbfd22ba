"""What the environment may say to identity."""

from pydantic import SecretStr

from services.common.settings import Settings


class IdentitySettings(Settings):
    """The shared settings, and the account that a fresh desk starts with."""

    owner_email: str = "owner@localhost"
    owner_password: SecretStr = SecretStr("")
