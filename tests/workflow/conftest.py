"""Temporal for tests. This file alone knows which server is which, and how time is skipped."""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from tests.workflow.env import Env
from workflows.search_attributes import KEYS, register_search_attributes

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


@pytest.fixture(scope="session")
async def skipping_server() -> AsyncIterator[WorkflowEnvironment]:
    async with await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=binary("temporal-test-server"), test_server_startup_timeout=timedelta(seconds=30)
    ) as server:
        # This server cannot list them, as our own registration does first.
        kinds: Any = {key.name: int(key.indexed_value_type) for key in KEYS}
        request = AddSearchAttributesRequest(namespace=server.client.namespace, search_attributes=kinds)
        await server.client.operator_service.add_search_attributes(request)
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
async def months(skipping_server: WorkflowEnvironment) -> AsyncIterator[tuple[Env, Skip]]:
    """A desk with workers on a server whose time is skipped, and the way to skip it: for what happens over months."""
    env = Env(skipping_server.client, now=skipping_server.get_current_time)
    async with env.working():
        yield env, skipping_server.sleep
