"""TicketService over a real channel on a database of the test's own."""

from collections.abc import AsyncIterator

import pytest

from tests.conftest import DatabaseUrl
from tests.contract.tickets.desk import Desk, running_desk


@pytest.fixture
async def desk(database_url: DatabaseUrl) -> AsyncIterator[Desk]:
    async with running_desk(await database_url("tickets")) as desk:
        yield desk
