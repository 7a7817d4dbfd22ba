"""What a run of the benchmarks says: rows as they come, one table of them, and the same as JSON."""

import json
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

_HEAD = f"{'WHAT':<58}{'COUNT':>8}{'FIGURE':>14}{'FLOOR':>10}{'RATIO':>8}  {'AIM':<9}  CPU SECONDS, MOST FIRST"


@dataclass(frozen=True, slots=True)
class Aim:
    """What a figure, or its ratio to the floor, should be at least or at most."""

    limit: float
    at_most: bool = True
    of_ratio: bool = True

    def __str__(self) -> str:
        return f"{'≤' if self.at_most else '≥'} {self.limit:g}{' x' if self.of_ratio else ''}"

    def holds(self, value: float) -> bool:
        """Whether the value is on the right side."""
        return value <= self.limit if self.at_most else value >= self.limit


@dataclass(frozen=True, slots=True)
class Row:
    """One figure, of `count` things, beside the same figure of its floor; `cpu` in seconds by process."""

    what: str
    count: int
    figure: float
    unit: str
    floor: float | None = None
    aim: Aim | None = None
    cpu: Mapping[str, float] = field(default_factory=dict)
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """The figure as a multiple of the floor's."""
        return self.figure / self.floor if self.floor else None

    @property
    def kept(self) -> bool | None:
        """Whether the aim is kept; None without one."""
        value = self.ratio if self.aim and self.aim.of_ratio else self.figure
        return None if self.aim is None or value is None else self.aim.holds(value)

    def __str__(self) -> str:
        figure = f"{_short(self.figure)} {self.unit}"
        floor = "" if self.floor is None else _short(self.floor)
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        aim = "" if self.aim is None else f"{self.aim} {'ok' if self.kept else 'no'}"
        used = sorted(self.cpu.items(), key=lambda item: -item[1])
        told = ", ".join(f"{name} {seconds:.2f}" for name, seconds in used if seconds >= 0.005)
        line = f"{self.what:<58}{self.count:>8}{figure:>14}{floor:>10}{ratio:>8}  {aim:<9}  {told}"
        return f"{line}\n{'':>6}{self.note}" if self.note else line


class Report:
    """The rows of a run, printed when they are added and kept in `path` as JSON."""

    def __init__(self, path: Path, *, size: str) -> None:
        self.rows: list[Row] = []
        self.path = path
        self._about = {
            "size": size,
            "began_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": f"{_processor()}, {os.cpu_count()} processors, {platform.system()} {platform.release()}",
            "load_before": os.getloadavg()[0],
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        print(f"{self._about['machine']}, load {self._about['load_before']:.1f}\n{_HEAD}", flush=True)

    def add(self, row: Row) -> None:
        """Print the row and keep it."""
        self.rows.append(row)
        print(row, flush=True)
        told = [asdict(each) | {"ratio": each.ratio, "kept": each.kept} for each in self.rows]
        about = self._about | {"load_after": os.getloadavg()[0]}
        self.path.write_text(json.dumps(about | {"rows": told}, indent=1, ensure_ascii=False) + "\n")


def quantile(values: Sequence[float], share: float) -> float:
    """The value that this share of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def spread(values: Sequence[float], *, unit: str = "ms", scale: float = 1000) -> str:
    """Half, 99 % and the longest, in words."""
    middle, most = statistics.median(values) * scale, max(values) * scale
    return f"p50 {_short(middle)}, p99 {_short(quantile(values, 0.99) * scale)}, max {_short(most)} {unit}"


def milliseconds(cpu: Mapping[str, float], count: int) -> float:
    """CPU for each of `count` things, of all processes but the client that asked for them."""
    return 1000 * sum(seconds for name, seconds in cpu.items() if name != "client") / max(count, 1)


def each(cpu: Mapping[str, float], count: int) -> str:
    """The same in words."""
    return f"{milliseconds(cpu, count):.1f} ms CPU each"


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
