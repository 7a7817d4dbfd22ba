"""Bytes of a mail as text that can be kept: character sets, encoded words, HTML. Nothing here raises."""

import codecs
import re
from email.errors import HeaderParseError
from email.header import decode_header
from html import unescape

from charset_normalizer import from_bytes

from services.domain.intake import clean_text

# Python's codecs that are no character sets; the first two need quadratic time.
_NO_CHARACTER_SETS = frozenset({"punycode", "idna", "unicode-escape", "raw-unicode-escape", "undefined"})
# Senders that name these mean their superset (WHATWG Encoding, 4.2).
_WINDOWS = frozenset({"ascii", "iso8859-1"})

# How many bytes tell enough of the language, and how many more tell nothing new.
_LEAST_TO_GUESS = 64
_MOST_TO_GUESS = 4096

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")

_BREAK_OF = dict.fromkeys(("p", "blockquote", "pre", "table", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6"), "\n\n")
_BREAK_OF |= dict.fromkeys(("div", "tr", "li", "br", "hr"), "\n")
_BREAKS = frozenset(_BREAK_OF.values())
_UNSEEN = frozenset({"script", "style", "title", "template", "svg", "math"})
_COMMENT = "!--"
# Stand for the ends of a quotation until the text is put together.
_QUOTE, _UNQUOTE = "\ue000", "\ue001"
_MARKS = re.compile(f"[{_QUOTE}{_UNQUOTE}]")
_DEEPEST_QUOTE = 10
_TAG = re.compile(r"(?P<end>/?)(?P<name>[A-Za-z][A-Za-z0-9]*)")
_SPACE = re.compile(r"\s+")
_BLANK_LINES = re.compile(r"\n{3,}")


def decode(data: bytes, charset: str | None) -> str:
    """The bytes as text: in the character set they claim, else in UTF-8, else in the one they look like."""
    for name in (charset, "utf-8"):
        try:
            codec = codecs.lookup((name or "").partition("*")[0]).name
            if codec in _WINDOWS:
                data.decode("ascii" if codec == "ascii" else codec)
                return _clean(data.decode("cp1252", "replace"))
            if codec not in _NO_CHARACTER_SETS:
                return _clean(data.decode(codec))
        except (LookupError, ValueError):
            continue
    return _clean(data.decode(_guess(data), "replace"))


def _guess(data: bytes) -> str:
    """The character set that some text looks like; short ones look like many, so they are taken for Windows-1252."""
    if len(data) < _LEAST_TO_GUESS:
        return "cp1252"
    found = from_bytes(data[:_MOST_TO_GUESS], enable_fallback=False).best()
    return "cp1252" if found is None else found.encoding


def decode_words(text: str) -> str:
    """A header's text with its encoded words read (RFC 2047); as it is where they are broken."""
    if "=?" not in text:
        return text
    try:
        parts = decode_header(text)
    except (HeaderParseError, ValueError):
        return text
    return "".join(part if isinstance(part, str) else _word(part, charset) for part, charset in parts)


def _word(part: bytes, charset: str | None) -> str:
    # Between encoded words the library hands out the text in this encoding.
    return part.decode("raw-unicode-escape", "replace") if charset is None else decode(part, charset)


def html_to_text(html: str) -> str:
    """What a reader sees of the HTML, one line per block, quotations marked as in mails, without scripts and styles.

    One pass over the tags, whatever they are: the standard library's parser needs quadratic time for broken ones. The
    result is text to be shown as text, so nothing depends on how a browser would have read them.
    """
    first, *pieces = _MARKS.sub("", html).split("<")
    seen, hidden = [first], ""
    for piece in pieces:
        if hidden == _COMMENT or piece.startswith(_COMMENT):
            _, end, after = piece.partition("-->")
            hidden = "" if end else _COMMENT
            seen.append(after)
        elif (tag := _TAG.match(piece)) is None:
            seen.append("" if hidden else piece.partition(">")[2] if piece[:1] in ("!", "?") else f"<{piece}")
        elif hidden:
            hidden = "" if tag["end"] and tag["name"].lower() == hidden else hidden
            seen.append("" if hidden else piece.partition(">")[2])
        else:
            seen += _opened(tag, piece)
            hidden = tag["name"].lower() if _hides(tag, piece) else ""
    lines = unescape("".join(_SPACE.sub(" ", part) if part not in _BREAKS else part for part in seen)).split("\n")
    text = "\n".join(line.replace("\xa0", " ").strip() for line in lines)
    return _BLANK_LINES.sub("\n\n", _marked(text)).strip()


def _marked(text: str) -> str:
    """The text with ">" before each line of a quotation."""
    if _QUOTE not in text:
        return text.replace(_UNQUOTE, "")
    depth, lines = 0, []
    for line in text.split("\n"):
        depth = max(depth + line.count(_QUOTE) - line.count(_UNQUOTE), 0)
        seen = _MARKS.sub("", line).strip()
        if not seen and _MARKS.search(line):
            continue
        mark = ">" * min(depth, _DEEPEST_QUOTE)
        lines.append(f"{mark} {seen}" if mark and seen else mark or seen)
    return "\n".join(lines)


def _opened(tag: re.Match[str], piece: str) -> list[str]:
    name = tag["name"].lower()
    # The mark stands on a line between the breaks: what follows it is inside, or outside again.
    mark = [(_UNQUOTE if tag["end"] else _QUOTE), "\n"] if name == "blockquote" else []
    return [_BREAK_OF.get(name, ""), *mark, "" if _hides(tag, piece) else piece.partition(">")[2]]


def _hides(tag: re.Match[str], piece: str) -> bool:
    return not tag["end"] and tag["name"].lower() in _UNSEEN and "/>" not in piece


def _clean(text: str) -> str:
    return _CONTROL.sub("", _SURROGATE.sub("\ufffd", clean_text(text)))
