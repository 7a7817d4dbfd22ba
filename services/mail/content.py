"""What a mail carries: its words, its HTML made harmless, its attachments. Pure; runs where breaking is allowed.

A named part is an attachment, and so is everything that is neither plain text nor HTML. What is left out is said in
the text; the mail itself is kept as it came.
"""

import mimetypes
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import Message
from html import escape

from tnefparse import TNEF

from services.domain.attachments import (
    LARGEST_ATTACHMENT,
    MOST_ATTACHMENTS,
    safe_content_type,
    safe_file_name,
)
from services.domain.html import is_too_deep, sanitize_html
from services.domain.intake import BODY_LENGTH, HTML_LENGTH, clean_line
from services.mail.text import decode, decode_words, html_to_text

CUT = "[The rest is left out here; the mail is kept as it came.]"
LEFT_OUT = "[Some attachments are left out here, for they are too many or too large; the mail is kept as it came.]"

_WORDS = ("text/plain", "text/html")
_TNEF = ("application/ms-tnef", "application/vnd.ms-tnef")
_NAMING = ("content-type", "content-disposition")
_CONTENT_ID_LENGTH = 200
# The module's own table would depend on the machine it runs on.
_TYPES = mimetypes.MimeTypes(filenames=())


@dataclass(frozen=True, slots=True)
class IncomingAttachment:
    """A file that came with a mail; HTML refers to it as `cid:<content_id>` when that is not empty."""

    file_name: str
    content_type: str
    content_id: str
    content: bytes

    # How pydantic reads it from JSON, where bytes are base64.
    __pydantic_config__ = {"val_json_bytes": "base64"}  # noqa: RUF012 # what pydantic looks for


@dataclass(frozen=True, slots=True)
class Content:
    """The words of a mail with what it quotes, the same as harmless HTML if it had any, its files, what is missing."""

    text: str
    html: str
    attachments: tuple[IncomingAttachment, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Words:
    """Some of the mail's words; `html` is empty when they came as plain text."""

    text: str
    html: str = ""


@dataclass(slots=True)
class _Files:
    """The attachments found so far."""

    kept: list[IncomingAttachment] = field(default_factory=list)
    left_out: int = 0

    def add(self, content: bytes, content_type: str, name: str, content_id: str = "") -> None:
        if len(self.kept) >= MOST_ATTACHMENTS or len(content) > LARGEST_ATTACHMENT:
            self.left_out += 1
            return
        kind = safe_content_type(content_type)
        otherwise = f"{kind.partition('/')[0] if kind[:6] == 'image/' else 'attachment'}{_extension(kind)}"
        identifier = clean_line(content_id).strip("<> ")[:_CONTENT_ID_LENGTH]
        self.kept.append(IncomingAttachment(safe_file_name(name, otherwise=otherwise), kind, identifier, content))


def read_content(message: Message) -> Content:
    """All that the mail carries."""
    files = _Files()
    words = _words_of(message, files) if message.is_multipart() or not _is_words(message) else [_own_words(message)]
    words = [each for each in words if each.text or each.html]
    text, html = "\n\n".join(each.text for each in words if each.text), _html(words)
    notes = [LEFT_OUT] if files.left_out else []
    if len(text) > BODY_LENGTH:
        text, notes = text[: BODY_LENGTH - 1_000], [CUT, *notes]
    return Content(text, html, tuple(files.kept), tuple(notes))


def _is_words(part: Message) -> bool:
    """Whether a mail that is one part only is its words: unless it says otherwise, any text is."""
    return part.get_content_maintype() in ("text", "multipart") and not _disposition(part).startswith("attachment")


def _words_of(part: Message, files: _Files) -> list[_Words]:
    kind = part.get_content_type()
    if part.get_content_maintype() == "message":
        files.add(_forwarded(part), kind, _name(part) or _subject_name(part), str(part.get("content-id", "")))
        return []
    if part.is_multipart():
        children = [child for child in part.get_payload() if isinstance(child, Message)]
        if kind == "multipart/alternative":
            return _best([_alternative(child, files) for child in children])
        return [words for child in children for words in _words_of(child, files)]
    broken = part.get_content_maintype() == "multipart"
    if broken or (kind in _WORDS and not _is_attachment(part)):
        return [_own_words(part)]
    return _attached(part, files)


def _alternative(part: Message, files: _Files) -> list[_Words]:
    # The same words in a form that we do not show, for programs that do.
    other = part.get_content_maintype() == "text" and part.get_content_type() not in (*_WORDS, "text/calendar")
    return [] if other and not _name(part) else _words_of(part, files)


def _best(alternatives: Sequence[list[_Words]]) -> list[_Words]:
    """The plain words for reading as text, the last HTML for reading as HTML."""
    written = [words for words in alternatives if any(each.text or each.html for each in words)]
    rich = [words for words in written if any(each.html for each in words)]
    plain = [words for words in written if not any(each.html for each in words)]
    if not rich:
        return plain[0] if plain else []
    if not plain:
        return rich[-1]
    return [_Words("\n\n".join(each.text for each in plain[0]), _html(rich[-1]))]


def _html(words: Sequence[_Words]) -> str:
    """All the words as HTML if some came so; empty when it is longer than is kept."""
    if not any(each.html for each in words):
        return ""
    html = "\n".join(each.html or f"<div>{escape(each.text).replace(chr(10), '<br>')}</div>" for each in words)
    return html if len(html) <= HTML_LENGTH else ""


def _own_words(part: Message) -> _Words:
    text = decode(_payload(part), _charset(part))
    if part.get_content_type() != "text/html":
        return _Words(text.strip())
    harmless = len(text) <= 4 * HTML_LENGTH and not is_too_deep(text)
    return _Words(html_to_text(text), sanitize_html(text).strip() if harmless else "")


def _attached(part: Message, files: _Files) -> list[_Words]:
    content, kind, name = _payload(part), part.get_content_type(), _name(part)
    if kind in _TNEF or name.lower() == "winmail.dat":
        unpacked = _unpacked(content, files)
        if unpacked is not None:
            return unpacked
    files.add(content, kind, name or ("invite.ics" if kind == "text/calendar" else ""), str(part.get("content-id", "")))
    return []


def _unpacked(content: bytes, files: _Files) -> list[_Words] | None:
    """The words in an Outlook container whose files are added; None when it cannot be opened."""
    try:
        container = TNEF(content, do_checksum=False)
        found = [(bytes(each.data), str(each.long_filename())) for each in container.attachments]
        body, html = container.body, container.htmlbody
    except Exception:  # the library raises whatever it trips over
        return None
    for data, name in found:
        files.add(data, _TYPES.guess_type(name.strip("\0"))[0] or "", name.strip("\0"))
    if html:
        text = decode(html, None) if isinstance(html, bytes) else html
        return [_Words(html_to_text(text), "" if is_too_deep(text) else sanitize_html(text).strip())]
    return [_Words((decode(body, None) if isinstance(body, bytes) else body or "").strip("\0 \n"))]


def _forwarded(part: Message) -> bytes:
    """The mails within a part, as they came."""
    payload = part.get_payload()
    if not isinstance(payload, list):
        return _payload(part)
    return b"\n".join(_bytes(child) for child in payload if isinstance(child, Message))


def _bytes(message: Message) -> bytes:
    try:
        return message.as_bytes()
    except (ValueError, LookupError, TypeError, AttributeError):  # headers that can be read but not written
        return str(message).encode("utf-8", "replace")


def _subject_name(part: Message) -> str:
    payload = part.get_payload()
    inner = payload[0] if isinstance(payload, list) and payload else None
    if part.get_content_type() != "message/rfc822" or not isinstance(inner, Message):
        return f"{part.get_content_subtype()}.txt"
    subject = clean_line(decode_words(str(inner.get("subject", "")))).replace("/", "-").replace("\\", "-")
    return f"{subject or 'message'}.eml"


def _payload(part: Message) -> bytes:
    """The part's bytes; what its transfer encoding cannot decode stays as it is."""
    if part.is_multipart():
        return b""
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _name(part: Message) -> str:
    _read_eight_bits(part)
    try:
        name = part.get_filename("")
    except (LookupError, ValueError, TypeError):
        return ""
    return clean_line(decode_words(name))


def _read_eight_bits(part: Message) -> None:
    """Names in bytes that nobody announced are made text before the library replaces each byte by a question mark."""
    for header, value in list(part.raw_items()):
        if header.lower() in _NAMING and not str(value).isascii():
            part.replace_header(header, decode(str(value).encode("utf-8", "surrogateescape"), None))


def _disposition(part: Message) -> str:
    return str(part.get("content-disposition", "")).strip().lower()


def _is_attachment(part: Message) -> bool:
    return _disposition(part).startswith("attachment") or bool(_name(part))


def _charset(part: Message) -> str | None:
    try:
        return part.get_content_charset()
    except (LookupError, ValueError):
        return None


def _extension(content_type: str) -> str:
    return {"message/rfc822": ".eml", "text/calendar": ".ics"}.get(content_type) or (
        _TYPES.guess_extension(content_type) or ""
    )
