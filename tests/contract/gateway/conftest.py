"""The gateway over HTTP, before the real services; one stack for each module, so every test makes people of its own."""

from collections.abc import AsyncIterator

import pytest

from tests.doors import Doors, running_doors
from tests.postgres import Postgres


@pytest.fixture(scope="module")
async def doors(postgres: Postgres) -> AsyncIterator[Doors]:
    url = await postgres.clone(("identity", "routing", "tickets"))
    async with running_doors(url) as doors:
        yield doors
    await postgres.drop(url)
