"""One mail as data: who wrote, about what, in which thread. Pure; any bytes give either a mail or Invalid.

Invalid's `reason` is the code under which the mail is kept in quarantine. Limits are checked before anything that needs
more than linear time is let near the bytes.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from email.policy import Compat32, Policy, default
from hashlib import sha256
from typing import Any

from services.domain.errors import Invalid
from services.domain.intake import NAME_LENGTH, SUBJECT_LENGTH, clean_email, clean_line
from services.mail.automatic import Headers, is_automatic
from services.mail.content import IncomingAttachment, read_content
from services.mail.quotes import fold
from services.mail.text import decode, decode_words

NO_SUBJECT = "(no subject)"

_MOST_BOUNDARIES = 100
_MOST_PARTS = 1_000
_LONGEST_HEADER = 64 * 1024
_LONGEST_STRUCTURE = 4 * 1024
_MOST_HEADER_BYTES = 256 * 1024
_LONGEST_SENDER = 2_000
_MOST_REFERENCES = 50
_BOUNDARY = re.compile(rb"boundary[\s*0-9]{0,10}=", re.IGNORECASE)
_BOUNDARY_VALUE = re.compile(rb'boundary[\s*0-9]{0,10}=\s*"?([^"\r\n;]{1,70})', re.IGNORECASE)
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_FOLD = re.compile(r"\r?\n(?=[ \t])")
_PLAIN_MAILBOX = re.compile(r'(?P<name>[^<>,;:"()]{0,1000})<(?P<address>[^<>",;:()\s@]{1,64}@[^<>",;:()\s@]{1,255})>')
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,500}>")

# What does not change on the way of one mail to us, unlike its trace (Received, Return-Path, Delivered-To, …).
_STABLE_HEADERS = (
    "message-id",
    "date",
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "subject",
    "in-reply-to",
    "references",
    "content-type",
    "content-transfer-encoding",
)


@dataclass(frozen=True, slots=True)
class IncomingMail:
    """A mail that somebody wrote. `from_email` is lower-cased, `subject` and `from_name` are single lines.

    `text` is what is new and `quoted` the rest of it; `html` is all of it, harmless, and empty for plain mails.
    `references` are the Message-IDs it answers, the nearest first; `fingerprint` is the same however it came to us;
    `headers` are the values by lower-case name, the topmost first.
    """

    from_email: str
    from_name: str
    subject: str
    text: str
    quoted: str
    html: str
    attachments: tuple[IncomingAttachment, ...]
    message_id: str
    references: tuple[str, ...]
    fingerprint: str
    raw: bytes
    headers: Headers


class _Bounded(Compat32):
    """Reads headers as they stand, none that is too long to be looked at, and not more parts than anybody reads."""

    def __init__(self) -> None:
        super().__init__(message_factory=_Counted())

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        longest = _LONGEST_STRUCTURE if sourcelines[0][:8].lower() == "content-" else _LONGEST_HEADER
        if sum(map(len, sourcelines)) > longest:
            raise Invalid("A header is too long to be read.", reason="HEADER_TOO_LONG")
        return super().header_source_parse(sourcelines)


class _Counted:
    """Makes the parts of one mail."""

    def __init__(self) -> None:
        self._made = 0

    def __call__(self, policy: "Policy[Message]") -> Message:
        self._made += 1
        if self._made > _MOST_PARTS:
            raise Invalid("The mail has too many parts.", reason="TOO_COMPLEX")
        return Message(policy)


def parse_mail(raw: bytes, *, envelope_sender: str, by_hand: bool = True) -> IncomingMail:
    """The mail; Invalid for one that cannot be attributed or read, or, if `by_hand`, that a machine sent by itself."""
    # Old programs end lines with CR alone.
    readable = raw if b"\n" in raw else raw.replace(b"\r", b"\n")
    _check_limits(readable)
    try:
        message = BytesParser(policy=_Bounded()).parsebytes(readable)
        headers = _headers(message)
        if by_hand and is_automatic(headers, envelope_sender=envelope_sender):
            raise Invalid("A machine sent this by itself: it opens and reopens nothing.", reason="AUTOMATIC")
        email, name = _sender(headers.get("from", ()))
        subject = clean_line(decode_words(_first(headers, "subject")))[:SUBJECT_LENGTH] or NO_SUBJECT
        content = read_content(message)
        folded = fold(content.text, subject=subject)
        return IncomingMail(
            from_email=email,
            from_name=name,
            subject=subject,
            text="\n\n".join(part for part in (folded.body, *content.notes) if part),
            quoted=folded.quoted,
            html=content.html,
            attachments=content.attachments,
            message_id="".join(_MESSAGE_ID.findall(_first(headers, "message-id"))[:1]),
            references=_references(headers),
            fingerprint=_fingerprint(headers, readable),
            raw=raw,
            headers=headers,
        )
    except RecursionError:
        raise Invalid("The mail's parts are nested too deeply.", reason="TOO_NESTED") from None


def _check_limits(raw: bytes) -> None:
    blank = _BLANK_LINE.search(raw)
    if (blank.start() if blank else len(raw)) > _MOST_HEADER_BYTES:
        raise Invalid("The mail's headers are too large.", reason="HEADER_TOO_LONG")
    # Each boundary is looked for in every line: the product of both is the work.
    if sum(1 for _ in _BOUNDARY.finditer(raw)) > _MOST_BOUNDARIES:
        raise Invalid("The mail has too many nested parts.", reason="TOO_NESTED")


def _headers(message: Message) -> Headers:
    headers: defaultdict[str, list[str]] = defaultdict(list)
    for name, value in message.raw_items():
        data = _FOLD.sub("", value).encode("utf-8", "surrogateescape")
        headers[name.lower()].append(decode(data, "utf-8").strip())
    return dict(headers)


def _sender(values: Sequence[str]) -> tuple[str, str]:
    """The one From address and its name (RFC 5322, 3.6.2). Everything ambiguous is refused: it could be forged."""
    if not values:
        raise Invalid("The mail does not say who wrote it: it has no From.", reason="NO_SENDER")
    if len(values) > 1:
        raise Invalid("The mail has several From headers.", reason="SEVERAL_SENDERS")
    address, name = _mailbox(values[0])
    # One that does not stand there literally was put together from encoded words, quotes or comments.
    if address not in values[0] or "=?" in address:
        raise Invalid("The mail's From is no plain address.", reason="NO_SENDER")
    try:
        email = clean_email(address)
    except Invalid as error:
        raise Invalid("The mail's From is no valid address.", reason="NO_SENDER") from error
    return email, clean_line(name)[:NAME_LENGTH]


def _mailbox(value: str) -> tuple[str, str]:
    # First as everybody writes it, also with an unquoted @ in the name, which the library does not read.
    if match := _PLAIN_MAILBOX.fullmatch(value):
        return match["address"], decode_words(match["name"])
    groups = _groups(value)
    addresses = [address for group in groups for address in group.addresses]
    if any(group.display_name is not None for group in groups) or len(addresses) > 1:
        raise Invalid("The mail names a group or several people in From.", reason="SEVERAL_SENDERS")
    if not addresses:
        raise Invalid("The mail's From is no address.", reason="NO_SENDER")
    return addresses[0].addr_spec, decode_words(addresses[0].display_name)


def _groups(value: str) -> Sequence[Any]:
    if len(value) > _LONGEST_SENDER:
        return ()
    try:
        groups: Sequence[Any] = default.header_factory("From", value).groups
    except Exception:  # the library's parser raises whatever it trips over
        return ()
    return groups


def _first(headers: Headers, name: str) -> str:
    return next(iter(headers.get(name, ())), "")


def _references(headers: Headers) -> tuple[str, ...]:
    nearest = _MESSAGE_ID.findall(_first(headers, "in-reply-to"))
    farther = reversed(_MESSAGE_ID.findall(_first(headers, "references")))
    return tuple(dict.fromkeys([*nearest, *farther]))[:_MOST_REFERENCES]


def fingerprint_of(message: Message, raw: bytes) -> str:
    """What tells that a mail is the same one on another way: a digest of what its sender made, in hex."""
    return _fingerprint(_headers(message), raw)


def _fingerprint(headers: Headers, raw: bytes) -> str:
    """SHA-256, in hex, of what the sender made: line ends, folding and the boundaries of parts do not count."""
    lines = (f"{name}:{' '.join(value.split())}\n" for name in _STABLE_HEADERS for value in headers.get(name, ()))
    body = b"".join(_BLANK_LINE.split(raw, maxsplit=1)[1:])
    made = "".join(lines).encode() + b"\n" + body.replace(b"\r\n", b"\n").rstrip(b"\n")
    # A program that offers its mail a second time, because it missed our answer, often draws new boundaries.
    for boundary in sorted(set(_BOUNDARY_VALUE.findall(raw)), key=len, reverse=True):
        made = made.replace(boundary, b"")
    return sha256(made).hexdigest()
