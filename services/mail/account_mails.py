"""Account mails that come back: their links make whoever reads them the owner of an account. Pure."""

import re
from dataclasses import replace

from services.mail.parse import IncomingMail

# What identity names these mails, and the form of its links (64 letters of base64).
_NAME = re.compile(rb"<account-mail\.")
_LINK = re.compile(rb"/(?:invitation|reset-password)/[A-Za-z0-9_-]{64}")
_LINK_TEXT = re.compile(_LINK.pattern.decode())
_SOFT_BREAK = re.compile(rb"=\r?\n")
_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n")


def tells_account_mail(raw: bytes) -> bool:
    """Whether the mail returns, quotes or answers an account mail of ours, by its name or its link.

    The name stands plain in what is returned, even where the words are in base64.
    """
    return bool(_NAME.search(raw) or _LINK.search(_SOFT_BREAK.sub(b"", raw)))


def without_links(mail: IncomingMail) -> IncomingMail:
    """What a person wrote without the links that it quotes: nobody of the staff may use them, nor whoever follows."""
    attachments = tuple(replace(file, content=_LINK.sub(b"", file.content)) for file in mail.attachments)
    cleared = replace(
        mail,
        subject=_LINK_TEXT.sub("", mail.subject),
        text=_LINK_TEXT.sub("", mail.text),
        quoted=_LINK_TEXT.sub("", mail.quoted),
        html=_LINK_TEXT.sub("", mail.html),
        attachments=attachments,
    )
    if cleared == mail and not tells_account_mail(mail.raw):
        return mail
    return replace(cleared, raw=_headers_of(mail.raw))


def without_account_link(raw: bytes) -> bytes:
    """The mail as the staff may read it: of one that tells an account mail only the headers, else all of it."""
    return _headers_of(raw) if tells_account_mail(raw) else raw


def _headers_of(raw: bytes) -> bytes:
    headers = _END_OF_HEADERS.split(raw, maxsplit=1)[0]
    return b"" if _LINK.search(_SOFT_BREAK.sub(b"", headers)) else headers + b"\r\n\r\n"
