"""Temporal for tests. This file alone knows which server is which, and how time is skipped."""

import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from tests.workflow.env import Env
from workflows.search_attributes import KEYS, register_search_attributes

_EXIT_STATUS = pytest.StashKey[int]()

Skip = Callable[[timedelta], Awaitable[None]]


def binary(name: str) -> str:
    """A server that came as a package, next to the interpreter."""
    return str(Path(sys.executable).with_name(name))


@pytest.fixture(scope="session")
async def real_server() -> AsyncIterator[WorkflowEnvironment]:
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=binary("temporal"),
        dev_server_log_level="error",
        dev_server_startup_timeout=timedelta(seconds=30),
    ) as server:
        await register_search_attributes(server.client)
        yield server


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    session.config.stash[_EXIT_STATUS] = exitstatus


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """The Temporal SDK's threads may abort the interpreter at its end, with exit code 134: leave without that."""
    if _EXIT_STATUS in config.stash:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(config.stash[_EXIT_STATUS])


@asynccontextmanager
async def skipping_environment() -> AsyncIterator[WorkflowEnvironment]:
    """A server of its own, whose time is skipped."""
    async with await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=binary("temporal-test-server"),
        test_server_startup_timeout=timedelta(seconds=30),
        identity="test",
    ) as server:
        # This server cannot list them, as our own registration does first.
        kinds: Any = {key.name: int(key.indexed_value_type) for key in KEYS}
        request = AddSearchAttributesRequest(namespace=server.client.namespace, search_attributes=kinds)
        await server.client.operator_service.add_search_attributes(request)
        yield server


@pytest.fixture(scope="session")
async def skipping_server() -> AsyncIterator[WorkflowEnvironment]:
    async with skipping_environment() as server:
        yield server


@pytest.fixture
async def client(real_server: WorkflowEnvironment) -> Client:
    return real_server.client


@pytest.fixture
async def idle_env(client: Client) -> Env:
    """A desk on the real server, without workers yet."""

    async def now() -> datetime:
        return datetime.now(UTC)

    return Env(client, now=now)


@pytest.fixture
async def env(idle_env: Env) -> AsyncIterator[Env]:
    """A desk with workers on the real server: for what Temporal really does."""
    async with idle_env.working():
        yield idle_env


@pytest.fixture
async def idle_months(skipping_server: WorkflowEnvironment) -> tuple[Env, Skip]:
    """A desk on a server whose time is skipped, without workers yet, and the way to skip it."""
    return Env(skipping_server.client, now=skipping_server.get_current_time), skipping_server.sleep


@pytest.fixture
async def months(idle_months: tuple[Env, Skip]) -> AsyncIterator[tuple[Env, Skip]]:
    """The same with workers: for what happens over months."""
    async with idle_months[0].working():
        yield idle_months
