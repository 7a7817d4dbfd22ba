"""A Temporal server and a PostgreSQL that a test owns, so that it can take them away under a running stack."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from deploy.local.temporal import DYNAMIC_CONFIG, PRAGMAS
from tests.stack import BIN, free_ports, wait_for


class TemporalServer:
    """A Temporal server with a file database in `folder`, as durable as that of `make up`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port, self._http, self._metrics = free_ports(3)
        self._process: subprocess.Popen[bytes] | None = None
        self.address = f"127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start it on the same port as before and wait until it answers."""
        self._folder.mkdir(exist_ok=True)
        command: list[str | Path] = [
            BIN / "temporal",
            "server",
            "start-dev",
            "--ip",
            "127.0.0.1",
            "--headless",
            "--log-level",
            "never",
        ]
        command += ["--port", str(self._port), "--http-port", str(self._http), "--metrics-port", str(self._metrics)]
        command += ["--db-filename", self._folder / "temporal.db"]
        command += [word for pragma in PRAGMAS for word in ("--sqlite-pragma", pragma)]
        command += [word for value in DYNAMIC_CONFIG for word in ("--dynamic-config-value", value)]
        wait_for(lambda: self._runs(command) and self._answers(), what="Temporal")

    def stop(self) -> None:
        """Kill it; what it has not written is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def delete_database(self) -> None:
        """Lose all that Temporal ever knew."""
        shutil.rmtree(self._folder)

    def _runs(self, command: Sequence[str | Path]) -> bool:
        """As `make up` sees to it: Temporal ends when somebody else takes a port that it has chosen."""
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return True

    def _answers(self) -> bool:
        command: list[str | Path] = [BIN / "temporal", "operator", "cluster", "health", "--address", self.address]
        return subprocess.run(command, capture_output=True).returncode == 0
