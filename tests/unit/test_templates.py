"""The words of our own mails."""

from datetime import UTC, datetime

import pytest

from services.domain.templates import answer_subject, idle_reminder


@pytest.mark.parametrize(
    ("subject", "answer"),
    [
        ("Broken", "Re: Broken"),
        ("Re: Broken", "Re: Broken"),
        ("RE : Broken", "RE : Broken"),
        ("Refund", "Re: Refund"),
        ("Broken\r\nBcc: all@c.example", "Re: Broken Bcc: all@c.example"),
    ],
)
def test_an_answers_subject_says_re_once_on_one_line(subject: str, answer: str) -> None:
    assert answer_subject(subject) == answer


def test_a_reminder_says_when_the_request_is_resolved_without_an_answer() -> None:
    resolves_at = datetime(2026, 3, 9, 14, 5, tzinfo=UTC)
    assert idle_reminder(name="Cleo", subject="Broken", brand="Acme", resolves_at=resolves_at) == (
        "Hello Cleo,\n\n"
        'we wait for your answer to go on with your request "Broken". Simply reply to this mail.\n\n'
        "Without one, the request will be marked as resolved on 9 March 2026 at 14:05 UTC."
        " You can still reply after that.\n\n"
        "Acme\n"
    )


def test_a_reminder_of_a_request_that_is_never_resolved_by_itself_says_nothing_of_it() -> None:
    text = idle_reminder(name="", subject="Broken", brand="Acme", resolves_at=None)
    assert text.startswith("Hello,\n\n")
    assert "resolved" not in text
