"""Work that goes on for as long as a guard lets it."""

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import Any, NoReturn, TypeVar

T = TypeVar("T")


async def run_while(guard: Coroutine[Any, Any, NoReturn], work: Awaitable[T]) -> T:
    """What the work answers, unless the guard raises before; both have ended when this does."""
    tasks: tuple[asyncio.Future[Any], asyncio.Future[T]] = (asyncio.create_task(guard), asyncio.ensure_future(work))
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return await (tasks[1] if tasks[1] in done else tasks[0])
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
