"""One child process: how it is described, started, listened to and ended."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from deploy.local.logs import LogFile, split_lines
from deploy.local.probes import Probe

_PROBE_SECONDS = 0.1


async def nothing_to_prepare() -> None:
    """The default of `ProcessSpec.prepare`."""


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """What to run. `layer` orders the stop: a higher one ends first and has `grace_seconds` for it.

    Ready means: `probe` answers yes, or without one a line of the log contains `ready_event`.
    `death_signal` is what the kernel sends when the supervisor itself is killed. `listener` is open in the process
    under the same number, in each of its lives.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    probe: Probe | None = None
    ready_event: str = ""
    layer: int = 0
    grace_seconds: float = 3.0
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    user: tuple[int, int] | None = None
    prepare: Callable[[], Awaitable[None]] = nothing_to_prepare
    working_directory: Path | None = None
    listener: socket.socket | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """What a process writes, and the way to stop listening."""

    stream: asyncio.StreamReader
    transport: asyncio.ReadTransport

    def close(self) -> None:
        """Close our end of the pipe."""
        self.transport.close()


@dataclass(slots=True)
class Running:
    """One life of a process, from its start to its end."""

    spec: ProcessSpec
    process: asyncio.subprocess.Process
    output: Output
    started_at: datetime
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    ready_since: float | None = None  # of the monotonic clock

    @property
    def pid(self) -> int:
        """Its process id, which is its process group's id as well."""
        return self.process.pid

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process alone; one that is gone is fine."""
        if self.process.returncode is None:
            self.process.send_signal(number)

    def kill_group(self) -> None:
        """Kill the process and every child that it left in its group."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            return


async def start(spec: ProcessSpec) -> Running:
    """Start one process in a session of its own, so that Ctrl-C reaches the supervisor alone."""
    await spec.prepare()
    # A pipe of our own: with asyncio's, the end of a process is told only when its last child has closed it too.
    read_end, write_end = os.pipe()
    output = await _open_reader(read_end)
    try:
        process = await asyncio.create_subprocess_exec(
            *_wrapper(spec),
            *spec.command,
            env=dict(spec.environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=write_end,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            cwd=spec.working_directory,
            pass_fds=() if spec.listener is None else (spec.listener.fileno(),),
        )
    except OSError:
        output.close()
        raise
    finally:
        os.close(write_end)
    return Running(spec=spec, process=process, output=output, started_at=datetime.now(UTC))


async def _open_reader(descriptor: int) -> Output:
    loop, stream = asyncio.get_running_loop(), asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(stream)
    transport, _ = await loop.connect_read_pipe(lambda: protocol, os.fdopen(descriptor, "rb", buffering=0))
    return Output(stream, transport)


def _wrapper(spec: ProcessSpec) -> tuple[str, ...]:
    # setpriv becomes the program itself; nothing of ours has to run between fork and exec, where threads forbid it.
    user = () if spec.user is None else (f"--reuid={spec.user[0]}", f"--regid={spec.user[1]}", "--clear-groups")
    return ("setpriv", f"--pdeathsig={spec.death_signal.name}", *user, "--")


async def pump(running: Running, log: LogFile) -> None:
    """Copy the output to the log until it ends, and notice the line that says ready."""
    event = running.spec.ready_event
    async for lines in split_lines(running.output.stream):
        log.write(*lines)
        if event and not running.ready.is_set() and any(event in line for line in lines):
            running.ready.set()


async def watch_ready(running: Running) -> None:
    """Wait until the process is ready: its probe says yes or, without one, its log does."""
    probe = running.spec.probe
    while probe and not await probe():  # noqa: ASYNC110 - the answer is in another process
        await asyncio.sleep(_PROBE_SECONDS)
    if probe:
        running.ready.set()
    await running.ready.wait()
    running.ready_since = time.monotonic()
