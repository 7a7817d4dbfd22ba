"""What the environment may say to the mail door."""

from typing import Annotated

from pydantic import Field

from services.mail.client import SmtpSettings


class MailSettings(SmtpSettings):
    """The settings of SMTP, and the largest mail that is taken, in bytes."""

    mail_limit: Annotated[int, Field(ge=64 * 1024, le=15_000_000)] = 10_000_000
