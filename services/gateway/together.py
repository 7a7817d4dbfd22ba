"""What a page asks for at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.domain.errors import DuradeskError


@asynccontextmanager
async def together() -> AsyncIterator[asyncio.TaskGroup]:
    """A group of tasks that fails as one call would: with the first refusal, and not with a group of them."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except ExceptionGroup as failed:
        refused, others = failed.split(DuradeskError)
        if refused is None or others is not None:
            raise
        raise _first(refused) from None


def _first(failed: ExceptionGroup[DuradeskError]) -> DuradeskError:
    first = failed.exceptions[0]
    return _first(first) if isinstance(first, ExceptionGroup) else first
