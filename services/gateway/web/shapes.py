"""How values look on pages: ages, instants, sizes. Pure."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from markupsafe import Markup, escape

from services.gateway.web.browsers import browser_name

_STEPS = ((3600, 60, "min"), (86400, 3600, "h"), (30 * 86400, 86400, "d"))
_ADDRESS = re.compile(r"https?://[^\s<>\"]+")
_LINK = Markup('<a href="{0}" rel="noopener noreferrer nofollow" target="_blank">{0}</a>')
_SPANS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
_BRIEF = ((120, 1, "min"), (48 * 60, 60, "h"))
SOON = timedelta(hours=1)
_UNITS = ("bytes", "KB", "MB", "GB")


def age(instant: datetime, now: datetime | None = None) -> str:
    """How far away the instant is, in one unit: `5 min`, `3 h`, `12 d`, later the day."""
    seconds = abs(((now or datetime.now(UTC)) - instant).total_seconds())
    if seconds < 60:
        return "< 1 min"
    for limit, size, unit in _STEPS:
        if seconds < limit:
            return f"{int(seconds // size)} {unit}"
    return f"{instant.day} {instant:%b %Y}"


def moment(instant: datetime) -> str:
    """The instant for people, in UTC; scripts put it into the reader's own zone."""
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def file_size(size: int) -> str:
    """Bytes for people: `318 KB`."""
    number, unit = float(size), _UNITS[0]
    for unit in _UNITS:  # noqa: B007 # the unit where the loop stopped
        if number < 1000:
            break
        number /= 1000
    return f"{number:.0f} {unit}" if unit in _UNITS[:2] else f"{number:.1f} {unit}"


def wait(span: timedelta | None) -> str:
    """The span in its largest whole unit: `3 d`, `12 h`; empty for none."""
    if span is None:
        return ""
    seconds = span.total_seconds()
    size, unit = next((pair for pair in _SPANS if seconds % pair[0] == 0), _SPANS[-1])
    return f"{seconds / size:g} {unit}"


def span(length: timedelta) -> str:
    """The length, whichever way it goes, in its two largest units: `2 h 10 min`; without seconds."""
    minutes = int(abs(length).total_seconds() // 60)
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [f"{days} d" if days else "", f"{hours} h" if hours else "", f"{rest} min" if rest and not days else ""]
    return " ".join(part for part in parts if part) or "< 1 min"


def brief(length: timedelta) -> str:
    """The length, whichever way it goes, in one unit: `95 min`, `15 h`, `3 d`."""
    minutes = int(abs(length).total_seconds() // 60)
    for limit, size, unit in _BRIEF:
        if minutes < limit:
            return f"{minutes // size} {unit}" if minutes else "< 1 min"
    return f"{minutes // 1440} d"


def until(instant: datetime, now: datetime | None = None) -> str:
    """How far away the instant is, as a `span`."""
    return span(instant - (now or datetime.now(UTC)))


def away(instant: datetime, now: datetime | None = None) -> str:
    """How far away the instant is, `brief`."""
    return brief(instant - (now or datetime.now(UTC)))


def pace(instant: datetime, now: datetime | None = None) -> str:
    """Whether the instant is past (`late`), less than an hour away (`soon`), or neither."""
    left = instant - (now or datetime.now(UTC))
    if left <= timedelta():
        return "late"
    return "soon" if left < SOON else ""


def words(name: str) -> str:
    """A stable name as words: `on_hold` is "on hold"."""
    return name.replace("_", " ")


def sentence(text: str) -> str:
    """The text as a sentence: a capital at its beginning, a full stop at its end."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?")) else ".")


def dashed(name: str) -> str:
    """The name of a field of the builder as an id: `conditions.0` is `conditions-0`."""
    return name.replace(".", "-")


def numbered(path: str) -> str:
    """The path of a row as people count: `0.1` is "1.2"."""
    return ".".join(str(int(step) + 1) for step in path.split("."))


def with_names(words: dict[str, str], things: Iterable[Any]) -> dict[str, str]:
    """The words with the names of these things by their ids."""
    return words | {str(thing.id): thing.name for thing in things}


def with_words(words: dict[str, str], names: Mapping[UUID, str]) -> dict[str, str]:
    """The words with these names by their ids."""
    return words | {str(thing_id): name for thing_id, name in names.items()}


def choices(names: Mapping[UUID, str]) -> list[tuple[str, str]]:
    """The names as a list of boxes has them."""
    return [(str(thing_id), name) for thing_id, name in names.items()]


def initials(name: str) -> str:
    """One or two letters that stand for a person."""
    parts = [part for part in name.split() if part[0].isalnum()] or [name or "?"]
    return (parts[0][0] + (parts[-1][0] if len(parts) > 1 else "")).upper()


def linked(text: str) -> Markup:
    """Plain text with its web addresses as links; everything else is text."""
    pieces, end = [], 0
    for found in _ADDRESS.finditer(text):
        address = found[0].rstrip(".,;:!?'\")")
        pieces += [escape(text[end : found.start()]), _LINK.format(address)]
        end = found.start() + len(address)
    return Markup().join([*pieces, escape(text[end:])])


def with_places(words: dict[str, str], directory: Any) -> dict[str, str]:
    """The words with the places of the categories by their ids."""
    return words | {str(category_id): directory.category(category_id) for category_id in directory.categories}


FILTERS: dict[str, Callable[..., object]] = {
    "age": age,
    "moment": moment,
    "iso": datetime.isoformat,
    "file_size": file_size,
    "words": words,
    "initials": initials,
    "linked": linked,
    "browser": browser_name,
    "wait": wait,
    "span": span,
    "with_names": with_names,
    "with_words": with_words,
    "with_places": with_places,
    "choices": choices,
    "sentence": sentence,
    "dashed": dashed,
    "numbered": numbered,
    "until": until,
    "away": away,
    "brief": brief,
    "pace": pace,
}
