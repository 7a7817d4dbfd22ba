"""A message's HTML as pages show it: sanitised once more, its own pictures from us, remote ones only when asked for."""

from services.common.images import ImageLinks
from services.domain.html import show_html
from services.domain.message import Message


def display_html(message: Message, *, images: bool, links: ImageLinks) -> str:
    """The harmless HTML of a message for somebody who may read it; "" for plain text.

    Without `images` the remote ones stay blocked, their addresses in `data-remote-src`; else they come by way of us.
    """
    embedded = {file.content_id: f"/attachments/{file.id}" for file in message.attachments if file.content_id}
    return show_html(
        message.html,
        embedded=embedded,
        remote=(lambda url: links.path(url, message_id=message.id)) if images else None,
    )


def has_remote_images(message: Message) -> bool:
    """Whether there is something to ask for."""
    return " data-remote-src=" in message.html
