"""Reminders that people of the staff set for themselves."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.domain.errors import Invalid

LATEST = timedelta(days=731)
TEXT_LENGTH = 2_000
MOST_REMINDERS = 50


@dataclass(frozen=True, slots=True)
class Reminder:
    """When somebody wants to be reminded, and of what."""

    at: datetime
    text: str = ""


def check_reminder(wanted: Reminder, *, now: datetime, waiting: int) -> Reminder:
    """The reminder, cleaned; Invalid for an instant that is past or too far away, and where too many wait."""
    problems: dict[str, str] = {}
    if not now < wanted.at <= now + LATEST:
        problems["at"] = f"must be later than now, {now:%Y-%m-%d %H:%M:%S} UTC, by at most {LATEST.days} days"
    text = wanted.text.strip()
    if len(text) > TEXT_LENGTH:
        problems["text"] = f"must have at most {TEXT_LENGTH} characters"
    if problems:
        told = "; ".join(f"{field} {message}" for field, message in problems.items())
        raise Invalid(f"The reminder is not valid: {told}.", violations=problems)
    if waiting >= MOST_REMINDERS:
        raise Invalid(f"At most {MOST_REMINDERS} reminders wait on a ticket: skip one first.", reason="TOO_MANY")
    return replace(wanted, text=text)
