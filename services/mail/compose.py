"""An outgoing mail as bytes (RFC 5322). Pure.

The library's older classes are used on purpose: its newer ones lose spaces between long encoded words and encode
Message-IDs that are longer than a line.
"""

import re
from datetime import datetime
from email.charset import QP, Charset
from email.header import Header
from email.message import Message
from email.policy import compat32
from email.utils import format_datetime, formataddr

from services.domain.decision import OutgoingMail
from services.domain.intake import clean_line

_POLICY = compat32.clone(linesep="\r\n")
_ADDRESS = re.compile(r'[^\s<>()\[\]:;,"\\@\x00-\x1f\x7f]+@[^\s<>()\[\]:;,"\\@\x00-\x1f\x7f]+')


def compose(mail: OutgoingMail, *, now: datetime) -> bytes:
    """The mail as it goes over the wire; ValueError when an address cannot be written.

    Texts are made single lines: a CR or LF would begin a header of somebody else's making.
    """
    message: Message[str, Header | str] = Message(policy=_POLICY)
    message["From"] = _mailbox(mail.from_name, mail.from_address)
    message["To"] = _mailbox(mail.to_name, mail.to_address)
    message["Subject"] = _text(mail.subject, "Subject")
    message["Date"] = format_datetime(now)
    message["Message-ID"] = clean_line(mail.rfc_message_id)
    if mail.reply_to:
        message["Reply-To"] = _mailbox(mail.from_name, mail.reply_to)
    if mail.references:
        message["In-Reply-To"] = clean_line(mail.references[-1])
        message["References"] = clean_line(" ".join(mail.references))
    if mail.auto_submitted != "no":
        message["Auto-Submitted"] = clean_line(mail.auto_submitted)
    message["MIME-Version"] = "1.0"
    charset = Charset("utf-8")
    charset.body_encoding = QP
    message.set_payload(mail.text, charset)
    return message.as_bytes()


def ascii_address(address: str) -> str:
    """The address as every server takes it, with its domain in ASCII (RFC 5891); ValueError if there is none."""
    if not _ADDRESS.fullmatch(address):
        raise ValueError("The address cannot be written to.")
    local, _, domain = address.rpartition("@")
    if not local.isascii():
        raise ValueError("The address has letters before the @ that few servers take.")
    return f"{local}@{domain if domain.isascii() else domain.encode('idna').decode()}"


def _mailbox(name: str, address: str) -> Header | str:
    name, address = clean_line(name), ascii_address(address)
    if name.isascii():
        return formataddr((name, address))
    header = Header(header_name="From")
    header.append(name, "utf-8")
    header.append(f"<{address}>", "us-ascii")
    return header


def _text(text: str, header_name: str) -> Header | str:
    text = clean_line(text)
    return text if text.isascii() else Header(text, "utf-8", header_name=header_name)
