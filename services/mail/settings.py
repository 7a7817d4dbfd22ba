"""What the environment may say to the mail door."""

from typing import Annotated

from pydantic import Field

from services.common.settings import Port
from services.mail.client import SmtpSettings


class MailSettings(SmtpSettings):
    """The settings of SMTP, the limits of what comes in, and whose word on senders counts."""

    # For a mail server on this machine or beside it that delivers by LMTP; off when not set.
    lmtp_port: Port | None = None
    mail_connections: Annotated[int, Field(ge=1)] = 100
    # The largest mail, in bytes.
    mail_limit: Annotated[int, Field(ge=64 * 1024, le=15_000_000)] = 10_000_000
    # How the MTA before us calls itself in Authentication-Results (RFC 8601); without it nobody's word counts.
    trusted_authserv_id: str = ""
