"""What the judge says of one scenario: a line, and the same as JSON beside the run's other ones."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from shutil import copyfile
from typing import Any

from tests.bench.report import quantile
from tests.faults.sizes import SIZE, Size

REPORTS = Path("reports/faults")
# The most that may wait for each processor, on average over a minute, for lateness to be that of the desk.
# `make faults` alone, with its three desks at once, comes to 11.
CROWDED = 12.0


def _load() -> float:
    return round(os.getloadavg()[0] / (os.cpu_count() or 1), 1)


@dataclass(frozen=True)
class Verdict:
    """What became of what was done.

    `lateness` are seconds of whatever the scenario is about, `promised` is the most that they may be; `in_doubt` are
    mails cut off where nobody can know whether they arrived, `hands` is how often somebody had to help. `shown_by` is
    the metric that tells an operator, and `showed` what it said while it was looked at. `load` is how many processes
    there were for each processor of the machine at the end.
    """

    scenario: str
    injected: int
    acknowledged: int
    lost: int
    doubled: int
    _: KW_ONLY
    shown_by: str
    early: int = 0
    lateness: Sequence[float] = ()
    promised: float | None = None
    in_doubt: int = 0
    hands: int = 0
    showed: float | None = None
    note: str = ""
    load: float = field(default_factory=_load)

    @property
    def timed(self) -> bool:
        """Whether time says anything: not beside all other tests, nor on a machine that others keep busy."""
        return SIZE is not Size.EVERYDAY and self.load <= CROWDED

    @property
    def kept(self) -> bool:
        """Whether everything came out as promised."""
        timely = not self.timed or self.promised is None or max(self.lateness, default=0) <= self.promised
        return timely and not (self.lost or self.doubled or self.early or self.hands)

    @property
    def late(self) -> str:
        """Half, 99 % and the longest, in words."""
        if not self.lateness:
            return "-"
        p50, p99 = (quantile(self.lateness, share) for share in (0.5, 0.99))
        promised = (
            "" if self.promised is None else f", promised {self.promised:g}{'' if self.timed else ' (not judged)'}"
        )
        return f"p50 {p50:.1f} p99 {p99:.1f} max {max(self.lateness):.1f} s{promised}"

    def __str__(self) -> str:
        counts = (f"{name} {getattr(self, name)}" for name in ("injected", "acknowledged", "lost", "doubled", "early"))
        shown = self.shown_by if self.showed is None else f"{self.shown_by} said {self.showed:g}"
        told = [*counts, f"late {self.late}", f"in doubt {self.in_doubt}", f"hands {self.hands}", shown]
        told.append(f"load {self.load:g}")
        line = f"{'ok' if self.kept else 'NO'} {self.scenario}: {', '.join(told)}"
        return f"{line}; {self.note}" if self.note else line


VERDICTS: list[Verdict] = []


def pronounce(verdict: Verdict, *, log: Path | None = None) -> None:
    """Have the verdict told at the end of the run, keep the client's log, and fail when a promise was not kept."""
    VERDICTS.append(verdict)
    if log is not None and SIZE is not Size.EVERYDAY:
        REPORTS.mkdir(parents=True, exist_ok=True)
        copyfile(log, REPORTS / f"{datetime.now(UTC):%Y%m%d-%H%M%S} {verdict.scenario}.jsonl")
    assert verdict.kept, str(verdict)


def packed(verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    """As plain values, to be sent to another process."""
    return [asdict(verdict) | {"lateness": list(verdict.lateness)} for verdict in verdicts]


def unpacked(rows: Sequence[Mapping[str, Any]]) -> list[Verdict]:
    """What another process has packed."""
    return [Verdict(**row) for row in rows]


def keep(verdicts: Sequence[Verdict], broken: Sequence[str]) -> Path:
    """Write them down, with what came to no verdict, in a new file of the reports and answer which."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC)
    path = REPORTS / f"{now:%Y%m%d-%H%M%S}-{SIZE}.json"
    about = {"size": SIZE, "ended_at": now.isoformat(timespec="seconds"), "processors": os.cpu_count()}
    told = [row | {"kept": verdict.kept} for row, verdict in zip(packed(verdicts), verdicts, strict=True)]
    path.write_text(json.dumps(about | {"verdicts": told, "broken": list(broken)}, indent=1, ensure_ascii=False) + "\n")
    return path
