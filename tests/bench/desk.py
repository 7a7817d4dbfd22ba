"""A stack for measurements: its own home and ports, what its processes use, its database, processes beside it."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg
from psycopg.rows import dict_row

from tests.stack import Stack, wait_for

# What carries a ticket to its decision; stopped, intake is alone.
OURS = ("relay", "worker", "reconcile")
ORCHESTRATION = (*OURS, "temporal")
WITHIN = 3_600.0
_EXPORT = re.compile(r"export (\w+)=(.*)")


class Desk:
    """A running stack and what is measured of it."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        exports = map(_EXPORT.fullmatch, stack.run("duradesk", "env").splitlines())
        self.environment = stack.environment | {
            match[1]: "".join(shlex.split(match[2])) for match in exports if match is not None
        }
        self.token = stack.token()
        self.api = httpx.Client(
            base_url=f"{stack.url}/api/v1", headers={"authorization": f"Bearer {self.token}"}, timeout=60
        )
        self._more: dict[str, subprocess.Popen[bytes]] = {}
        self._connection = self._connect()
        self._floors = ExitStack()

    def _connect(self) -> psycopg.Connection[dict[str, Any]]:
        options = "-c search_path=tickets,public"
        return psycopg.connect(self.database_url, options=options, autocommit=True, row_factory=dict_row)

    def restart(self) -> float:
        """Stop the stack and start it with its data; the seconds of the start."""
        self._connection.close()
        self.stack.stop()
        began = time.monotonic()
        self.stack.start()
        seconds = time.monotonic() - began
        self._connection = self._connect()
        return seconds

    @property
    def database_url(self) -> str:
        """Of the stack's PostgreSQL."""
        return self.environment["DURADESK_DATABASE_URL"]

    @property
    def grpc_address(self) -> str:
        """Of the tickets service."""
        return f"127.0.0.1:{self.stack.ports['GRPC_PORT']}"

    def rows(self, statement: str, **parameters: Any) -> list[dict[str, Any]]:
        """What a statement finds."""
        cursor = self._connection.execute(statement.encode(), parameters)
        return cursor.fetchall() if cursor.description else []

    def count(self, statement: str, **parameters: Any) -> int:
        """The one number that a statement answers."""
        (row,) = self.rows(statement, **parameters)
        return int(next(iter(row.values())))

    @property
    def undecided(self) -> int:
        """How many tickets wait for a decision."""
        return self.count("SELECT count(*) FROM tickets WHERE version > decided_seq")

    def wait_until_decided(self) -> None:
        """Until nothing waits for a decision or to be sent."""
        still = "SELECT count(*) FROM effects WHERE state IN ('ready', 'claimed', 'sending')"
        wait_for(lambda: not self.undecided, within=WITHIN, every=0.1, what="decisions")
        wait_for(lambda: not self.count(still), within=WITHIN, every=0.1, what="deliveries")

    def processes(self) -> dict[str, psutil.Process]:
        """Those of the stack and those beside it that run now, by name."""
        pids = {path.stem: int(path.read_text().split()[0]) for path in (self.stack.home / "run").glob("*.pid")}
        pids |= {name: process.pid for name, process in self._more.items()}
        found = {}
        for name, pid in {**pids, "client": os.getpid()}.items():
            try:
                found[name] = psutil.Process(pid)
            except psutil.NoSuchProcess:
                continue
        return found

    def cpu(self) -> dict[str, float]:
        """Seconds that each process has used so far, together with its children; of this one alone its own."""
        used = {}
        for name, root in self.processes().items():
            family = [root] if name == "client" else [root, *root.children(recursive=True)]
            used[name] = sum(_seconds(process, alone=name == "client") for process in family)
        return used

    @contextmanager
    def measured(self) -> Iterator[dict[str, float]]:
        """Yields what will, after the block, say how many seconds each process used inside it."""
        used: dict[str, float] = {}
        before = self.cpu()
        yield used
        used.update({name: seconds - before.get(name, 0.0) for name, seconds in self.cpu().items()})

    @contextmanager
    def frozen(self, *names: str) -> Iterator[None]:
        """Inside the block these processes stand still: nothing of theirs is lost, and nothing is done."""
        found = [process for name, process in self.processes().items() if name in names]
        for process in found:
            process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for process in found:
                process.send_signal(signal.SIGCONT)

    @contextmanager
    def beside(self, name: str, *words: str, ready: str) -> Iterator[str]:
        """A process of ours beside the stack; yields what follows the word `ready` in its output."""
        output = self.stack.home.parent / f"{name}.out"
        with output.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", *words], env=self.environment, stdout=file, stderr=subprocess.STDOUT
            )
        self._more[name] = process
        try:
            yield wait_for(lambda: _after(ready, output, process), within=60, what=f"{name} to be ready")
        finally:
            del self._more[name]
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    @cached_property
    def floor_address(self) -> str:
        """Where the floor of intake and lists answers from now on."""
        floor = self.beside("floor", "tests.bench.floor_rows", ready="floor.ready")
        return f"127.0.0.1:{self._floors.enter_context(floor)}"

    @cached_property
    def floor_port(self) -> int:
        """Where the floor of REST answers from now on."""
        floor = self.beside("floor-http", "tests.bench.floor_http", self.floor_address, ready="floor.ready")
        return int(self._floors.enter_context(floor))

    @cached_property
    def floor_notes(self) -> Path:
        """What the floor of orchestration, which works from now on, writes to."""
        notes = self.stack.home.parent / "notes"
        notes.touch()
        self.environment["BENCH_FLOOR"] = str(notes)
        self._floors.enter_context(self.beside("floor-worker", "tests.bench.floor_workflow", ready="floor.ready"))
        return notes

    @contextmanager
    def workers(self, count: int) -> Iterator[None]:
        """As many workers and relays as that, inside the block."""
        with ExitStack() as stack:
            for number in range(2, count + 1):
                for role in ("worker", "relay"):
                    name = f"{role}-{number}"
                    stack.enter_context(self.beside(name, "workflows", role, ready=f"{role}.ready"))
            yield

    def close(self) -> None:
        """End what runs beside the stack, and give back what this holds."""
        self._floors.close()
        self.api.close()
        self._connection.close()


def total(*parts: Mapping[str, float]) -> dict[str, float]:
    """CPU seconds of several stretches, by process."""
    names = {name for part in parts for name in part}
    return {name: sum(part.get(name, 0.0) for part in parts) for name in names}


def share(cpu: Mapping[str, float], *names: str) -> float:
    """CPU seconds of the processes whose names begin so."""
    return sum(seconds for name, seconds in cpu.items() if name.startswith(names))


def pss_megabytes(process: psutil.Process) -> float:
    """Memory of a process and its children, what they share with others counted in parts."""
    sizes = [_pss(each) for each in [process, *process.children(recursive=True)]]
    return sum(sizes) / 1024


def _pss(process: psutil.Process) -> int:
    try:
        lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def _seconds(process: psutil.Process, *, alone: bool) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    mine = float(times.user + times.system)
    return mine if alone else mine + float(times.children_user + times.children_system)


def _after(word: str, output: Path, process: subprocess.Popen[bytes]) -> str | None:
    said = output.read_text(errors="replace")
    assert process.poll() is None, said[-2000:]
    found = re.search(rf"{re.escape(word)}(.*)\n", said)
    return found[1].strip() or word if found else None
