"""The words of our own mails."""

import re
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po

from services.domain import templates
from services.domain.effects import EffectKind
from services.domain.intake import LANGUAGES
from services.domain.templates import NEUTRAL_ACKNOWLEDGEMENT, NOTICES, TEMPLATES, Words, answer_subject, fill, reply
from services.tickets import languages
from services.tickets.languages import speaker

VALUES: dict[str, str | int | datetime | None] = {"name": "Cleo", "subject": "Broken", "brand": "Acme", "number": 12}
LOCALE = Path(languages.__file__).parent / "locale"


def filled(kind: EffectKind, **values: str | datetime | None) -> Words:
    return fill(TEMPLATES[kind], VALUES | values, speaker())


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


def test_a_reminder_says_when_the_request_is_resolved_without_an_answer_and_how_to_say_that_it_is() -> None:
    words = filled(
        EffectKind.IDLE_REMINDER_MAIL,
        resolves_at=datetime(2026, 3, 9, 14, 5, tzinfo=UTC),
        solved_link="https://desk.example/answer/a",
        not_solved_link="https://desk.example/answer/b",
    )
    assert words.subject == "Re: Broken"
    assert words.text == (
        "Hello Cleo,\n\n"
        'we wait for your answer to go on with your request "Broken". Simply reply to this mail.\n\n'
        "Without one, the request will be marked as resolved on 9 March 2026 at 14:05 UTC."
        " You can still reply after that.\n\n"
        "It is solved:\nhttps://desk.example/answer/a\n\n"
        "It is not solved:\nhttps://desk.example/answer/b\n\n"
        "Acme\n"
    )
    assert '<a href="https://desk.example/answer/a">' in words.html


def test_a_reminder_of_a_request_that_is_never_resolved_by_itself_says_nothing_of_it() -> None:
    words = filled(EffectKind.IDLE_REMINDER_MAIL, name="", resolves_at=None)
    assert words.text.startswith("Hello,\n\n")
    assert "resolved" not in words.text


@pytest.mark.parametrize("kind", TEMPLATES)
@pytest.mark.parametrize("text", ["{{7*7}}", "{brand}", "{greeting}", "${brand}", "%(brand)s", "{{ config }}"])
def test_what_a_customer_wrote_is_text_and_never_evaluated(kind: EffectKind, text: str) -> None:
    words = filled(kind, name=text, subject=text)
    assert f"Hello {text}," in words.text
    assert f'"{text}"' in words.text
    assert "49" not in words.text


@pytest.mark.parametrize("kind", TEMPLATES)
def test_values_are_escaped_in_html_and_stay_on_one_line(kind: EffectKind) -> None:
    words = filled(kind, name='<script>"&', subject="a\r\nb")
    assert "<script>" not in words.html
    assert "Hello &lt;script&gt;&quot;&amp;," in words.html
    assert words.subject == "Re: a b"


def test_a_neutral_acknowledgement_repeats_nothing_that_the_sender_wrote() -> None:
    words = fill(NEUTRAL_ACKNOWLEDGEMENT, VALUES, speaker())
    assert words.subject == "We have your request (12)"
    for text in (words.subject, words.text, words.html):
        assert "Cleo" not in text
        assert "Broken" not in text


def test_a_reply_is_its_own_words_once_plain_and_once_as_html() -> None:
    words = reply(subject="Broken", body="See <b> at https://a.example/?x=1&y=2\n{name}")
    assert words.text == "See <b> at https://a.example/?x=1&y=2\n{name}"
    assert '&lt;b&gt; at <a href="https://a.example/?x=1&amp;y=2">' in words.html
    assert "<br>\n{name}" in words.html


def test_every_text_is_in_every_catalogue() -> None:
    marked = {text for _, text, _, _ in extract_from_file("python", templates.__file__, keywords={"_": None})}
    template = read_po(BytesIO((LOCALE / "messages.pot").read_bytes()))
    assert {message.id for message in template if message.id} == marked
    assert {path.stem for path in LOCALE.glob("*.po")} == set(LANGUAGES)
    for language in LANGUAGES:
        catalogue = read_po(BytesIO((LOCALE / f"{language}.po").read_bytes()), locale=language)
        assert {message.id for message in catalogue if message.string and message.id} == marked
        for message in catalogue:
            # The Czech would have to bend the name of whom it greets, so it names nobody.
            left_out = {"name"} if language == "cs" else set()
            assert placeholders(str(message.string)) | left_out >= placeholders(str(message.id)), message.id


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"{([a-z_]+)}", text))


@pytest.mark.parametrize(
    ("language", "subject", "words", "instant"),
    [
        ("en", "We have your request (12)", "a request reached us in your name", "9 March 2026 at 14:05 UTC"),
        ("cs", "Přijali jsme váš požadavek (12)", "obdrželi jsme požadavek", "9. března 2026 v 14:05 UTC"),
        ("it", "Abbiamo ricevuto la Sua richiesta (12)", "abbiamo ricevuto", "9 marzo 2026 alle 14:05 UTC"),
        ("fi", "Olemme vastaanottaneet pyyntösi (12)", "olemme", "9. maaliskuuta 2026 klo 14.05 UTC"),
    ],
)
def test_a_mail_speaks_the_language_of_its_brand(language: str, subject: str, words: str, instant: str) -> None:
    mail = fill(NEUTRAL_ACKNOWLEDGEMENT, VALUES, speaker(language))
    assert mail.subject == subject
    assert words in mail.text
    at: dict[str, str | int | datetime | None] = {
        "resolves_at": datetime(2026, 3, 9, 14, 5, tzinfo=UTC),
        "subject": "x",
    }
    reminder = fill(TEMPLATES[EffectKind.IDLE_REMINDER_MAIL], at, speaker(language), language=language)
    assert instant in reminder.text


def test_a_text_without_a_translation_is_said_in_english() -> None:
    assert speaker("cs")("No catalogue has this.") == "No catalogue has this."


def test_a_mail_for_the_staff_keeps_the_lines_of_what_was_written_in_its_text_alone() -> None:
    values = VALUES | {"author": "Cleo\r\nBcc: x@c.example", "link": "https://desk.example/tickets/12"}
    mail = fill(NOTICES[EffectKind.CUSTOMER_WROTE_MAIL], values, speaker(), body="One\n<b>{link}\n{{7*7}}")
    assert mail.subject == "[12] Cleo Bcc: x@c.example wrote: Broken"
    assert "One\n<b>{link}\n{{7*7}}\n\nTo the ticket:\nhttps://desk.example/tickets/12" in mail.text
    assert "One<br>\n&lt;b&gt;{link}" in mail.html
