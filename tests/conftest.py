"""One PostgreSQL for the session, one fresh database per test."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.postgres import Postgres, running_postgres

# How long an example takes is the machine's doing, and the same code is told the same examples: what fails once fails
# again. The full run tells others each time.
settings.register_profile(
    "duradesk",
    deadline=None,
    database=None,
    derandomize=os.environ.get("DURADESK_FAULTS") != "full",
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("duradesk")

DatabaseUrl = Callable[..., Awaitable[str]]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture
async def database_url(postgres: Postgres) -> AsyncIterator[DatabaseUrl]:
    """`await database_url("tickets")`: a database of this test's own with the named services migrated."""
    urls = []

    async def clone(*services: str) -> str:
        urls.append(await postgres.clone(services))
        return urls[-1]

    yield clone
    for url in urls:
        await postgres.drop(url)
