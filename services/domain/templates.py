"""The words of mails that nobody wrote by hand, and the subject of those that somebody did."""

import re
from datetime import datetime

from services.domain.intake import clean_line

_ANSWER = re.compile(r"re\s*:", re.IGNORECASE)


def answer_subject(subject: str) -> str:
    """The subject of an answer: "Re: " once (RFC 5322, 3.6.5), on one line."""
    line = clean_line(subject)
    return line if _ANSWER.match(line) else f"Re: {line}"


def idle_reminder(*, name: str, subject: str, brand: str, resolves_at: datetime | None) -> str:
    """Tell a customer that we wait for an answer, and when the request is resolved without one, if it ever is."""
    greeting = f"Hello {clean_line(name)}," if clean_line(name) else "Hello,"
    paragraphs = [
        greeting,
        f'we wait for your answer to go on with your request "{clean_line(subject)}". Simply reply to this mail.',
    ]
    if resolves_at is not None:
        paragraphs.append(
            f"Without one, the request will be marked as resolved on {_in_words(resolves_at)}."
            " You can still reply after that."
        )
    paragraphs.append(clean_line(brand))
    return "\n\n".join(paragraphs) + "\n"


def _in_words(instant: datetime) -> str:
    return f"{instant.day} {instant:%B %Y at %H:%M} UTC"
