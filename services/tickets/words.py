"""The words of a ticket as PostgreSQL's vectors, and what is asked of them as its queries, both written here.

PostgreSQL's own parser and dictionaries take no part, so that what is found does not depend on a database's locale.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from services.domain.conditions.fields import CUSTOM, is_custom
from services.domain.message import Visibility
from services.domain.ticket import Ticket
from services.domain.words import label, labels, split_words

SUBJECT, REQUESTER, PUBLIC, INTERNAL = "ABCD"
OF_MESSAGES = {Visibility.PUBLIC: PUBLIC, Visibility.INTERNAL: INTERNAL}
# What is not an internal word.
FOR_CUSTOMERS = SUBJECT + REQUESTER + PUBLIC

_LAST_PLACE = 16_383
_MOST_PLACES = 255
# A vector begins after a gap, so that no phrase reaches from one text into the next.
_GAP = 10


def text_vector(*texts: tuple[str, str]) -> str:
    """The words of some texts, each a pair of its weight and itself, with their places."""
    vector: list[str] = []
    place = 1
    for weight, text in texts:
        place += _GAP
        places: dict[str, list[int]] = {}
        for place, word in enumerate(split_words(text), place):  # noqa: B020 # the next text begins where this one ends
            places.setdefault(word, []).append(place)
        for word, found in places.items():
            # PostgreSQL keeps so many places of a word, and none beyond the last; more would only be sent.
            some = (
                [min(at, _LAST_PLACE) for at in found[:_MOST_PLACES]] if place > _LAST_PLACE else found[:_MOST_PLACES]
            )
            vector.append(f"'{word}':{f'{weight},'.join(map(str, some))}{weight}")
    return " ".join(vector)


def subject_vector(subject: str, *, tags: Sequence[str], type_: str, custom_fields: Mapping[str, Any]) -> str:
    """The words of a subject and the labels of a ticket."""
    return f"{text_vector((SUBJECT, subject))} {_labels(tags, type_, custom_fields)}"


def head_vector(ticket: Ticket) -> str:
    """What is searched of a ticket besides its messages."""
    requester = ticket.requester
    words = text_vector((SUBJECT, ticket.subject), (REQUESTER, requester.name), (REQUESTER, requester.email))
    return f"{words} {_labels(ticket.tags, ticket.type, ticket.custom_fields)}"


def requester_vector(name: str, email: str) -> str:
    """The words of a requester."""
    return text_vector((REQUESTER, name), (REQUESTER, email))


def _labels(tags: Sequence[str], type_: str, custom_fields: Mapping[str, Any]) -> str:
    """Without a place, so that no weight has them: "tag:vip", and "tag:" when there is any."""
    fields: dict[str, Any] = {"tag": list(tags), "type": type_}
    fields |= {f"{CUSTOM}{name}": value for name, value in custom_fields.items() if is_custom(name)}
    return " ".join(_quoted(word) for field, value in fields.items() for word in _label_words(field, value))


def phrase_query(text: str, *, weights: str, unfinished: bool) -> str:
    """The words one after another, each where it has one of the weights; the last may be the beginning of one."""
    *whole, last = split_words(text)
    marks = f":{weights}" if weights else ""
    unfinished_marks = f":*{weights}" if unfinished else marks
    terms = [*(f"'{word}'{marks}" for word in whole), f"'{last}'{unfinished_marks}"]
    return f"({' <-> '.join(terms)})"


def label_query(field: str, value: object) -> str:
    """A tag, a type or the value of a custom field; "" for any at all."""
    return _quoted(f"{field}:{label(value)}")


def _label_words(field: str, value: object) -> list[str]:
    found = labels(value)
    # No word of a text has a colon.
    return [f"{field}:{text}" for text in ["", *found]] if found else []


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"
