"""Links in mails by which a customer answers without signing in: what they say, and whether they still count."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.domain.errors import InvalidTransition
from services.domain.lifecycle import reply_opens_follow_up
from services.domain.ticket import TicketStatus

LINK_LIFETIME = timedelta(days=30)


class CustomerAnswer(StrEnum):
    """What a link says of the ticket."""

    SOLVED = "solved"
    NOT_SOLVED = "not_solved"


@dataclass(frozen=True, slots=True)
class CustomerLink:
    """A link of one person on one ticket, about the status that began with the event `status_epoch`."""

    ticket_id: UUID
    contact_id: UUID
    answer: CustomerAnswer
    status_epoch: int
    expires_at: datetime


class Consequence(StrEnum):
    """What a customer's answer does."""

    NOTHING = "nothing"
    RESOLVE = "resolve"
    OPEN = "open"
    REOPEN = "reopen"
    FOLLOW_UP = "follow_up"


def judge_answer(
    answer: CustomerAnswer,
    status: TicketStatus,
    *,
    went_back: bool,
    status_since: datetime,
    auto_close_after: timedelta | None,
    now: datetime,
) -> Consequence:
    """What the answer does; InvalidTransition (STALE) when the ticket went another way since the mail.

    A ticket that has only gone on towards its end since, by itself or by hand, is still the one that the mail spoke of;
    `went_back` says that it has not.
    """
    if went_back:
        raise InvalidTransition(
            "This link is not valid any more: the request has gone on since that mail. Reply to the mail instead.",
            reason="STALE",
        )
    if answer is CustomerAnswer.SOLVED:
        return Consequence.NOTHING if status.is_settled else Consequence.RESOLVE
    if not status.is_settled:
        return Consequence.OPEN
    late = reply_opens_follow_up(status, status_since=status_since, auto_close_after=auto_close_after, now=now)
    return Consequence.FOLLOW_UP if late else Consequence.REOPEN
