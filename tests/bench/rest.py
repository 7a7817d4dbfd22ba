"""At rest: how long a start takes, what the processes hold in memory, and what they use when nothing happens."""

import subprocess
import sys
import time
from collections.abc import Mapping

import psutil

from tests.bench.desk import Desk, pss_megabytes
from tests.bench.report import Aim, Report, Row
from tests.bench.sizes import Size

_NOT_OURS = ("postgres", "temporal")


def measure(desk: Desk, report: Report, size: Size, *, started: float) -> None:
    """Of a stack that has just started, in `started` seconds; it is stopped and started once more."""
    floor = _seconds_to_import()
    report.add(Row("start, the first one", 1, started, "s", floor, note="floor: Python imports what our processes do"))
    if size.starts > 1:
        report.add(Row("start, with its data", 1, desk.restart(), "s", floor))
    _memory(desk, report)
    _idle(desk, report, size)


def _memory(desk: Desk, report: Report) -> None:
    held = {name: pss_megabytes(process) for name, process in desk.processes().items() if name != "client"}
    floor = _python_megabytes()
    ours = {name: size for name, size in held.items() if name not in _NOT_OURS}
    told = ", ".join(f"{name} {size:.0f}" for name, size in sorted(held.items(), key=lambda item: -item[1]))
    note = f"floor: Python with grpc and psycopg; in all {sum(held.values()):.0f} MB: {told}"
    mean = sum(ours.values()) / len(ours)
    report.add(Row("memory of one of our processes (PSS)", len(ours), mean, "MB", floor, note=note))


def _idle(desk: Desk, report: Report, size: Size) -> None:
    desk.wait_until_decided()
    time.sleep(size.settle_seconds)
    cpu = _at_rest(desk, size.rest_seconds)
    ours = [name for name in cpu if name not in _NOT_OURS]
    with desk.frozen(*ours):
        floor = _at_rest(desk, size.rest_seconds)
    report.add(
        Row(
            "idle, all processes (per cent of a core)",
            len(cpu),
            _per_cent(cpu, size),
            "%",
            _per_cent(floor, size) or None,
            aim=Aim(2.5, of_ratio=False),
            cpu=cpu,
            note="floor: PostgreSQL and Temporal, while none of our processes moves",
        )
    )


def _at_rest(desk: Desk, seconds: float) -> dict[str, float]:
    with desk.measured() as cpu:
        time.sleep(seconds)
    del cpu["client"]
    return cpu


def _per_cent(cpu: Mapping[str, float], size: Size) -> float:
    return 100 * sum(cpu.values()) / size.rest_seconds


def _seconds_to_import() -> float:
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", "import grpc, psycopg, temporalio, fastapi"], check=True)
    return time.monotonic() - began


def _python_megabytes() -> float:
    bare = "import grpc, psycopg, sys; print('ready', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", bare], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        size = pss_megabytes(psutil.Process(process.pid))
        process.communicate()
    return size
