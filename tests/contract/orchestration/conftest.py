"""A tickets service of which only OrchestrationService is served, over a real channel."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from tests.conftest import DatabaseUrl
from tests.contract.orchestration.desk import Desk, running_desk

OpenDesk = Callable[[], Awaitable[Desk]]


@pytest.fixture
async def url(database_url: DatabaseUrl) -> str:
    return await database_url("tickets")


@pytest.fixture
async def open_desk(url: str) -> AsyncIterator[OpenDesk]:
    """Every call starts another process's worth of service on the same database."""
    async with AsyncExitStack() as stack:

        async def open_one() -> Desk:
            return await stack.enter_async_context(running_desk(url))

        yield open_one


@pytest.fixture
async def desk(open_desk: OpenDesk) -> Desk:
    return await open_desk()
