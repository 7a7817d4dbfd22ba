"""The processes around Temporal: patient while other parts are away, and clean at their end."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

ROOT = Path(__file__).parents[2]
Launch = Callable[..., Coroutine[Any, Any, Process]]
# Nothing listens on these: the lowest ports are nobody's here.
AWAY = "127.0.0.1:1"


@pytest.fixture
async def launch(real_server: WorkflowEnvironment) -> AsyncIterator[Launch]:
    """Starts `python -m workflows …` with the tickets service away."""
    started: list[Process] = []

    async def start(*words: str, temporal: str = real_server.client.service_client.config.target_host) -> Process:
        told = {
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "generated")]),
            "DURADESK_PRINCIPAL_KEY": "k" * 32,
            "DURADESK_TEMPORAL_ADDRESS": temporal,
            "DURADESK_TICKETS_ADDRESS": AWAY,
            "DURADESK_LOG_FORMAT": "json",
        }
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "workflows", *words), cwd=ROOT, env=os.environ | told, stderr=PIPE
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def line_with(process: Process, word: str) -> None:
    assert process.stderr is not None
    async with asyncio.timeout(30):
        while word not in (await process.stderr.readline()).decode():
            assert not process.stderr.at_eof(), f"ended without saying {word}"


@pytest.mark.parametrize("role", ["relay", "worker", "reconcile"])
async def test_a_process_says_that_it_is_ready_and_ends_cleanly(launch: Launch, role: str) -> None:
    process = await launch(role)
    await line_with(process, f"{role}.ready")
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(30):
        assert await process.wait() == 0


async def test_a_process_waits_for_temporal_and_can_be_ended_meanwhile(launch: Launch) -> None:
    process = await launch("worker", temporal=AWAY)
    await line_with(process, "outage.began")
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(30):
        assert await process.wait() == 0


async def test_a_comparison_that_cannot_be_made_ends_with_an_error(launch: Launch) -> None:
    process = await launch("reconcile", "--once")
    await line_with(process, "process.failed")
    async with asyncio.timeout(30):
        assert await process.wait() == 1
