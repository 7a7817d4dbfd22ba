"""How parents and children settle each other."""

from dataclasses import dataclass
from enum import StrEnum


class DownPolicy(StrEnum):
    """What settling the parent does to its children: settles them, is refused while one is open, or nothing."""

    CASCADE = "cascade"
    BLOCK = "block"
    INDEPENDENT = "independent"


class UpPolicy(StrEnum):
    """What settling the last open child does to the parent: settles it, or has its assignee told."""

    SETTLE = "settle"
    NOTIFY = "notify"


@dataclass(frozen=True, slots=True)
class FamilyPolicy:
    """What a parent has of its own; None is as its brand has it."""

    down: DownPolicy | None = None
    up: UpPolicy | None = None


@dataclass(frozen=True, slots=True)
class Children:
    """How many children a ticket has, and how many of them are neither resolved nor closed."""

    total: int = 0
    open: int = 0


NO_CHILDREN = Children()
