"""How many tickets may be signalled and undecided at once."""

import math
import time
from collections.abc import Callable

# Those that have begun share the workers, PostgreSQL and Temporal with an urgent one that comes.
_DECIDED_WITHIN_SECONDS = 0.3
_MEMORY_SECONDS = 2.0
_LEAST, _MOST = 8, 100


class Window:
    """As many as are decided within 0.3 s, and at least 8.

    More would not be decided sooner, and what is urgent would wait for them. While many wait, a relay claims as many as
    have been decided, so what it claimed in the last seconds says how fast that is: on two processors some 25 a second,
    on a cluster hundreds.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counted_at = clock()
        self._per_second = 0.0

    @property
    def size(self) -> int:
        """In tickets."""
        return min(max(round(self._per_second * _DECIDED_WITHIN_SECONDS), _LEAST), _MOST)

    def claimed(self, tickets: int) -> None:
        """Count what a claim brought."""
        now = self._clock()
        self._per_second *= math.exp((self._counted_at - now) / _MEMORY_SECONDS)
        self._per_second += tickets / _MEMORY_SECONDS
        self._counted_at = now
