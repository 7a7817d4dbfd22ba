"""Bytes of a mail as text that can be kept: character sets, encoded words, HTML. Nothing here raises."""

import codecs
import re
from email.errors import HeaderParseError
from email.header import decode_header
from html import unescape

from services.domain.intake import clean_text

# Python's codecs that are no character sets; the first two need quadratic time.
_NO_CHARACTER_SETS = frozenset({"punycode", "idna", "unicode-escape", "raw-unicode-escape", "undefined"})
# Senders that name these mean their superset (WHATWG Encoding, 4.2).
_WINDOWS = frozenset({"ascii", "iso8859-1"})

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")

_BREAK_OF = dict.fromkeys(("p", "blockquote", "pre", "table", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6"), "\n\n")
_BREAK_OF |= dict.fromkeys(("div", "tr", "li", "br", "hr"), "\n")
_BREAKS = frozenset(_BREAK_OF.values())
_UNSEEN = frozenset({"script", "style", "title", "template", "svg", "math"})
_COMMENT = "!--"
_TAG = re.compile(r"(?P<end>/?)(?P<name>[A-Za-z][A-Za-z0-9]*)")
_SPACE = re.compile(r"\s+")
_BLANK_LINES = re.compile(r"\n{3,}")


def decode(data: bytes, charset: str | None) -> str:
    """The bytes as text: in the character set they claim, else in UTF-8, else in Windows-1252 as far as it goes."""
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
    return _clean(data.decode("cp1252", "replace"))


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
    """What a reader sees of the HTML, one line per block, without scripts and styles.

    One pass over the tags, whatever they are: the standard library's parser needs quadratic time for broken ones. The
    result is text to be shown as text, so nothing depends on how a browser would have read them.
    """
    first, *pieces = html.split("<")
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
    return _BLANK_LINES.sub("\n\n", text).strip()


def _opened(tag: re.Match[str], piece: str) -> list[str]:
    return [_BREAK_OF.get(tag["name"].lower(), ""), "" if _hides(tag, piece) else piece.partition(">")[2]]


def _hides(tag: re.Match[str], piece: str) -> bool:
    return not tag["end"] and tag["name"].lower() in _UNSEEN and "/>" not in piece


def _clean(text: str) -> str:
    return _CONTROL.sub("", _SURROGATE.sub("\ufffd", clean_text(text)))
