"""Calls that wait: a caller asks once for what may come, and is answered when it came or when the wait is over."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import TypeVar

from google.protobuf.duration_pb2 import Duration

from services.domain.errors import Invalid

# Well below what a call may take at most.
_LONGEST_WAIT = timedelta(seconds=30)

T = TypeVar("T")


def wait_of(duration: Duration) -> timedelta:
    """How long a caller wants to wait, at most 30 s; Invalid for what is no duration."""
    try:
        return max(timedelta(), min(duration.ToTimedelta(), _LONGEST_WAIT))
    except (ValueError, OverflowError):
        raise Invalid("The wait is not a duration.", violations={"wait": "is not a duration"}) from None


async def look_until(
    look: Callable[[], Awaitable[T]],
    *,
    wait: timedelta,
    every: float,
    gather: float = 0.0,
    next_change: Callable[[], asyncio.Event] = asyncio.Event,
) -> T:
    """What a look finds as soon as that is something; what the last one found when the wait is over.

    It looks after each change, whose event `next_change` gives before a look, and each `every` seconds: what happens in
    another process or by time alone may come without one. Changes of the `gather` seconds after a look share the next.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait.total_seconds()
    while True:
        looked_at, changed = loop.time(), next_change()
        found = await look()
        left = deadline - loop.time()
        if found or left <= 0:
            return found
        with suppress(TimeoutError):
            async with asyncio.timeout(min(left, every)):
                await changed.wait()
        await asyncio.sleep(looked_at + gather - loop.time())
