"""Makes clocks wrong: Python reads this before all else in processes whose PYTHONPATH begins with its directory.

What the file `clock` beside it says is added to the clock of the machine, in seconds, from then on. The clock that only
counts seconds is left alone, as it is when somebody sets a machine's time.
"""

import datetime
import time
from datetime import datetime as _Datetime
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
        return isinstance(value, _Datetime)

    def __subclasscheck__(cls, kind: type) -> bool:
        return issubclass(kind, _Datetime)


class _Wrong(_Datetime, metaclass=_Kind):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> Any:
        return _Datetime.now(tz) + datetime.timedelta(seconds=_error())

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        return _Datetime(*args, **kwargs)  # type: ignore[return-value]


_Wrong.__name__, _Wrong.__qualname__, _Wrong.__module__ = "datetime", "datetime", "datetime"
datetime.datetime = _Wrong  # type: ignore[misc]
time.time = lambda: _seconds() + _error()
