"""Bytes of a mail as text that can be kept: character sets, encoded words, HTML. Nothing here raises."""

import codecs
import re
from email.errors import HeaderParseError
from email.header import decode_header
from html import unescape

import nh3

from services.domain.intake import clean_text

# Python's codecs that are no character sets; the first two need quadratic time.
_NO_CHARACTER_SETS = frozenset({"punycode", "idna", "unicode-escape", "raw-unicode-escape", "undefined"})
# Senders that name these mean their superset (WHATWG Encoding, 4.2).
_WINDOWS = frozenset({"ascii", "iso8859-1"})

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")

_PARAGRAPHS = {"p", "blockquote", "pre", "table", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6"}
_LINES = {"div", "tr", "li", "br", "hr"}
_UNSEEN = {"script", "style", "title", "template", "svg", "math"}
_TAG = re.compile(r"</?([a-z0-9]+)>")


def decode(data: bytes, charset: str | None) -> str:
    """The bytes as text: in the character set they claim, else UTF-8, else Windows-1252 with marks for what is neither."""
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
    """What a reader sees of the HTML, one line per block: no tag, script or style is left."""
    kept = nh3.clean(html, tags=_PARAGRAPHS | _LINES, attributes={}, clean_content_tags=_UNSEEN, link_rel=None)
    flat = re.sub(r"\s+", " ", kept)
    lines = unescape(_TAG.sub(lambda tag: "\n\n" if tag[1] in _PARAGRAPHS else "\n", flat)).split("\n")
    text = "\n".join(line.strip().replace("\xa0", " ") for line in lines)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _clean(text: str) -> str:
    return _CONTROL.sub("", _SURROGATE.sub("\ufffd", clean_text(text)))
