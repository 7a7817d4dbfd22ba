"""The words of mails that nobody wrote by hand, by kind, and the subject of those that somebody did.

A template is plain text whose `{names}` are replaced once by values. Nothing is evaluated: what a customer wrote is
text, whatever it looks like. English is the source of all languages: `say` gives a sentence in another one.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

from babel.dates import format_datetime

from services.domain.effects import EffectKind
from services.domain.intake import clean_line

Say = Callable[[str], str]

_ANSWER = re.compile(r"re\s*:", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_LINK = re.compile(r"https?://[^\s<>\"]+")


@dataclass(frozen=True, slots=True)
class Template:
    """A mail's subject and paragraphs; a paragraph of which one value is empty is left out."""

    subject: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """A mail's subject and its text, once plain and once as HTML."""

    subject: str
    text: str
    html: str


def _(text: str) -> str:
    """Marks a text for the catalogue; it is translated when it is said."""
    return text


# How an instant is written, in the letters of Unicode's locale data (UTS 35).
_INSTANT = _("d MMMM y 'at' HH:mm 'UTC'")
_GREETING = _("Hello {name},")
_NAMELESS_GREETING = _("Hello,")
_SOLVED = _("It is solved:\n{solved_link}")
_NOT_SOLVED = _("It is not solved:\n{not_solved_link}")

TEMPLATES: Mapping[EffectKind, Template] = {
    EffectKind.ACKNOWLEDGEMENT_MAIL: Template(
        "{answer_subject}",
        (
            "{greeting}",
            _('we have your request "{subject}". Its number is {number}, and somebody will answer you.'),
            _("To add something, simply reply to this mail."),
            "{brand}",
        ),
    ),
    EffectKind.IDLE_REMINDER_MAIL: Template(
        "{answer_subject}",
        (
            "{greeting}",
            _('we wait for your answer to go on with your request "{subject}". Simply reply to this mail.'),
            _("Without one, the request will be marked as resolved on {resolves_at}. You can still reply after that."),
            _SOLVED,
            _NOT_SOLVED,
            "{brand}",
        ),
    ),
    EffectKind.RESOLVED_NOTICE_MAIL: Template(
        "{answer_subject}",
        (
            "{greeting}",
            _('your request "{subject}" (number {number}) was marked as resolved.'),
            _SOLVED,
            _NOT_SOLVED,
            _("You can also simply reply to this mail."),
            "{brand}",
        ),
    ),
}
_SEE = _("To the ticket:\n{link}")
# To the staff; answers to these mails reach nobody.
NOTICES: Mapping[EffectKind, Template] = {
    EffectKind.CUSTOMER_WROTE_MAIL: Template(
        _("[{number}] {author} wrote: {subject}"),
        (_('{author} wrote on ticket {number}, "{subject}":'), "{body}", _SEE),
    ),
    EffectKind.NOTE_MAIL: Template(
        _("[{number}] {author} left a note: {subject}"),
        (_('{author} left a note on ticket {number}, "{subject}":'), "{body}", _SEE),
    ),
    EffectKind.ASSIGNED_MAIL: Template(
        _("[{number}] assigned to you: {subject}"),
        (_('Ticket {number}, "{subject}", was given to you.'), _SEE),
    ),
    EffectKind.ESCALATED_MAIL: Template(
        _("[{number}] escalated: {subject}"),
        (_('Ticket {number}, "{subject}", was escalated: {reason}.'), _SEE),
    ),
    EffectKind.RULE_NOTICE_MAIL: Template(
        _("[{number}] {reason}: {subject}"),
        (_('On ticket {number}, "{subject}", a rule wants you to know: {reason}.'), _SEE),
    ),
    EffectKind.RULE_CUT_MAIL: Template(
        _("A rule was paused: {reason}"),
        (
            _("A rule went round in a circle on ticket {number} and was paused: {reason}."),
            _("What it had done stays. It runs again when somebody resumes it."),
            _SEE,
        ),
    ),
    EffectKind.REMINDER_MAIL: Template(
        _("[{number}] reminder: {subject}"),
        (_('You wanted to be reminded of ticket {number}, "{subject}".'), "{body}", _SEE),
    ),
    EffectKind.CHILDREN_SETTLED_MAIL: Template(
        _("[{number}] all children settled: {subject}"),
        (_('All tickets that belong to ticket {number}, "{subject}", are resolved or closed. It is not.'), _SEE),
    ),
}
# To an address whose owner did not prove to have written: not a word that somebody else may have put there.
NEUTRAL_ACKNOWLEDGEMENT = Template(
    _("We have your request ({number})"),
    (
        _NAMELESS_GREETING,
        _("a request reached us in your name. Its number is {number}, and somebody will answer you."),
        _("If it was not you, you need not do anything."),
        "{brand}",
    ),
)


def answer_subject(subject: str) -> str:
    """The subject of an answer: "Re: " once (RFC 5322, 3.6.5), on one line."""
    line = clean_line(subject)
    return line if _ANSWER.match(line) else f"Re: {line}"


def reply(*, subject: str, body: str) -> Words:
    """An answer that somebody wrote: its own words and nothing else."""
    return Words(answer_subject(subject), body, _html([body]))


def fill_reply(template: str, values: Mapping[str, str | int]) -> str:
    """The words of a rule or macro to a customer, each placeholder replaced by its value, once."""
    return substitute(template, {name: clean_line(str(value)) for name, value in values.items()})


def fill(
    template: Template,
    values: Mapping[str, str | int | datetime | None],
    say: Say,
    *,
    language: str = "en",
    body: str = "",
) -> Words:
    """The mail that the template makes of the values; `say` translates into the language.

    `body` is the one value of several lines.
    """
    known = {name: clean_line(_in_words(value, say, language)) for name, value in values.items()}
    known["greeting"] = substitute(say(_GREETING if known.get("name") else _NAMELESS_GREETING), known)
    known["answer_subject"] = answer_subject(known.get("subject", ""))
    subject = substitute(say(template.subject), known)
    known["body"] = body
    paragraphs = [
        substitute(say(paragraph), known)
        for paragraph in template.paragraphs
        if all(known.get(name) for name in _PLACEHOLDER.findall(paragraph))
    ]
    text = "\n\n".join(paragraphs) + "\n"
    return Words(subject, text, _html(paragraphs))


def placeholders_in(text: str) -> tuple[str, ...]:
    """The names of the placeholders in a text, each once."""
    return tuple(dict.fromkeys(_PLACEHOLDER.findall(text)))


def substitute(template: str, values: Mapping[str, str]) -> str:
    """The text with its placeholders replaced, in one pass: a value that looks like a placeholder stays what it is."""
    return _PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), template)


def _in_words(value: str | int | datetime | None, say: Say, language: str) -> str:
    if isinstance(value, datetime):
        return format_datetime(value, say(_INSTANT), tzinfo=UTC, locale=language)
    return "" if value is None else str(value)


def _html(paragraphs: list[str]) -> str:
    """The paragraphs as a page of their own, every value escaped, links to be clicked."""
    body = "\n".join(f"<p>{_linked(paragraph)}</p>" for paragraph in paragraphs)
    return f'<!DOCTYPE html>\n<html>\n<head><meta charset="utf-8"></head>\n<body>\n{body}\n</body>\n</html>\n'


def _linked(text: str) -> str:
    parts, end = [], 0
    for match in _LINK.finditer(text):
        link = escape(match[0])
        parts += [escape(text[end : match.start()]), f'<a href="{link}">{link}</a>']
        end = match.end()
    return "".join([*parts, escape(text[end:])]).replace("\n", "<br>\n")
