"""The processes of one stack: started in waves, kept alive, told about, ended in order.

It knows nothing of what they do. The files below `run/` are for people and tests: `<name>.pid` and `status.json`.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from deploy.local.keeper import BackOff, Keeper, Status
from deploy.local.logs import LogFile
from deploy.local.process import ProcessSpec
from services.domain.errors import Unavailable


class Supervisor:
    """`start` is called once for each wave of processes, `stop` ends all of them."""

    def __init__(self, *, run: Path, log: Path, back_off: BackOff | None = None, echo: bool = True) -> None:
        self._run = run
        self._log = log
        self._back_off = back_off or BackOff()
        self._echo = echo
        self._keepers: list[Keeper] = []

    async def start(self, specs: Sequence[ProcessSpec], *, within_seconds: float) -> None:
        """Start the processes together and wait until all are ready; raises Unavailable naming those that are not."""
        keepers = [self._keeper(spec) for spec in specs]
        self._keepers += keepers
        for keeper in keepers:
            keeper.begin()
        try:
            async with asyncio.timeout(within_seconds):
                await asyncio.gather(*(keeper.first_ready.wait() for keeper in keepers))
        except TimeoutError:
            late = ", ".join(keeper.spec.name for keeper in keepers if not keeper.first_ready.is_set())
            raise Unavailable(
                f"Not ready within {within_seconds:.0f} s: {late}. See the logs in {self._log}."
            ) from None

    async def stop(self) -> None:
        """End all, the highest layer first; what does not end within its grace is killed."""
        for layer in sorted({keeper.spec.layer for keeper in self._keepers}, reverse=True):
            await asyncio.gather(*(keeper.end() for keeper in self._keepers if keeper.spec.layer == layer))
        for keeper in self._keepers:
            (self._run / f"{keeper.spec.name}.pid").unlink(missing_ok=True)
        _status_file(self._run).unlink(missing_ok=True)

    @property
    def statuses(self) -> list[Status]:
        """How each process is now, in the order of their start."""
        return [keeper.status for keeper in self._keepers]

    def _keeper(self, spec: ProcessSpec) -> Keeper:
        log = LogFile(self._log, spec.name, echo=self._echo)
        return Keeper(spec, log=log, back_off=self._back_off, changed=self._write_status)

    def _write_status(self) -> None:
        try:
            for status in self.statuses:
                if status.pid:
                    _replace(self._run / f"{status.name}.pid", f"{status.pid}\n")
            told = json.dumps([asdict(status) for status in self.statuses], default=datetime.isoformat)
            _replace(_status_file(self._run), told)
        except OSError:  # a full disk must not end the stack
            return


def read_status(run: Path) -> list[Status]:
    """What the supervisor of this directory last wrote down; empty when none runs."""
    try:
        rows = json.loads(_status_file(run).read_text())
    except FileNotFoundError:
        return []
    return [Status(**{**row, "started_at": _instant(row["started_at"])}) for row in rows]


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _status_file(run: Path) -> Path:
    return run / "status.json"


def _replace(file: Path, text: str) -> None:
    """Write it so that whoever reads it at the same moment has the text before or this one, never a half."""
    part = file.with_name(f"{file.name}.part")
    part.write_text(text)
    part.replace(file)
