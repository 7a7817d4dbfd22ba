"""What is new in a mail, apart from what it quotes and the signature. Pure, linear in the length of the text.

The words by which mail programs introduce a quotation are mail-parser-reply's, for the languages it knows, and ours
where it lacks them. How a text is cut is ours alone: the library's own cut changes lines, takes any list for a
signature and needs more than linear time. Where it is not certain what is quoted, nothing is folded.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mailparser_reply.constants import MAIL_LANGUAGES

_LONGEST_INTRODUCTION = 300
_INTRODUCTION_LINES = 4
_HEADER_BLOCK_LINES = 10
_SIGNATURE_LINES = 20

# Gmail, Apple Mail and Thunderbird where the library lacks the language or one program's words.
_INTRODUCTIONS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"On .+ wrote:",
        r"Am .+ schrieb .+:",
        r".+ schrieb am .+:",
        r"(?:Dne|Po|Út|St|Čt|Pá|So|Ne) .+ (?:napsala?|napsal\(a\)):",
        r".+ (?:napsala?|napsal\(a\)) dne .+:",
        r"(?:Il|In data) .+ ha scritto:",
        r".+ ha scritto il .+:",
        r"(?:ma|ti|ke|to|pe|la|su) .+ kirjoitti:",
        r".+ kirjoitti .+:",
    )
] + [re.compile(words["wrote_header"], re.IGNORECASE) for words in MAIL_LANGUAGES.values() if "wrote_header" in words]
# Whoever wrote when: what is no introduction has neither.
_WHEN = re.compile(r"\d")
_WHO = re.compile(r"[@<]")
_MOST_TRIES = 20

# The headers by which Outlook introduces a quotation: sender, one of the others, subject.
_LABELS = [
    ({"from"}, {"sent", "date", "to", "cc"}, {"subject"}),
    ({"von"}, {"gesendet", "datum", "an", "cc"}, {"betreff"}),
    ({"od"}, {"odesláno", "datum", "komu", "kopie"}, {"předmět"}),
    ({"da"}, {"inviato", "data", "a", "cc"}, {"oggetto"}),
    ({"lähettäjä"}, {"lähetetty", "päivämäärä", "päiväys", "vastaanottaja", "kopio"}, {"aihe"}),
]
_LABEL = re.compile(r"[* ]{0,3}(?P<label>[^\W\d_]{1,20}) ?:[* ]?(?=\S|$)")
_ORIGINAL = re.compile(
    r"-{3,} ?(?:original message|ursprüngliche nachricht|původní zpráva|messaggio originale|alkuperäinen viesti"
    r"|původní e-mail) ?-{3,}",
    re.IGNORECASE,
)
_RULE = re.compile(r"[_-]{20,}")
_FORWARDED = re.compile(
    r"(?:-{3,} ?)?(?:begin forwarded message|forwarded message|weitergeleitete nachricht|anfang der weitergeleiteten"
    r"|přeposlaná zpráva|začátek přeposlané|messaggio inoltrato|inizio messaggio inoltrato|edelleenlähetetty viesti"
    r"|välitetty viesti)\b",
    re.IGNORECASE,
)
_FORWARD_SUBJECT = re.compile(r"\s*(?:fwd?|wg|vl|i|tr|doorst|enc)\s*:", re.IGNORECASE)
_SENT_FROM = re.compile(
    r"(?:sent from (?:my|outlook|mail|yahoo)|get outlook for|von meinem \S+ gesendet|gesendet (?:von|mit)|outlook für"
    r"|odesláno z|posláno z|získejte outlook|stáhněte si outlook|inviato da|scarica outlook|ottieni outlook"
    r"|lähetetty \S*(?:sta|stä)\b|hanki outlook)[^\n]{0,80}",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Folded:
    """A text in two parts: every line of it is in one of them, as it was."""

    body: str
    quoted: str


def fold(text: str, *, subject: str) -> Folded:
    """What is new, and what is quoted or a signature; all of a text that is forwarded is new."""
    lines = text.split("\n")
    first, last = (len(lines), len(lines)) if _is_forward(lines, subject) else _quotation(lines)
    before, after = lines[:first], lines[last:]
    # A quotation between two new texts is answered point by point: it is needed to understand them.
    if (_written(before) and _written(after)) or any(_is_quoted(line) for line in after):
        first, last, before, after = len(lines), len(lines), lines, []
    if _written(before):
        end = _signature(before)
        body, quoted = before[:end], lines[end:]
    else:
        end = last + _signature(after)
        body, quoted = lines[last:end], [*lines[:last], *lines[end:]]
    if not any(line.strip() for line in body):
        return Folded(text, "")
    return Folded(_joined(body), _joined(quoted))


def _joined(lines: Sequence[str]) -> str:
    return "\n".join(lines).strip("\n")


def _is_forward(lines: Sequence[str], subject: str) -> bool:
    return bool(_FORWARD_SUBJECT.match(subject)) or any(_FORWARDED.match(line.strip("> \t*")) for line in lines)


def _quotation(lines: Sequence[str]) -> tuple[int, int]:
    """The first line of what is quoted and the line after it; both the end of the text when nothing is."""
    nothing, tries = (len(lines), len(lines)), 0
    for index, line in enumerate(lines):
        if _is_quoted(line):
            begin = _introduced(lines, index)
            if begin is None and _introduces_itself(lines, index):
                begin = index
            return nothing if begin is None else (begin, _end_of_quotes(lines, index))
        if _ORIGINAL.fullmatch(line.strip()) or _begins_headers(lines, index):
            return _before_rule(lines, index), len(lines)
        if line.rstrip()[-1:] == ":" and tries < _MOST_TRIES:
            tries += 1
            begin = _introduction(lines, index)
            if begin is not None and not any(_is_quoted(later) for later in lines[index:]):
                # Its words are not marked: a person may have written it, unless it has all that a program writes.
                return (begin, len(lines)) if _WHO.search(" ".join(lines[begin : index + 1])) else nothing
    return nothing


def _introduced(lines: Sequence[str], quoted: int) -> int | None:
    """Where the introduction of this first quoted line begins, in any language; None when nothing introduces it."""
    last = quoted - 1
    while last >= 0 and not lines[last].strip():
        last -= 1
    if last < 0:
        return quoted
    begin = _introduction(lines, last)
    return last if begin is None and _says_who_and_when(lines[last]) else begin


def _says_who_and_when(line: str) -> bool:
    """Whether the line looks like an introduction in a language that we do not know."""
    line = line[:_LONGEST_INTRODUCTION].rstrip()
    return bool(line[-1:] == ":" and _WHEN.search(line) and _WHO.search(line))


def _introduces_itself(lines: Sequence[str], quoted: int) -> bool:
    """Whether the introduction is the first thing that is quoted: Apple Mail's HTML has it so."""
    first = [line.lstrip("> ") for line in lines[quoted : quoted + _INTRODUCTION_LINES]]
    return any(_introduction(first, last) is not None or _says_who_and_when(first[last]) for last in range(len(first)))


def _introduction(lines: Sequence[str], last: int) -> int | None:
    """The first line of "On … wrote:" that ends in this line; programs wrap it over several."""
    for first in range(last, max(last - _INTRODUCTION_LINES, -1), -1):
        text = " ".join(line[:_LONGEST_INTRODUCTION].strip("* \t") for line in lines[first : last + 1])
        if not lines[first].strip() or len(text) > _LONGEST_INTRODUCTION:
            return None
        if _WHEN.search(text) and any(pattern.fullmatch(text) for pattern in _INTRODUCTIONS):
            return first
    return None


def _begins_headers(lines: Sequence[str], index: int) -> bool:
    found = _LABEL.match(lines[index][:40])
    if found is None:
        return False
    label = found["label"].lower()
    for senders, others, subjects in _LABELS:
        if label in senders:
            seen = {
                match["label"].lower()
                for line in lines[index + 1 : index + _HEADER_BLOCK_LINES]
                if (match := _LABEL.match(line[:40]))
            }
            return bool(seen & others) and bool(seen & subjects)
    return False


def _before_rule(lines: Sequence[str], index: int) -> int:
    """The line that Outlook draws above the headers, or "Original Message", belongs to them."""
    above = index - 1
    while above >= 0 and not lines[above].strip():
        above -= 1
    drawn = above >= 0 and (_RULE.fullmatch(lines[above].strip()) or _ORIGINAL.fullmatch(lines[above].strip()))
    return above if drawn else index


def _end_of_quotes(lines: Sequence[str], index: int) -> int:
    end = index
    while index < len(lines) and (_is_quoted(lines[index]) or not lines[index].strip()):
        index += 1
        end = index
    return end


def _signature(lines: Sequence[str]) -> int:
    """The line at which the signature begins (RFC 3676, 4.3), or what a telephone adds; the end when there is none."""
    for index in range(len(lines) - 1, max(len(lines) - _SIGNATURE_LINES, 0) - 1, -1):
        if lines[index].rstrip() in ("--", "\u2014"):
            return index
    last = len(lines) - 1
    while last >= 0 and not lines[last].strip():
        last -= 1
    return last if last >= 0 and _SENT_FROM.fullmatch(lines[last].strip()[:200]) else len(lines)


def _is_quoted(line: str) -> bool:
    return line.lstrip()[:1] == ">"


def _written(lines: Sequence[str]) -> bool:
    """Whether there are words that are no signature."""
    return any(line.strip() for line in lines[: _signature(lines)])
