"""A ticket's conversation as the page shows it: whose word each is, its harmless HTML, and what became of its mail."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from markupsafe import Markup

from services.common.images import ImageLinks
from services.domain.delivery import Delivery
from services.domain.message import Attachment, AuthorKind, EffectState, Message, Visibility
from services.gateway.web.html import display_html

# Of a long conversation the first words and the newest ones are shown, those between them when asked for.
_NEWEST = 6
# Whoever writes in colours counts on white paper.
_COLOURED = re.compile(r'<[^>]+ (?:bgcolor|color)="', re.IGNORECASE)


class Kind(StrEnum):
    """What a message is to its reader."""

    CUSTOMER = "customer"
    REPLY = "reply"
    NOTE = "note"


class Sending(StrEnum):
    """What became of the mail of a reply."""

    UNDOABLE = "undoable"
    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    IN_DOUBT = "in_doubt"
    NOT_SENT = "not_sent"
    WITHDRAWN = "withdrawn"


_SENDING = {
    EffectState.READY: Sending.WAITING,
    EffectState.CLAIMED: Sending.WAITING,
    EffectState.SENDING: Sending.WAITING,
    EffectState.DONE: Sending.SENT,
    EffectState.FAILED: Sending.FAILED,
    EffectState.IN_DOUBT: Sending.IN_DOUBT,
    EffectState.SUPPRESSED: Sending.NOT_SENT,
    EffectState.CANCELLED: Sending.WITHDRAWN,
}


@dataclass(frozen=True, slots=True)
class ShownMessage:
    """A message of the conversation; `html` is empty when its plain text says the same."""

    message: Message
    kind: Kind
    author: str
    html: Markup
    has_remote_images: bool
    on_paper: bool
    files: tuple[Attachment, ...]
    sending: Sending | None
    delivery: Delivery | None
    undo_until: datetime | None


@dataclass(frozen=True, slots=True)
class Conversation:
    """All messages, oldest first, those in `folded` to be shown when asked for."""

    first: tuple[ShownMessage, ...]
    folded: tuple[ShownMessage, ...]
    newest: tuple[ShownMessage, ...]


def conversation(
    messages: Iterable[Message],
    deliveries: Iterable[Delivery],
    *,
    undo_seconds: int,
    now: datetime,
    images: ImageLinks,
    with_images: UUID | None = None,
) -> Conversation:
    """The conversation of these messages, with what the ledger knows of their mails.

    Of the message `with_images` the pictures from elsewhere are shown too.
    """
    replies = {delivery.message_id: delivery for delivery in deliveries if delivery.kind == "reply_mail"}
    shown = [
        _shown(
            message,
            Markup(display_html(message, images=message.id == with_images, links=images)),  # noqa: S704 # sanitised
            replies.get(message.id),
            undo_seconds=undo_seconds,
            now=now,
        )
        for message in messages
    ]
    if len(shown) <= _NEWEST + 2:
        return Conversation((), (), tuple(shown))
    return Conversation(tuple(shown[:1]), tuple(shown[1:-_NEWEST]), tuple(shown[-_NEWEST:]))


def _shown(
    message: Message, html: Markup, delivery: Delivery | None, *, undo_seconds: int, now: datetime
) -> ShownMessage:
    kind = _kind(message)
    embedded = {attachment.id for attachment in message.attachments if f"/attachments/{attachment.id}" in html}
    # The decision that writes the mail comes a moment after the reply itself.
    leaves_at = delivery.not_before if delivery else message.created_at + timedelta(seconds=undo_seconds)
    sending = _sending(message, kind, delivery, undoable=now < leaves_at)
    return ShownMessage(
        message=message,
        kind=kind,
        author=message.author_name or message.author_kind.value,
        html=html,
        has_remote_images=" data-remote-src=" in html,
        on_paper=_COLOURED.search(html) is not None,
        files=tuple(attachment for attachment in message.attachments if attachment.id not in embedded),
        sending=sending,
        delivery=delivery,
        undo_until=leaves_at if sending is Sending.UNDOABLE else None,
    )


def _kind(message: Message) -> Kind:
    if message.visibility is Visibility.INTERNAL:
        return Kind.NOTE
    return Kind.REPLY if message.author_kind is AuthorKind.AGENT else Kind.CUSTOMER


def _sending(message: Message, kind: Kind, delivery: Delivery | None, *, undoable: bool) -> Sending | None:
    if kind is not Kind.REPLY:
        return None
    if message.withdrawn_at is not None:
        return Sending.WITHDRAWN
    found = _SENDING[delivery.state] if delivery else Sending.WAITING
    return Sending.UNDOABLE if found is Sending.WAITING and undoable else found
