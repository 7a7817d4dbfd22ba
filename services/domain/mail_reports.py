"""What mail servers tell of mails that were sent."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class MailReportKind(StrEnum):
    """What a machine told about a mail of ours."""

    BOUNCE = "bounce"
    DELAY = "delay"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class NewMailReport:
    """What a machine told about a mail of ours; `failed` are addresses it never reaches, `delayed` not yet reached.

    `fingerprint` is the same however the report came to us.
    """

    kind: MailReportKind
    rfc_message_ids: tuple[str, ...]
    failed: tuple[str, ...]
    delayed: tuple[str, ...]
    sender: str
    subject: str
    text: str
    raw_source: bytes
    fingerprint: str


@dataclass(frozen=True, slots=True)
class MailReport:
    """A report beside the ticket that it concerns; `rfc_message_id` is that of our mail."""

    id: UUID
    ticket_id: UUID
    kind: MailReportKind
    rfc_message_id: str
    failed: tuple[str, ...]
    delayed: tuple[str, ...]
    sender: str
    subject: str
    text: str
    created_at: datetime
