"""Python reads this before all else in the processes of a stack whose PYTHONPATH begins here: it makes their clocks wrong.

What the file `clock` beside it says is added to the clock of the machine, in seconds, from then on. The clock that only
counts seconds is left alone, as it is when somebody sets a machine's time.
"""

import datetime
import time
from pathlib import Path
from typing import Any, Self

_CLOCK = Path(__file__).with_name("clock")
_Datetime, _seconds = datetime.datetime, time.time


def _error() -> float:
    try:
        return float(_CLOCK.read_text())
    except (OSError, ValueError):
        return 0.0


class _Kind(type):
    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, _Datetime)

    def __subclasscheck__(cls, kind: type) -> bool:
        return issubclass(kind, _Datetime)


class _Wrong(_Datetime, metaclass=_Kind):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> Any:
        return _Datetime.now(tz) + datetime.timedelta(seconds=_error())

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        made: Any = _Datetime(*args, **kwargs)
        return made


_Wrong.__name__, _Wrong.__qualname__, _Wrong.__module__ = "datetime", "datetime", "datetime"
datetime.datetime = _Wrong  # type: ignore[misc]
time.time = lambda: _seconds() + _error()
