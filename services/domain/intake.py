"""What may come in at any door: one validation for mail, REST and gRPC. Every violation is told at once, by field."""

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from email_validator import EmailNotValidError, validate_email

from services.domain.attachments import MOST_ATTACHMENTS, safe_content_type, safe_file_name
from services.domain.errors import Invalid
from services.domain.html import is_too_deep, sanitize_html
from services.domain.message import NewMessage
from services.domain.ticket import Brand, NewTicket

SUBJECT_LENGTH = 500
BODY_LENGTH = 1_000_000
HTML_LENGTH = 500_000
NAME_LENGTH = 200
TAG_LENGTH = 50
RESOLUTION_LENGTH = 2_000
TAGS = 50
CUSTOM_FIELDS_BYTES = 16_384
CUSTOM_FIELDS_DEPTH = 8
# RFC 5321, 4.5.3.1: 64 octets before the @, 255 after it.
EMAIL_LENGTH = 320
REQUEST_ID_LENGTH = 200
LONGEST_WAIT = timedelta(days=3650)
LONGEST_UNDO_SECONDS = 3600
# Those of the catalogues of our mails.
LANGUAGES = ("en", "cs", "it", "fi")

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_TAG = re.compile(r"[^\s,:\"\x00-\x1f\x7f-\x9f]+")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_CONTENT_ID_LENGTH = 200

Carrier = TypeVar("Carrier", NewTicket, NewMessage)


def clean_line(text: str) -> str:
    """One line of text: control characters and line breaks become single spaces, the ends are trimmed."""
    return _CONTROL.sub(" ", text).strip()


def clean_text(text: str) -> str:
    """Body text: LF line ends; NUL, which PostgreSQL cannot store, is dropped."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")


def clean_resolution(text: str) -> str:
    """What solved a ticket; Invalid when it is too long."""
    problems: dict[str, str] = {}
    cleaned = clean_text(text).strip()
    _check_length(cleaned, "resolution", RESOLUTION_LENGTH, problems)
    _raise(problems)
    return cleaned


def clean_email(address: str) -> str:
    """The address in lower case, as RFC 5321 lets us read it; Invalid if it is none. No look-up is made.

    Names of a local network ("owner@localhost", "ann@desk.local", "ann@desk") are taken: desks run there too.
    """
    # Before anything else: the library needs quadratic time.
    if len(address) > EMAIL_LENGTH:
        raise Invalid(f"This is not an e-mail address: it has {len(address)} characters, {EMAIL_LENGTH} at most.")
    local, _, domain = address.strip().rpartition("@")
    # The library refuses these two reserved names; under an ordinary one it checks all the rest.
    suffix = ".example" if domain.lower().rpartition(".")[2] in ("localhost", "local") else ""
    try:
        checked = validate_email(
            f"{local}@{domain}{suffix}", check_deliverability=False, test_environment=True, globally_deliverable=False
        )
    except EmailNotValidError as error:
        raise Invalid(f"{address!r} is not an e-mail address: {str(error).rstrip('.')}") from None
    return checked.normalized.lower().removesuffix(suffix)


def check_new_ticket(ticket: NewTicket) -> NewTicket:
    """The ticket with its texts cleaned and its address lower-cased, or Invalid with all that is wrong."""
    problems: dict[str, str] = {}
    email = _checked_email(ticket.requester_email, "requester.email", problems)
    ticket = replace(
        ticket,
        subject=clean_line(ticket.subject),
        body=clean_text(ticket.body),
        requester_email=email,
        requester_name=clean_line(ticket.requester_name),
    )
    _check_length(ticket.subject, "subject", SUBJECT_LENGTH, problems, least=1)
    _check_length(ticket.body, "body", BODY_LENGTH, problems)
    _check_length(ticket.requester_name, "requester.name", NAME_LENGTH, problems)
    _check_fields(ticket.type, ticket.tags, ticket.custom_fields, problems)
    ticket = _check_content(ticket, problems)
    _raise(problems)
    return ticket


def check_new_message(message: NewMessage) -> NewMessage:
    """The message with its texts cleaned, or Invalid with all that is wrong."""
    problems: dict[str, str] = {}
    message = replace(
        message,
        body=clean_text(message.body),
        subject=clean_line(message.subject)[:SUBJECT_LENGTH],
        sender_name=clean_line(message.sender_name)[:NAME_LENGTH],
    )
    if message.sender_email:
        message = replace(message, sender_email=_checked_email(message.sender_email, "sender.email", problems))
    # A mail may truly be empty; what somebody typed may not.
    if not message.raw_source:
        _check_length(message.body.strip(), "body", BODY_LENGTH, problems, least=1)
    _check_length(message.body, "body", BODY_LENGTH, problems)
    message = _check_content(message, problems)
    _raise(problems)
    return message


def _check_content(new: Carrier, problems: dict[str, str]) -> Carrier:
    """What came besides the words: its quoted part, its HTML made harmless, its files under safe names."""
    _check_length(new.quoted, "quoted", BODY_LENGTH, problems)
    _check_length(new.html, "html", HTML_LENGTH, problems)
    if is_too_deep(new.html):
        problems["html"] = "must not be nested so deeply"
    files = new.attachments
    if len(files) > MOST_ATTACHMENTS or any(file.size < 0 or not _DIGEST.fullmatch(file.digest) for file in files):
        problems["attachments"] = f"at most {MOST_ATTACHMENTS}, each with its size and SHA-256 in hex"
    if problems:
        return new
    return replace(
        new,
        quoted=clean_text(new.quoted),
        html=sanitize_html(clean_text(new.html)) if new.html else "",
        attachments=tuple(
            replace(
                file,
                file_name=safe_file_name(file.file_name),
                content_type=safe_content_type(file.content_type),
                content_id=clean_line(file.content_id)[:_CONTENT_ID_LENGTH],
            )
            for file in files
        ),
    )


def check_fields(*, subject: str | None, type_: str | None, tags: tuple[str, ...], custom_fields: object) -> None:
    """Invalid unless these may be a ticket's fields after an update."""
    problems: dict[str, str] = {}
    if subject is not None:
        _check_length(subject, "subject", SUBJECT_LENGTH, problems, least=1)
    _check_fields(type_ or "", tags, custom_fields, problems)
    _raise(problems)


def check_request_id(request_id: str) -> None:
    """Invalid unless it may name a request; an empty one means that the caller wants no idempotency."""
    problems: dict[str, str] = {}
    _check_length(request_id, "request_id", REQUEST_ID_LENGTH, problems)
    _raise(problems)


def custom_fields_problem(fields: object) -> str:
    """What keeps these from being a ticket's custom fields, or nothing.

    The depth is limited because protobuf reads a hundred layers of messages, of which each object takes three.
    """
    layer = [fields]
    for _ in range(CUSTOM_FIELDS_DEPTH + 1):
        layer = [item for value in layer for item in _items(value)]
    if layer:
        return f"must be at most {CUSTOM_FIELDS_DEPTH} objects or lists deep"
    try:
        size = len(json.dumps(fields, allow_nan=False))
    except ValueError:
        return "must hold finite numbers only"
    return f"must be at most {CUSTOM_FIELDS_BYTES} bytes as JSON" if size > CUSTOM_FIELDS_BYTES else ""


def check_brand(brand: Brand) -> None:
    """Invalid unless the brand's name, address and times make sense together."""
    problems: dict[str, str] = {}
    _check_length(clean_line(brand.name), "name", 100, problems, least=1)
    _checked_email(brand.address, "address", problems)
    waits = {
        "idle_remind_after": brand.idle_remind_after,
        "idle_resolve_after": brand.idle_resolve_after,
        "auto_close_after": brand.auto_close_after,
    }
    for name, wait in waits.items():
        if wait is not None and not timedelta(0) < wait <= LONGEST_WAIT:
            problems[name] = "must be longer than 0 and at most 10 years, or absent to switch it off"
    if not 0 <= brand.undo_seconds <= LONGEST_UNDO_SECONDS:
        problems["undo_seconds"] = f"must be 0 to {LONGEST_UNDO_SECONDS}"
    if brand.language not in LANGUAGES:
        problems["language"] = f"must be one of {', '.join(LANGUAGES)}"
    remind, resolve = brand.idle_remind_after, brand.idle_resolve_after
    if remind is not None and resolve is not None and remind >= resolve:
        problems.setdefault("idle_remind_after", "must be shorter than idle_resolve_after: the reminder comes before")
    _raise(problems)


def _check_fields(type_: str, tags: tuple[str, ...], custom_fields: object, problems: dict[str, str]) -> None:
    _check_length(type_, "type", TAG_LENGTH, problems)
    if _CONTROL.search(type_):
        problems["type"] = "must be one line without control characters"
    if len(tags) > TAGS or any(len(tag) > TAG_LENGTH or not _TAG.fullmatch(tag) for tag in tags):
        problems["tags"] = (
            f"at most {TAGS} tags, each 1 to {TAG_LENGTH} characters without space, comma, colon or quote"
        )
    if wrong := custom_fields_problem(custom_fields):
        problems["custom_fields"] = wrong


def _items(value: object) -> Iterable[object]:
    """What is directly inside an object or a list."""
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _checked_email(address: str, field: str, problems: dict[str, str]) -> str:
    try:
        return clean_email(address)
    except Invalid as error:
        problems[field] = error.message
        return address


def _check_length(text: str, field: str, most: int, problems: dict[str, str], *, least: int = 0) -> None:
    if not least <= len(text) <= most:
        problems[field] = f"must have {least} to {most} characters, not {len(text)}"


def _raise(problems: dict[str, str]) -> None:
    if problems:
        told = "; ".join(f"{field} {problem}" for field, problem in problems.items())
        raise Invalid(f"The input is not valid: {told}.", violations=problems)
