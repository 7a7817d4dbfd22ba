"""Mails as careful mail servers deliver them: again and again until somebody has taken them."""

import smtplib
import time
from dataclasses import dataclass
from email.message import EmailMessage

from tests.stack import Stack

_GIVE_UP_AFTER = 120.0


@dataclass(frozen=True)
class Door:
    """The SMTP and LMTP doors of a stack, as a mail server reaches them."""

    stack: Stack

    def deliver(self, mail: EmailMessage) -> float:
        """Offer the mail until it is taken; how many seconds the offer took that was."""
        deadline = time.monotonic() + _GIVE_UP_AFTER
        while True:
            began = time.monotonic()
            try:
                self.stack.send_mail(mail)
            except (smtplib.SMTPException, OSError):
                assert began < deadline, "nobody takes this mail"
                time.sleep(0.3)
            else:
                return time.monotonic() - began

    def deliver_by_lmtp(self, mail: EmailMessage) -> None:
        """Offer the mail once, over LMTP."""
        with smtplib.LMTP("127.0.0.1", int(self.stack.environment["DURADESK_LMTP_PORT"])) as lmtp:
            lmtp.send_message(mail)

    def deliver_and_hang_up(self, mail: EmailMessage) -> None:
        """Hand the whole mail over, and be gone before the answer."""
        smtp = smtplib.SMTP("127.0.0.1", self.stack.ports["SMTP_PORT"], timeout=20)
        smtp.ehlo()
        smtp.mail(str(mail["From"]))
        smtp.rcpt(str(mail["To"]))
        smtp.docmd("DATA")
        smtp.send(mail.as_bytes().replace(b"\n", b"\r\n") + b".\r\n")
        smtp.close()
