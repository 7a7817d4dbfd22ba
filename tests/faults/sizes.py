"""How large the scenarios are: as in every run of the tests, as for `make faults`, or as for `make faults-all`."""

import os
from enum import StrEnum
from typing import TypeVar

T = TypeVar("T")


class Size(StrEnum):
    """The values of DURADESK_FAULTS."""

    EVERYDAY = "everyday"
    SHORT = "short"
    FULL = "full"


SIZE = Size(os.environ.get("DURADESK_FAULTS", Size.EVERYDAY))
FULL = SIZE is Size.FULL


def sized(*, everyday: T, short: T, full: T) -> T:
    """The one of this run."""
    return {Size.EVERYDAY: everyday, Size.SHORT: short, Size.FULL: full}[SIZE]
