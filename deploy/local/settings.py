"""What the one-machine stack reads from its environment, and the files that follow from it."""

import sys
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr

from services.common.settings import Port, Settings


class LocalSettings(Settings):
    """Settings of the stack; each has a default, so that `duradesk up` needs none of them."""

    smtp_sink_port: Port | None = None
    lmtp_port: Port | None = None
    owner_email: str = "owner@localhost"
    owner_password: SecretStr | None = None
    smarthost: str = ""
    # With two, one that dies is not felt: the other goes on within seconds, while the first one starts again.
    workers: Annotated[int, Field(ge=1, le=16)] = 1

    @property
    def data(self) -> Path:
        """The absolute directory that holds everything the stack keeps."""
        return self.home.expanduser().absolute()

    @property
    def secrets(self) -> Path:
        """Where generated secrets live, readable by nobody else."""
        return self.data / "secrets"

    @property
    def run(self) -> Path:
        """Process ids, the lock and the status of a running stack."""
        return self.data / "run"

    @property
    def log(self) -> Path:
        """One log file for each process."""
        return self.data / "log"

    @property
    def sink_port(self) -> int:
        """Where the mailbox for outgoing mail listens: beside the inbound port, so a second stack sets no more."""
        return self.smtp_sink_port or self.smtp_port + 1

    @property
    def embeds_postgres(self) -> bool:
        """Whether no other database was named."""
        return not self.database_url

    @property
    def embeds_temporal(self) -> bool:
        """Whether no other Temporal server was named."""
        return "temporal_address" not in self.model_fields_set

    @property
    def embeds_sink(self) -> bool:
        """Whether no mail server for outgoing mail was named."""
        return not self.smarthost

    @property
    def url(self) -> str:
        """Where a browser finds the gateway."""
        return f"http://{self.listen}:{self.port}"


def executable(name: str) -> str:
    """The path of a program that was installed beside this Python."""
    return str(Path(sys.executable).parent / name)
