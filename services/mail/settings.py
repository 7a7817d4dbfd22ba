"""What the environment may say to the mail door and to the worker that sends mail."""

import socket
from typing import Annotated

from pydantic import Field

from services.common.settings import Address, Settings


class MailSettings(Settings):
    """The shared settings, the largest mail that is taken (10 MB by default), how the door calls itself, and where
    outgoing mail is handed over (host:port)."""

    mail_limit: Annotated[int, Field(ge=64 * 1024, le=15_000_000)] = 10_000_000
    mail_hostname: str = Field(default_factory=socket.gethostname)
    smarthost: Address = "127.0.0.1:25"
