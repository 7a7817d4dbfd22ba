"""What the staff promise a customer: to be heard from by an instant. The next public word of the staff keeps it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.domain.errors import Invalid, InvalidTransition
from services.domain.intake import clean_line
from services.domain.ticket import TicketStatus

LATEST = timedelta(days=731)
TEXT_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Promise:
    """By when the customer will have heard from us, and what about, for the staff."""

    promised_at: datetime
    text: str = ""


def check_promise(wanted: Promise, *, status: TicketStatus, now: datetime) -> Promise:
    """The promise, cleaned; Invalid for an instant that is past or too far away, InvalidTransition once settled."""
    if status.is_settled:
        raise InvalidTransition(f"Nothing is promised on a ticket that is {status}: reopen it first.")
    problems: dict[str, str] = {}
    if not now < wanted.promised_at <= now + LATEST:
        problems["promised_at"] = f"must be later than now, {now:%Y-%m-%d %H:%M:%S} UTC, by at most {LATEST.days} days"
    text = clean_line(wanted.text)
    if len(text) > TEXT_LENGTH:
        problems["text"] = f"must have at most {TEXT_LENGTH} characters"
    if problems:
        told = "; ".join(f"{field} {message}" for field, message in problems.items())
        raise Invalid(f"The promise is not valid: {told}.", violations=problems)
    return replace(wanted, text=text)
