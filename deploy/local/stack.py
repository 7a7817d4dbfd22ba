"""What the stack of one machine consists of: its processes, what each of them is told, and the order of their start."""

import os
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.local import postgres, targets, temporal
from deploy.local.home import secret
from deploy.local.ports import Reservation
from deploy.local.probes import grpc_health, http_ok, smtp_greeting
from deploy.local.process import ProcessSpec
from deploy.local.settings import LocalSettings
from deploy.local.supervisor import Supervisor
from services.common.migrations import migrate
from services.common.settings import PREFIX

# The services that own a schema, in the order of their migration.
DATABASE_SERVICES = ("identity", "tickets", "routing")

_START_SECONDS = 60.0

# What only some processes are told, whatever the environment of the stack says.
_CONFIDENTIAL = frozenset({f"{PREFIX}DATABASE_URL", f"{PREFIX}OWNER_PASSWORD", f"{PREFIX}PRINCIPAL_KEY"})


@dataclass(frozen=True, slots=True)
class Stack:
    """The settings of one stack together with its secrets, generated ones included."""

    settings: LocalSettings
    database_password: str
    principal_key: str

    @property
    def database_url(self) -> str:
        """The database that the services use."""
        if self.settings.embeds_postgres:
            return postgres.database_url(self.settings.data / "postgres", self.database_password)
        return self.settings.database_url

    @property
    def environment(self) -> dict[str, str]:
        """What a process that may know everything is told; `duradesk env` prints it."""
        return self.plain_environment | {
            f"{PREFIX}DATABASE_URL": self.database_url,
            f"{PREFIX}PRINCIPAL_KEY": self.principal_key,
        }

    @property
    def plain_environment(self) -> dict[str, str]:
        """The addresses of this stack, without its secrets."""
        settings = self.settings
        values = {
            "HOME": settings.data,
            "LISTEN": settings.listen,
            "PORT": settings.port,
            "GRPC_PORT": settings.grpc_port,
            "SMTP_PORT": settings.smtp_port,
            "TEMPORAL_PORT": settings.temporal_port,
            "TEMPORAL_UI_PORT": settings.temporal_ui_port,
            "TEMPORAL_ADDRESS": settings.temporal_address,
            "TEMPORAL_NAMESPACE": settings.temporal_namespace,
            "TICKETS_ADDRESS": settings.tickets_address,
            "ROUTING_ADDRESS": settings.routing_address,
            "IDENTITY_ADDRESS": settings.identity_address,
            "SMARTHOST": settings.smarthost or f"127.0.0.1:{settings.sink_port}",
            "OWNER_EMAIL": settings.owner_email,
        }
        return {f"{PREFIX}{name}": str(value) for name, value in values.items()}


def load_stack(settings: LocalSettings) -> Stack:
    """The stack of a directory; its secrets are generated at the first use."""
    return Stack(
        settings=settings,
        database_password=secret(settings, "database_password"),
        principal_key=settings.principal_key.get_secret_value() or secret(settings, "principal_key"),
    )


async def start(stack: Stack, supervisor: Supervisor, ports: Reservation, *, owner_password: str) -> None:
    """Bring everything up; returns when every process has said that it is ready."""
    ports.release("temporal", "temporal-ui", "sink")
    await supervisor.start(await _foundations(stack), within_seconds=_START_SECONDS)
    if stack.settings.embeds_postgres:
        await postgres.ensure_database(stack.settings.data / "postgres", stack.database_password)
    await migrate_all(stack.database_url)
    ports.release()
    services = _services(stack, owner_password=owner_password)
    targets.write(stack.settings, {spec.name: spec.listener for spec in services})
    await supervisor.start(services, within_seconds=_START_SECONDS)


async def migrate_all(database_url: str) -> list[str]:
    """Bring every schema up to date and return the names of the migrations applied now."""
    return [f"{service}: {name}" for service in DATABASE_SERVICES for name in await migrate(database_url, service)]


async def _foundations(stack: Stack) -> list[ProcessSpec]:
    settings = stack.settings
    foreign = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    specs = []
    if settings.embeds_postgres:
        cluster = settings.data / "postgres"
        user = await postgres.prepare_cluster(cluster, stack.database_password)
        specs.append(postgres.server(cluster, stack.database_password, environment=foreign, user=user))
    if settings.embeds_temporal:
        specs.append(temporal.server(settings, environment=foreign))
    if settings.embeds_sink:
        specs.append(_sink(settings, foreign))
    return specs


def _sink(settings: LocalSettings, environment: Mapping[str, str]) -> ProcessSpec:
    """Outgoing mail of a stack without a mail server: a Maildir that no message leaves."""
    address = f"127.0.0.1:{settings.sink_port}"
    handler = ("-c", "aiosmtpd.handlers.Mailbox", str(settings.data / "sink"))
    return ProcessSpec(
        name="sink",
        command=(sys.executable, "-m", "aiosmtpd", "-n", "-l", address, *handler),
        environment=environment,
        probe=smtp_greeting("127.0.0.1", settings.sink_port),
    )


def _services(stack: Stack, *, owner_password: str) -> list[ProcessSpec]:
    """Our own processes. The doors end before the services that they call; those end before the database."""
    settings, secrets = stack.settings, stack.environment
    database = {name: secrets[name] for name in (f"{PREFIX}DATABASE_URL", f"{PREFIX}PRINCIPAL_KEY")}
    key = {f"{PREFIX}PRINCIPAL_KEY": stack.principal_key}
    sink = {f"{PREFIX}SINK": str(settings.data / "sink")} if settings.embeds_sink else {}
    owner = {f"{PREFIX}OWNER_PASSWORD": owner_password} if owner_password else {}

    def process(name: str, *words: str, told: dict[str, str], **rest: Any) -> ProcessSpec:
        command = (sys.executable, "-m", *words)
        environment = _inherited() | stack.plain_environment | told
        return ProcessSpec(name=name, command=command, environment=environment, **rest)

    def watched(name: str, *words: str, told: dict[str, str], **rest: Any) -> ProcessSpec:
        # The kernel chooses the port, once: nobody else can take it while the process starts again.
        listener = socket.create_server(("127.0.0.1", 0))
        metrics = {f"{PREFIX}METRICS_FD": str(listener.fileno())}
        return process(name, *words, told=told | metrics, listener=listener, **rest)

    def core(name: str, port: int, *, told: dict[str, str] = database, ca: Path | None = None) -> ProcessSpec:
        probe = grpc_health(f"{settings.listen}:{port}", ca=ca)
        return watched(name, f"services.{name}", told=told, probe=probe, layer=1, grace_seconds=2)

    def background(role: str, name: str = "") -> ProcessSpec:
        # They have no port to ask: that they are ready is a line of their log, which must not be silenced.
        level = "debug" if settings.log_level == "debug" else "info"
        told = key | {f"{PREFIX}LOG_LEVEL": level}
        return watched(name or role, "workflows", role, told=told, ready_event=f"{role}.ready", layer=2)

    return [
        core("identity", settings.grpc_port + 2, told=database | owner),
        core("tickets", settings.grpc_port, ca=settings.tls_ca),
        core("routing", settings.grpc_port + 1),
        process("gateway", "services.gateway", told=key | sink, probe=http_ok(f"{settings.url}/readyz"), layer=2),
        watched("mail", "services.mail", told=key, probe=smtp_greeting(settings.listen, settings.smtp_port), layer=2),
        *(background(role) for role in ("relay", "worker", "reconcile")),
        *(background("worker", f"worker-{number}") for number in range(2, settings.workers + 1)),
    ]


def _inherited() -> dict[str, str]:
    """The environment of the stack itself, without what only some processes are told."""
    return {name: value for name, value in os.environ.items() if name not in _CONFIDENTIAL}
