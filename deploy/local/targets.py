"""Where the processes of a stack tell their metrics: the file `run/prometheus.json`, for people and for Prometheus.

It has the form of `file_sd_configs`, so that a Prometheus that watches it follows each start of the stack.
"""

import json
import socket
from collections.abc import Mapping

from deploy.local.settings import LocalSettings


def write(settings: LocalSettings, listeners: Mapping[str, socket.socket | None]) -> None:
    """Note the processes by name, each with the socket that it tells its metrics on; without one, on the desk's own."""
    addresses = {
        name: f"127.0.0.1:{listener.getsockname()[1]}" if listener else f"{settings.listen}:{settings.port}"
        for name, listener in listeners.items()
    }
    rows = [{"targets": [address], "labels": {"process": name}} for name, address in addresses.items()]
    part = settings.run / "prometheus.json.part"
    part.write_text(json.dumps(rows, indent=1) + "\n")
    part.replace(settings.run / "prometheus.json")


def read(settings: LocalSettings) -> dict[str, str]:
    """Each process with its address, host:port; empty when no stack has started yet."""
    try:
        rows = json.loads((settings.run / "prometheus.json").read_text())
    except FileNotFoundError:
        return {}
    return {row["labels"]["process"]: row["targets"][0] for row in rows}
