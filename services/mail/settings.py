"""What the environment may say to the mail door."""

from typing import Annotated

from pydantic import Field

from services.mail.client import SmtpSettings


class MailSettings(SmtpSettings):
    """The settings of SMTP, the largest mail that is taken, in bytes, and whose word on senders counts."""

    mail_limit: Annotated[int, Field(ge=64 * 1024, le=15_000_000)] = 10_000_000
    # How the MTA before us calls itself in Authentication-Results (RFC 8601); without it nobody's word counts.
    trusted_authserv_id: str = ""
