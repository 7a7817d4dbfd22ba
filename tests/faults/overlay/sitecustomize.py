"""Makes clocks wrong: Python reads this before all else in processes whose PYTHONPATH begins with its directory.

What the file `clock` beside it says is added to the clock of the machine, in seconds, from then on. The clock that only
counts seconds is left alone, as it is when somebody sets a machine's time.
"""

import datetime as dates
import sys
import time
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any, Self

_CLOCK = Path(__file__).with_name("clock")
_seconds = time.time


def _error() -> float:
    try:
        return float(_CLOCK.read_text())
    except (OSError, ValueError):
        return 0.0


class _Kind(type):
    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, datetime)

    def __subclasscheck__(cls, kind: type) -> bool:
        return issubclass(kind, datetime)


class _Wrong(datetime, metaclass=_Kind):
    __slots__ = ()

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Any:
        return datetime.now(tz) + timedelta(seconds=_error())

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        return datetime(*args, **kwargs)  # type: ignore[return-value]  # noqa: DTZ001 - as the caller says


_Wrong.__name__, _Wrong.__qualname__, _Wrong.__module__ = "datetime", "datetime", "datetime"
dates.datetime = _Wrong  # type: ignore[misc]


def _time() -> float:
    # gRPC's deadlines are for its C part, whose clock stays right.
    of_grpc = str(sys._getframe(1).f_globals.get("__name__", "")).startswith("grpc.")
    return _seconds() if of_grpc else _seconds() + _error()


time.time = _time
