"""An outgoing mail as bytes (RFC 5322). Pure.

The library's older classes are used on purpose: its newer ones lose spaces between long encoded words and encode
Message-IDs that are longer than a line.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from email.charset import QP, Charset
from email.encoders import encode_base64
from email.header import Header
from email.message import Message
from email.policy import compat32
from email.utils import format_datetime, formataddr

from services.domain.attachments import BYTES
from services.domain.effects import OutgoingMail
from services.domain.intake import clean_line
from services.domain.message import AttachedFile, Attachment

_POLICY = compat32.clone(linesep="\r\n")
_ADDRESS = re.compile(r'[^\s<>()\[\]:;,"\\@\x00-\x1f\x7f]+@[^\s<>()\[\]:;,"\\@\x00-\x1f\x7f]+')


def compose(mail: OutgoingMail, *, now: datetime, files: Sequence[bytes] = ()) -> bytes:
    """The mail as it goes over the wire; ValueError when an address cannot be written.

    `files` are the contents of its attachments.

    Texts are made single lines: a CR or LF would begin a header of somebody else's making.
    """
    message = _alternatives(mail.text, mail.html) if mail.html else _part(mail.text, "plain")
    if mail.attachments:
        message = _with_files(message, mail.attachments, files)
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
    return message.as_bytes()


def _alternatives(text: str, html: str) -> "Message[str, Header | str]":
    """The same words twice, the richer form last (RFC 2046, 5.1.4)."""
    message: Message[str, Header | str] = Message(policy=_POLICY)
    message["MIME-Version"] = "1.0"
    message["Content-Type"] = "multipart/alternative"
    for part in (_part(text, "plain"), _part(html, "html")):
        del part["MIME-Version"]
        message.attach(part)
    return message


def _part(text: str, subtype: str) -> "Message[str, Header | str]":
    part: Message[str, Header | str] = Message(policy=_POLICY)
    part["MIME-Version"] = "1.0"
    part["Content-Type"] = f"text/{subtype}"
    charset = Charset("utf-8")
    charset.body_encoding = QP
    part.set_payload(text, charset)
    return part


def _with_files(
    words: "Message[str, Header | str]", attachments: Sequence[AttachedFile], files: Sequence[bytes]
) -> "Message[str, Header | str]":
    """The words, then each file to be saved (RFC 2183)."""
    message: Message[str, Header | str] = Message(policy=_POLICY)
    message["MIME-Version"] = "1.0"
    message["Content-Type"] = "multipart/mixed"
    del words["MIME-Version"]
    message.attach(words)
    for file, content in zip(attachments, files, strict=True):
        message.attach(_file(file.attachment, content))
    return message


def _file(attachment: Attachment, content: bytes) -> "Message[str, Header | str]":
    """One file in base64; a name beyond ASCII is written as RFC 2231 says."""
    part: Message[str, Header | str] = Message(policy=_POLICY)
    name = clean_line(attachment.file_name)
    # What a message or a multipart is, a mail program would open up: as bytes it stays the file that it was.
    kind = BYTES if attachment.content_type.startswith(("message/", "multipart/")) else attachment.content_type
    part["Content-Type"] = kind
    part.add_header("Content-Disposition", "attachment", filename=name if name.isascii() else ("utf-8", "", name))
    part.set_payload(content)
    encode_base64(part)
    return part


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
