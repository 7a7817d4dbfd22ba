"""Keeps one process alive: starts it, waits for its end, starts it again later and later, and ends it when told."""

import asyncio
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from deploy.local.logs import LogFile
from deploy.local.process import ProcessSpec, Running, pump, start, watch_ready
from services.domain.errors import DuradeskError

# A grandchild may hold the log pipe open after its parent's end; its last lines are not worth a longer wait.
_LAST_LINES_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class BackOff:
    """How long a dead process waits for its next start, in seconds: doubling, anew after a healthy time.

    One that was killed from outside has done nothing wrong: it is back at once, even if that came while it started.
    """

    first: float = 0.5
    longest: float = 10.0
    healthy: float = 5.0

    def after(self, previous: float, *, lived: float, killed: bool = False) -> float:
        """The wait that follows `previous` (0 for none) when the process was ready for `lived` seconds."""
        if killed or lived >= self.healthy or not previous:
            return self.first
        return min(previous * 2, self.longest)


@dataclass(frozen=True, slots=True)
class End:
    """How a process ended: after how many seconds of being ready, and whether somebody killed it."""

    lived: float
    killed: bool


@dataclass(frozen=True, slots=True)
class Status:
    """How a process is: `started_at` is of its present life, None while it waits for its next one."""

    name: str
    pid: int | None
    started_at: datetime | None
    restarts: int
    ready: bool


class Keeper:
    """One process through all its lives. `changed` is called whenever its status has changed."""

    def __init__(self, spec: ProcessSpec, *, log: LogFile, back_off: BackOff, changed: Callable[[], None]) -> None:
        self.spec = spec
        self.first_ready = asyncio.Event()
        self._log = log
        self._back_off = back_off
        self._changed = changed
        self._running: Running | None = None
        self._starts = 0
        self._ending = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def status(self) -> Status:
        """How the process is now."""
        running = self._running
        return Status(
            name=self.spec.name,
            pid=running.pid if running else None,
            started_at=running.started_at if running else None,
            restarts=max(0, self._starts - 1),
            ready=bool(running and running.ready.is_set()),
        )

    def begin(self) -> None:
        """Start keeping it."""
        self._task = asyncio.create_task(self._keep(), name=f"keep {self.spec.name}")

    async def end(self) -> None:
        """Stop it, and kill it and its children when its grace is over."""
        self._ending.set()
        if self._task is None:
            return
        if self._running:
            self._running.send(self.spec.stop_signal)
        done, _ = await asyncio.wait([self._task], timeout=self.spec.grace_seconds)
        if done:
            return
        if self._running:
            self._log.write(f"does not end within {self.spec.grace_seconds:g} s: killed")
            self._running.kill_group()
        else:
            self._task.cancel()
        await asyncio.wait([self._task])

    async def _keep(self) -> None:
        wait = 0.0
        while not self._ending.is_set():
            end = await self._live()
            if self._ending.is_set():
                return
            wait = self._back_off.after(wait, lived=end.lived, killed=end.killed)
            self._log.write(f"starts again in {wait:g} s")
            await self._pause(wait)

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._ending.wait()
        except TimeoutError:
            return

    async def _live(self) -> End:
        """Live once."""
        self._starts += 1
        try:
            running = await start(self.spec)
        except (OSError, subprocess.SubprocessError, DuradeskError) as error:
            self._log.write(f"cannot start: {error}")
            return End(lived=0.0, killed=False)
        self._running = running
        self._changed()
        if self._ending.is_set():  # told to end while it started
            running.send(self.spec.stop_signal)
        end = await self._follow(running)
        self._running = None
        self._changed()
        return end

    async def _follow(self, running: Running) -> End:
        output = asyncio.create_task(pump(running, self._log))
        watcher = asyncio.create_task(self._announce(running))
        code = await running.process.wait()
        running.kill_group()
        watcher.cancel()
        await asyncio.wait([output], timeout=_LAST_LINES_SECONDS)
        output.cancel()
        await asyncio.gather(output, watcher, return_exceptions=True)
        running.output.close()
        if not self._ending.is_set():
            self._log.write(f"ended by itself ({_ending_of(code)})")
        lived = time.monotonic() - running.ready_since if running.ready_since else 0.0
        return End(lived, killed=code == -signal.SIGKILL)

    async def _announce(self, running: Running) -> None:
        await watch_ready(running)
        self.first_ready.set()
        self._changed()


def _ending_of(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
