"""What an automatic mail tells about a mail of ours (RFC 3464, RFC 3834, RFC 8098, and what came before them). Pure."""

import re
from collections.abc import Iterable, Iterator
from email import message_from_bytes
from email.message import Message

from flufl.bounce import all_failures

from services.domain.errors import Invalid
from services.domain.intake import clean_email, clean_line
from services.domain.mail_reports import MailReportKind, NewMailReport
from services.mail.parse import fingerprint_of
from services.mail.text import decode, decode_words, html_to_text

# The library's patterns look at every line many times: who sends more has something else to tell.
_LARGEST = 1_000_000
_MOST_MESSAGE_IDS = 50
_MOST_ADDRESSES = 100
_LONGEST_TEXT = 20_000

_MESSAGE_ID = re.compile(r"<[^<>\s]{1,500}>")
# Of the mail that came back, whole, as headers, or quoted in the text of a report.
_RETURNED = re.compile(
    r"^[ \t>|]*(?:original-)?message-id[ \t]{0,10}:\s{0,10}(<[^<>\s]{1,500}>)", re.IGNORECASE | re.MULTILINE
)


def read_report(raw: bytes) -> NewMailReport:
    """The report in an automatic mail; a plain notice where no bounce is found in it. Invalid when it is too large."""
    if len(raw) > _LARGEST:
        raise Invalid("The automatic mail is too large to be read.", reason="AUTOMATIC")
    message = message_from_bytes(raw)
    failed, delayed = failures(message)
    kind = MailReportKind.BOUNCE if failed else MailReportKind.DELAY if delayed else MailReportKind.NOTICE
    texts = list(_texts(message))
    return NewMailReport(
        kind=kind,
        rfc_message_ids=_concerned(message, raw, texts),
        failed=failed,
        delayed=delayed,
        sender=_header(message, "from"),
        subject=_header(message, "subject"),
        text="\n\n".join(text for text in texts if text)[:_LONGEST_TEXT],
        raw_source=raw,
        fingerprint=fingerprint_of(message, raw),
    )


def failures(message: Message) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The addresses that a mail never reaches, and those that it does not reach yet, as this bounce says."""
    temporary, permanent = all_failures(message)
    return _addresses(permanent), _addresses(set(temporary) - set(permanent))


def _addresses(found: Iterable[bytes]) -> tuple[str, ...]:
    return tuple(sorted(filter(None, map(_address, found))))[:_MOST_ADDRESSES]


def _address(found: bytes) -> str:
    """The address in lower case, "" for what the library took for one by mistake."""
    try:
        return clean_email(found.decode())
    except (Invalid, UnicodeDecodeError):
        return ""


def _concerned(message: Message, raw: bytes, texts: Iterable[str]) -> tuple[str, ...]:
    named = [name for header in ("in-reply-to", "references") for name in _MESSAGE_ID.findall(_header(message, header))]
    returned = _RETURNED.findall("\n".join([raw.decode("latin-1"), *texts]))
    return tuple(dict.fromkeys([*returned, *named]))[:_MOST_MESSAGE_IDS]


def _texts(part: Message) -> Iterator[str]:
    """The words of the report itself, without those of the mail that it returns."""
    if part.get_content_maintype() == "multipart":
        for child in part.get_payload():
            if isinstance(child, Message):
                yield from _texts(child)
    elif part.get_content_type() in ("text/plain", "text/html"):
        payload = part.get_payload(decode=True)
        text = decode(payload if isinstance(payload, bytes) else b"", _charset(part))
        yield (html_to_text(text) if part.get_content_type() == "text/html" else text).strip()


def _header(message: Message, name: str) -> str:
    return clean_line(decode_words(str(message.get(name, ""))))


def _charset(part: Message) -> str | None:
    try:
        return part.get_content_charset()
    except (LookupError, ValueError):
        return None
