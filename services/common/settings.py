"""What the environment may say to every process: one class, one prefix, one sentence for a wrong value.

A process builds its settings once in `__main__` and hands them on as an argument; nothing else reads the environment.
"""

from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

PREFIX = "DURADESK_"

Port = Annotated[int, Field(ge=1, le=65535)]
Address = Annotated[str, Field(pattern=r"^\S+:\d+$")]


def _own(port: str, offset: int = 0) -> Any:
    """A default address on this machine, derived from the port setting of that name."""
    return Field(default_factory=lambda values: f"127.0.0.1:{values[port] + offset}")


class Settings(BaseSettings):
    """The settings that all processes share; a service subclasses it with its own."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True)

    home: Path = Path(".duradesk")
    listen: str = "127.0.0.1"
    port: Port = 8080
    # Tickets listens here, routing on the next port, identity on the one after.
    grpc_port: Annotated[int, Field(ge=1, le=65533)] = 50051
    temporal_port: Port = 7233
    temporal_ui_port: Port = 8233
    smtp_port: Port = 2525
    # What customers reach us by: links in mails begin with it, whatever a request says its host is.
    public_url: str = Field(
        default_factory=lambda values: f"http://127.0.0.1:{values['port']}", pattern=r"^https?://\S+$"
    )
    temporal_address: Address = _own("temporal_port")
    temporal_namespace: str = "default"
    # A cluster that asks for TLS: its certificate authority, and our certificate with its key where it asks for one.
    temporal_tls_ca: Path | None = None
    temporal_tls_certificate: Path | None = None
    temporal_tls_key: Path | None = None
    database_url: str = Field(default="", repr=False)
    tickets_address: Address = _own("grpc_port")
    routing_address: Address = _own("grpc_port", 1)
    identity_address: Address = _own("grpc_port", 2)
    # Where attachments are kept: file:///a/directory, s3://bucket/prefix, …; by default a directory under `home`.
    object_store: Annotated[str, Field(pattern=r"^[a-z0-9]+://.+|^$")] = ""
    principal_key: SecretStr = SecretStr("")
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    tls_ca: Path | None = None
    # Off in production: it tells anybody who reaches the port what there is to call.
    reflection: bool = True
    # Where a process tells its metrics: a port of the address `listen`, or a socket that its parent has opened for it.
    metrics_port: Port | None = None
    metrics_fd: int | None = None
    # The standard variables of OpenTelemetry: traces are off while there is none.
    otlp_endpoint: str = Field(default="", validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")
    otlp_traces_endpoint: str = Field(default="", validation_alias="OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    otel_sdk_disabled: bool = Field(default=False, validation_alias="OTEL_SDK_DISABLED")
    log_format: Literal["console", "json"] = "console"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @model_validator(mode="after")
    def _certificate_with_key(self) -> Self:
        for name in ("tls", "temporal_tls"):
            if (getattr(self, f"{name}_certificate") is None) != (getattr(self, f"{name}_key") is None):
                name = f"{PREFIX}{name.upper()}"
                raise ValueError(f"{name}_CERTIFICATE and {name}_KEY must be set together")
        return self

    @property
    def tells_metrics(self) -> bool:
        """Whether the process was told where."""
        return self.metrics_port is not None or self.metrics_fd is not None

    @property
    def traces_to(self) -> str:
        """The collector that spans are sent to; empty when they are not."""
        return "" if self.otel_sdk_disabled else self.otlp_traces_endpoint or self.otlp_endpoint

    @property
    def object_store_url(self) -> str:
        """The URL of the object store."""
        return self.object_store or (self.home / "attachments").absolute().as_uri()

    @property
    def needed_database_url(self) -> str:
        """The database's URL, or the end of the process with a sentence that says what to set."""
        if not self.database_url:
            raise SystemExit("Set DURADESK_DATABASE_URL, e.g. postgresql://user:password@host:5432/duradesk.")
        return self.database_url

    @property
    def needed_principal_key(self) -> bytes:
        """The key that all services share to sign principals, or the end of the process with a sentence."""
        key = self.principal_key.get_secret_value().encode()
        if not key:
            raise SystemExit("Set DURADESK_PRINCIPAL_KEY to one random secret of 32 bytes or more for all services.")
        return key


S = TypeVar("S", bound=Settings)


def load_settings(settings_class: type[S]) -> S:
    """The settings as the environment says them; a wrong value ends the process with one sentence naming the variable.

    The value itself is not quoted: it may be a secret.
    """
    try:
        return settings_class()
    except ValidationError as error:
        raise SystemExit("; ".join(_sentences(error)) + ".") from None
    except SettingsError as error:
        raise SystemExit(f"{error}: the variable's name is {PREFIX} and the field in capitals.") from None


def _sentences(error: ValidationError) -> list[str]:
    told = [problem for problem in error.errors() if problem["type"] != "default_factory_not_called"]
    return [
        f"{PREFIX}{str(problem['loc'][0]).upper()} is wrong: {problem['msg'][0].lower()}{problem['msg'][1:]}"
        if problem["loc"]
        else problem["msg"].removeprefix("Value error, ")
        for problem in told
    ]
