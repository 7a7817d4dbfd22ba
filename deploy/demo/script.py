"""What happens in the demo: every story as acts at instants of the last weeks. Pure: one seed, one script."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any

from deploy.demo.cast import BRANDS, CUSTOMERS, Customer, ShopBrand
from services.domain.ticket import Priority

SEED = 20_261
_DAY, _HOUR, _MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


class Speaker(StrEnum):
    """Who says something: the customer, an agent to them, or an agent to colleagues."""

    CUSTOMER = "customer"
    AGENT = "agent"
    NOTE = "note"


class Ending(StrEnum):
    """Where a story has come to by now."""

    NEW = "new"
    UNASSIGNED = "unassigned"
    OPEN = "open"
    WAITING = "waiting"
    ON_HOLD = "on_hold"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"
    CLOSED = "closed"
    FORGOTTEN = "forgotten"  # the customer never answered: reminded, resolved and closed by itself
    FOLLOWED_UP = "followed_up"  # the customer wrote again after the end


# How often each happens, and how long ago the last word was said.
_ENDINGS: Mapping[Ending, tuple[int, timedelta, timedelta]] = {
    Ending.NEW: (16, 5 * _MINUTE, 20 * _HOUR),
    Ending.UNASSIGNED: (16, 10 * _MINUTE, 2 * _DAY),
    Ending.OPEN: (28, 15 * _MINUTE, 3 * _DAY),
    Ending.WAITING: (30, 2 * _HOUR, 6 * _DAY),
    Ending.ON_HOLD: (10, 1 * _DAY, 9 * _DAY),
    Ending.SNOOZED: (8, 3 * _HOUR, 3 * _DAY),
    Ending.RESOLVED: (22, 1 * _HOUR, 60 * _HOUR),
    Ending.CLOSED: (44, 6 * _DAY, 40 * _DAY),
    Ending.FORGOTTEN: (18, 18 * _DAY, 40 * _DAY),
    Ending.FOLLOWED_UP: (8, 6 * _HOUR, 4 * _DAY),
}
STORIES = sum(count for count, _, _ in _ENDINGS.values())


@dataclass(frozen=True, slots=True)
class Turn:
    """One word of the conversation, `ago` before now."""

    speaker: Speaker
    text: str
    ago: timedelta


@dataclass(frozen=True, slots=True)
class Story:
    """One ticket from its first word to where it is now. `key` is the same at every run."""

    key: str
    brand: ShopBrand
    customer: Customer
    subject: str
    team: str
    turns: tuple[Turn, ...]
    ending: Ending
    tags: tuple[str, ...]
    priority: Priority
    type: str
    by_mail: bool
    html: bool
    photo: bool
    pdf: bool
    words: Mapping[str, str] = field(compare=False)


def write_script(seed: int = SEED) -> tuple[Story, ...]:
    """All stories, the oldest first."""
    random = Random(seed)  # noqa: S311 - a play, not a secret
    templates = _templates()
    endings = [ending for ending, (count, _, _) in _ENDINGS.items() for _ in range(count)]
    random.shuffle(endings)
    stories = [
        _story(random, templates[number % len(templates)], ending=ending, key=f"demo-{number}")
        for number, ending in enumerate(endings)
    ]
    return tuple(sorted(stories, key=lambda story: story.turns[0].ago, reverse=True))


@cache
def _templates() -> tuple[dict[str, Any], ...]:
    folder = sorted((files("deploy.demo") / "stories").iterdir(), key=lambda path: path.name)
    return tuple(story for file in folder for story in tomllib.loads(file.read_text(encoding="utf-8"))["story"])


def _story(random: Random, template: Mapping[str, Any], *, ending: Ending, key: str) -> Story:
    brand = next((brand for brand in BRANDS if brand.name == template.get("brand")), None) or random.choice(BRANDS)
    customer = random.choice(CUSTOMERS[template.get("language", "en")])
    words = _words(random, brand, customer)
    said = [(Speaker(speaker), text.strip().format_map(words)) for speaker, text in template["conversation"]]
    if ending is Ending.FOLLOWED_UP:
        said = [*said, (Speaker.CUSTOMER, _AGAIN[template.get("language", "en")])]
    else:
        said = said[: _length(random, said, ending)]
    return Story(
        key=key,
        brand=brand,
        customer=customer,
        subject=random.choice(template["subjects"]).format_map(words),
        team=template["team"],
        turns=tuple(_spread(random, said, ending)),
        ending=ending,
        tags=tuple(template.get("tags", ())),
        priority=Priority(template.get("priority", random.choice(("normal",) * 6 + ("low", "high")))),
        type=template.get("type", "question"),
        by_mail=bool(template.get("photo") or template.get("pdf") or template.get("html") or random.random() < 0.7),
        html=bool(template.get("html")),
        photo=bool(template.get("photo")),
        pdf=bool(template.get("pdf")),
        words=words,
    )


def _words(random: Random, brand: ShopBrand, customer: Customer) -> dict[str, str]:
    product, amount = random.choice(brand.products)
    letters = "".join(word[0] for word in brand.name.split() if word[0].isalpha())
    return {
        "first": customer.first,
        "city": customer.city,
        "product": product,
        "amount": amount,
        "order": f"{letters}-{random.randrange(41_000, 58_000)}",
        "tracking": f"RX{random.randrange(10**8, 10**9)}EU",
    }


def _length(random: Random, said: Sequence[tuple[Speaker, str]], ending: Ending) -> int:
    """How many turns have been said for the story to end so: the customer's or the agent's word is the last."""
    after = {speaker: [number for number, (who, _) in enumerate(said, 1) if who is speaker] for speaker in Speaker}
    match ending:
        case Ending.NEW | Ending.UNASSIGNED:
            return 1
        case Ending.OPEN:
            return random.choice(after[Speaker.CUSTOMER][1:] or after[Speaker.CUSTOMER])
        case Ending.WAITING | Ending.SNOOZED | Ending.FORGOTTEN:
            return random.choice(after[Speaker.AGENT])
        case _:
            return len(said)


def _spread(random: Random, said: Sequence[tuple[Speaker, str]], ending: Ending) -> Iterator[Turn]:
    """The turns in time: the last one as long ago as the ending asks for, the others hours before each other."""
    _, least, most = _ENDINGS[ending]
    ago = least + (most - least) * random.random()
    turns: list[Turn] = []
    for speaker, text in reversed(said):
        turns.append(Turn(speaker, text, ago))
        ago += 25 * _MINUTE + 20 * _HOUR * random.random() ** 2
        if len(turns) == 1 and ending is Ending.FOLLOWED_UP:
            ago += 12 * _DAY
    return reversed(turns)


_AGAIN = {
    "en": "Hello again,\n\nI am afraid it has happened once more, just as before. Could you have another look?",
    "cs": "Dobrý den,\n\nbohužel se to stalo znovu. Můžete se na to prosím ještě jednou podívat?",
    "it": "Buongiorno,\n\npurtroppo è successo di nuovo. Potete dare un'altra occhiata?",
    "fi": "Hei taas,\n\nvalitettavasti sama toistui. Voisitteko katsoa asiaa uudelleen?",
}
