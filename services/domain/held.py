"""Whether a reply is held: somebody else wrote after what its writer had seen, and the writer is asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from services.domain.errors import InvalidTransition
from services.domain.message import AuthorKind, NewMessage, Visibility


@dataclass(frozen=True, slots=True)
class LaterMessage:
    """A message that came after the version which the writer of a reply had seen."""

    id: UUID
    author_kind: AuthorKind
    author_id: str
    withdrawn: bool


def newer_messages(later: Sequence[LaterMessage], *, author_id: str) -> tuple[LaterMessage, ...]:
    """Those that may change what the writer wants to say: a customer's words, and colleagues' replies and notes.

    Not one's own, and not what was taken back.
    """
    return tuple(
        message
        for message in later
        if not message.withdrawn and (message.author_kind is AuthorKind.CUSTOMER or message.author_id != author_id)
    )


def may_be_held(new: NewMessage, author_kind: AuthorKind) -> bool:
    """Whether to look for newer messages: only a public reply of the staff is held, and only if its writer wants it."""
    asks = new.seen_seq > 0 and not new.send_anyway
    return asks and author_kind is AuthorKind.AGENT and new.visibility is Visibility.PUBLIC


def check_held(later: Sequence[LaterMessage], *, author_id: str) -> None:
    """InvalidTransition (NEWER_MESSAGES) when there are any."""
    newer = newer_messages(later, author_id=author_id)
    if newer:
        raise InvalidTransition(
            f"{len(newer)} newer message{'s' if len(newer) > 1 else ''} came on this ticket while you wrote: read and"
            " change your reply, or send it anyway.",
            reason="NEWER_MESSAGES",
            metadata={"count": str(len(newer)), "first_message_id": str(newer[0].id)},
        )
