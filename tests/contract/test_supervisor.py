"""The supervisor with small real processes."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from deploy.local.keeper import BackOff
from deploy.local.logs import LogFile
from deploy.local.process import ProcessSpec
from deploy.local.supervisor import Supervisor, read_status
from services.domain.errors import Unavailable

STAYS = "echo up; exec sleep 600"
# A shell that is about to `wait` when a signal comes would sleep on; one between short sleeps always hears it.
NAPS = "echo up; while :; do sleep 0.05; done"
STUBBORN = "trap '' TERM; sleep 600 & echo child $!; echo up; while :; do sleep 600 & wait $!; done"


def make_spec(name: str = "one", script: str = STAYS, **overrides: Any) -> ProcessSpec:
    values: dict[str, Any] = {
        "name": name,
        "command": ("sh", "-c", script),
        "environment": {"PATH": os.environ["PATH"]},
        "ready_event": "up",
    }
    return ProcessSpec(**(values | overrides))


@pytest.fixture
async def supervisor(tmp_path: Path) -> AsyncIterator[Supervisor]:
    made = Supervisor(run=tmp_path, log=tmp_path, back_off=BackOff(first=0.05, longest=0.2), echo=False)
    yield made
    await made.stop()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - what it waits for happens in other processes
            await asyncio.sleep(0.01)


def pid_of(tmp_path: Path, name: str = "one") -> int:
    return int((tmp_path / f"{name}.pid").read_text())


async def test_dead_process_is_started_again_later_and_later(supervisor: Supervisor, tmp_path: Path) -> None:
    log = tmp_path / "one.log"

    await supervisor.start([make_spec(script="echo up; exit 3")], within_seconds=60)
    await until(lambda: log.read_text().count("starts again") >= 4)

    assert re.findall("starts again in (.*) s", log.read_text())[:4] == ["0.05", "0.1", "0.2", "0.2"]
    assert "ended by itself (exit code 3)" in log.read_text()


async def test_killed_process_is_back_with_another_id_and_counted(supervisor: Supervisor, tmp_path: Path) -> None:
    await supervisor.start([make_spec()], within_seconds=60)
    first = pid_of(tmp_path)

    os.kill(first, signal.SIGKILL)
    await until(lambda: supervisor.statuses[0].restarts == 1 and supervisor.statuses[0].ready)

    [status] = read_status(tmp_path)
    assert status.pid == pid_of(tmp_path) != first
    assert status.restarts == 1
    assert "ended by itself (signal 9)" in (tmp_path / "one.log").read_text()


async def test_program_that_cannot_be_started_is_tried_again(supervisor: Supervisor, tmp_path: Path) -> None:
    program = tmp_path / "program"
    starting = asyncio.create_task(supervisor.start([make_spec(command=(str(program),))], within_seconds=20))
    await until(lambda: (tmp_path / "one.log").exists())

    part = tmp_path / "part"
    part.write_text(f"#!/bin/sh\n{STAYS}\n")
    part.chmod(0o700)
    part.rename(program)

    await starting


async def test_start_that_takes_too_long_names_the_processes(supervisor: Supervisor) -> None:
    specs = [make_spec(), make_spec("slow", "exec sleep 600"), make_spec("dies", "exit 1")]
    with pytest.raises(Unavailable, match=r"Not ready within 1 s: slow, dies\."):
        await supervisor.start(specs, within_seconds=1)


async def test_ready_is_what_the_probe_says(supervisor: Supervisor) -> None:
    answers = iter([False, False, True])

    async def probe() -> bool:
        return next(answers)

    await supervisor.start([make_spec(probe=probe)], within_seconds=60)

    assert next(answers, "none left") == "none left"


async def test_higher_layers_end_before_lower_ones(supervisor: Supervisor, tmp_path: Path) -> None:
    ends = tmp_path / "ends"

    def spec(name: str, layer: int) -> ProcessSpec:
        script = f"trap 'echo {name} >> {ends}; exit' TERM; {NAPS}"
        return make_spec(name, script, layer=layer)

    await supervisor.start([spec("database", 0), spec("service", 1), spec("door", 2)], within_seconds=60)
    await supervisor.stop()

    assert ends.read_text().split() == ["door", "service", "database"]
    assert not read_status(tmp_path)


async def test_process_that_will_not_end_is_killed_with_its_children(supervisor: Supervisor, tmp_path: Path) -> None:
    await supervisor.start([make_spec(script=STUBBORN, grace_seconds=0.3)], within_seconds=60)
    log = (tmp_path / "one.log").read_text()
    processes = [psutil.Process(pid_of(tmp_path)), psutil.Process(int(re.findall(r"child (\d+)", log)[0]))]

    await supervisor.stop()

    await until(lambda: not any(map(is_alive, processes)))
    assert "does not end within 0.3 s: killed" in (tmp_path / "one.log").read_text()


async def test_stop_ends_a_process_that_waits_for_its_restart(tmp_path: Path) -> None:
    supervisor = Supervisor(run=tmp_path, log=tmp_path, back_off=BackOff(first=600), echo=False)
    await supervisor.start([make_spec(script="echo up; exit 1")], within_seconds=60)
    await until(lambda: "starts again" in (tmp_path / "one.log").read_text())

    async with asyncio.timeout(20):
        await supervisor.stop()


# No INT: a shell cannot catch what was ignored when it began, as INT is in whatever runs behind another command.
POLITE = "trap 'echo ended > {directory}/ended; exit' USR1; " + NAPS

SUPERVISOR_PROGRAM = """
import asyncio, signal, sys
from pathlib import Path
from deploy.local.supervisor import Supervisor
from tests.contract.test_supervisor import POLITE, STUBBORN, make_spec

async def main(directory: Path) -> None:
    supervisor = Supervisor(run=directory, log=directory, echo=False)
    await supervisor.start([
        make_spec("stubborn", STUBBORN),
        make_spec("polite", POLITE.format(directory=directory), death_signal=signal.SIGUSR1),
    ], within_seconds=60)
    print("started", flush=True)
    await asyncio.Event().wait()

asyncio.run(main(Path(sys.argv[1])))
"""


async def test_killed_supervisor_leaves_no_process(tmp_path: Path) -> None:
    supervisor = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SUPERVISOR_PROGRAM, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert supervisor.stdout is not None
    assert await supervisor.stdout.readline() == b"started\n"
    processes = [psutil.Process(pid_of(tmp_path, name)) for name in ("stubborn", "polite")]

    supervisor.kill()
    await supervisor.wait()

    await until(lambda: not any(map(is_alive, processes)))
    assert (tmp_path / "ended").read_text() == "ended\n"


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_full_log_makes_room_for_the_next_line(tmp_path: Path) -> None:
    log = LogFile(tmp_path, "one", largest_bytes=10, echo=False)
    for line in ("first line", "second line", "third line"):
        log.write(line)

    assert (tmp_path / "one.log").read_text() == "third line\n"
    assert (tmp_path / "one.log.1").read_text() == "second line\n"
