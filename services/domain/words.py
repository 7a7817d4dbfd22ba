"""What counts as a word when we search: one folding for all that is stored and all that is asked.

Case and accents make no difference ("PŘÍLIŠ" is "prilis", "Straße" is "strasse", "Ålesund" is "alesund"). Writing
systems without spaces are cut into characters, so that a word in them is found as a phrase.
"""

import re
from collections.abc import Iterable, Sequence
from unicodedata import combining, normalize

LONGEST_WORD = 64
# What is indexed of one message: a log file that somebody pastes does not slow the desk down.
LONGEST_TEXT = 50_000

# Letters that Unicode does not take apart into a letter and its accent.
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "\u0131": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d"}
)
_SPACED = {code: " " for code in range(128) if not chr(code).isalnum()}
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]|[^\W_\u3040-\u30ff\u3400-\u9fff]+")


def fold(text: str) -> str:
    """The text without case and accents."""
    if text.isascii():
        return text.lower()
    # Casefolding can bring accents of its own ("İ"), so it comes before they are dropped, and once more after.
    taken_apart = normalize("NFKD", normalize("NFKD", text).casefold())
    bare = "".join(letter for letter in taken_apart if not combining(letter))
    return normalize("NFKC", bare.translate(_LETTERS)).casefold()


def split_words(text: str) -> list[str]:
    """The words of a text, folded, in their order."""
    folded = fold(text[:LONGEST_TEXT])
    # Every message is cut when it comes in, and most are plain enough for the faster way.
    words: list[str] = folded.translate(_SPACED).split() if folded.isascii() else _WORD.findall(folded)
    longest = max(map(len, words), default=0)
    return words if longest <= LONGEST_WORD else [word[:LONGEST_WORD] for word in words]


def has_phrase(words: Sequence[str], phrase: Sequence[str], *, unfinished: bool) -> bool:
    """Whether the words of the phrase follow each other in the words; the last may be the beginning of one."""
    *whole, last = phrase
    for start in range(len(words) - len(phrase) + 1):
        end = start + len(whole)
        if words[start:end] == whole and (words[end].startswith(last) if unfinished else words[end] == last):
            return True
    return False


def label(value: object) -> str:
    """How a tag, a type or the value of a custom field is compared: folded, true and false as words, 7.0 as 7."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return " ".join(fold(str(value)).split())[: 2 * LONGEST_WORD]


def labels(value: object) -> list[str]:
    """The labels of a JSON value: its items' if it is a list, none of an object, of nothing and of an empty text."""
    items: Iterable[object] = value if isinstance(value, list) else [value]
    return [text for item in items if not isinstance(item, dict | list) and item is not None if (text := label(item))]
