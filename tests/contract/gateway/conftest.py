"""The gateway over HTTP, before the real services on a database of the test's own."""

from collections.abc import AsyncIterator

import pytest

from tests.contract.conftest import DatabaseUrl
from tests.doors import Doors, running_doors


@pytest.fixture
async def doors(database_url: DatabaseUrl) -> AsyncIterator[Doors]:
    async with running_doors(await database_url("identity", "routing", "tickets")) as doors:
        yield doors
