"""One PostgreSQL for the session, one fresh database per test; what all tests are run with."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, settings

from tests.postgres import Postgres, running_postgres
from tests.scheduling import ByStack, turn_of

# Other tests run beside: how long a step takes says nothing. In CI (see hypothesis's own profile "ci") the same stories
# are told each time, so that a change is judged by itself and not by luck.
settings.register_profile(
    "duradesk",
    settings(),
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("duradesk")

# What services in this process log. By itself structlog draws a traceback with all variables: seconds for one.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)

DatabaseUrl = Callable[..., Awaitable[str]]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByStack:
    config.option.loadscopereorder = False  # they are collected in their order
    return ByStack(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: turn_of(item.nodeid))


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
