"""docker-compose.yml: it is what Compose accepts, and each command in it runs, here without containers."""

import asyncio
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml

from deploy.local import postgres, temporal
from deploy.local.process import ProcessSpec
from deploy.local.settings import LocalSettings
from deploy.local.stack import DATABASE_SERVICES
from deploy.local.supervisor import Supervisor
from tests.ports import free_ports
from tests.stack import let_postgres_in

ROOT = Path(__file__).parents[2]
BINARIES = Path(sys.executable).parent
FOREIGN = {name: value for name, value in os.environ.items() if not name.startswith("DURADESK_")}
PASSWORD = "a-password-for-tests"

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
OURS = {name: service for name, service in COMPOSE["services"].items() if "build" in service}


def test_compose_file_follows_the_specification() -> None:
    answer = subprocess.run(
        [BINARIES / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", ROOT / "docker-compose.yml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout


def test_every_variable_without_a_default_is_in_the_example() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    example = (ROOT / "deploy" / "docker" / "env.example").read_text()

    assert set(re.findall(r"\$\{(\w+):\?", text)) <= set(re.findall(r"^(\w+)=", example, flags=re.MULTILINE))


def test_compose_runs_every_process_of_the_local_stack() -> None:
    doors = {"gateway", "mail", "relay", "worker", "reconcile"}
    assert OURS.keys() == {"migrate", *DATABASE_SERVICES, *doors}


@pytest.mark.parametrize("service", ["relay", "worker"])
def test_relays_and_workers_are_scaled_by_a_number(service: str) -> None:
    assert re.fullmatch(r"\$\{DURADESK_(RELAYS|WORKERS):-2\}", OURS[service]["deploy"]["replicas"])


@pytest.mark.parametrize("service", sorted(OURS.keys() - {"migrate"}))
def test_no_service_tells_what_there_is_to_call(service: str) -> None:
    assert OURS[service]["environment"]["DURADESK_REFLECTION"] == "false"


def test_prometheus_asks_every_process_where_it_tells() -> None:
    scraped = yaml.safe_load((ROOT / "deploy" / "observe" / "prometheus.yml").read_text())["scrape_configs"]
    by_name, by_address = scraped[0]["dns_sd_configs"][0], scraped[1]["static_configs"][0]["targets"]
    assert {*by_name["names"], "gateway"} == OURS.keys() - {"migrate"}
    assert {str(by_name["port"])} == {OURS[name]["environment"]["DURADESK_METRICS_PORT"] for name in by_name["names"]}
    assert by_address == ["gateway:8080"]


def test_every_file_that_a_container_is_given_is_there() -> None:
    given = {
        volume.split(":")[0]
        for service in COMPOSE["services"].values()
        for volume in service.get("volumes", ())
        if volume.startswith("./")
    }
    assert len(given) > 5
    assert {path for path in given if not (ROOT / path).is_file()} == set()


def test_package_holds_stubs_queries_and_migrations(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", str(tmp_path), str(ROOT)], check=True)

    [wheel] = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    stubs = {path.name for path in (ROOT / "generated").rglob("*_pb2*.py")}
    assert stubs <= {Path(name).name for name in names}
    sources = {str(path.relative_to(ROOT)) for path in (ROOT / "services").rglob("*.sql")}
    assert sources
    assert sources <= set(names)


@dataclass(frozen=True, slots=True)
class Place:
    """Where on this machine the names and paths of the containers are."""

    values: Mapping[str, str]
    variables: Mapping[str, str]
    metrics_ports: Mapping[str, int]

    def resolve(self, text: str) -> str:
        """Fill in the variables as Compose does, then put this machine's addresses in place of the containers'."""
        filled = re.sub(r"\$\{(\w+):[-?]([^}]*)\}", lambda match: self.variables.get(match[1], match[2]), text)
        for name, value in self.values.items():
            filled = filled.replace(name, value)
        return filled

    def environment(self, service: str) -> dict[str, str]:
        """What the container would be told."""
        told = {name: self.resolve(value) for name, value in OURS[service].get("environment", {}).items()}
        told |= {"DURADESK_METRICS_PORT": str(self.metrics_ports[service])}
        return FOREIGN | told | {name: value for name, value in self.variables.items() if name in PORT_SETTINGS}

    def command(self, words: list[str], service: str) -> tuple[str, ...]:
        """The program of this installation, with its arguments."""
        program, *arguments = words
        metrics = f"localhost:{self.metrics_ports[service]}"
        return (
            str(BINARIES / program),
            *(self.resolve(word).replace("localhost:9464", metrics) for word in arguments),
        )


PORT_SETTINGS = {"DURADESK_PORT", "DURADESK_GRPC_PORT", "DURADESK_SMTP_PORT"}


@pytest.fixture
async def supervisor(tmp_path: Path) -> AsyncIterator[Supervisor]:
    """Has a PostgreSQL and a Temporal server's worth of directory to work in."""
    let_postgres_in(tmp_path / "postgres")
    made = Supervisor(run=tmp_path, log=tmp_path, echo=False)
    yield made
    await made.stop()


@pytest.fixture
async def place(tmp_path: Path, supervisor: Supervisor) -> Place:
    """PostgreSQL, Temporal and a certificate, and what to replace to reach them."""
    grpc, _, _, web, mail, server, ui, *metrics = free_ports(7 + len(OURS))
    settings = LocalSettings(home=tmp_path, temporal_port=server, temporal_ui_port=ui)
    cluster = tmp_path / "postgres"
    user = await postgres.prepare_cluster(cluster, PASSWORD)
    foundations = [
        postgres.server(cluster, PASSWORD, environment=FOREIGN, user=user),
        temporal.server(settings, environment=FOREIGN),
    ]
    await supervisor.start(foundations, within_seconds=60)
    await postgres.ensure_database(cluster, PASSWORD)
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "certificate.pem")
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    return Place(
        values={
            f"postgresql://duradesk:{PASSWORD}@postgres:5432/duradesk": postgres.database_url(cluster, PASSWORD),
            "temporal:7233": f"127.0.0.1:{server}",
            "tickets:50051": f"localhost:{grpc}",
            "routing:50052": f"localhost:{grpc + 1}",
            "identity:50053": f"localhost:{grpc + 2}",
            "localhost:50052": f"localhost:{grpc + 1}",
            "localhost:50053": f"localhost:{grpc + 2}",
            "localhost:8080": f"localhost:{web}",
            "localhost:2525": f"127.0.0.1:{mail}",
            "0.0.0.0": "127.0.0.1",
            "/run/configs/tls_ca": str(tmp_path / "ca.pem"),
            "/run/secrets/tls_certificate": str(tmp_path / "certificate.pem"),
            "/run/secrets/tls_key": str(tmp_path / "key.pem"),
        },
        variables={
            "DURADESK_PRINCIPAL_KEY": "k" * 43,
            "DURADESK_PUBLIC_URL": f"http://127.0.0.1:{web}",
            "DURADESK_DATABASE_PASSWORD": PASSWORD,
            "DURADESK_OWNER_EMAIL": "owner@localhost",
            "DURADESK_OWNER_PASSWORD": PASSWORD,
            "DURADESK_SMARTHOST": "127.0.0.1:9",
            "DURADESK_PORT": str(web),
            "DURADESK_GRPC_PORT": str(grpc),
            "DURADESK_SMTP_PORT": str(mail),
        },
        metrics_ports=dict(zip(OURS, metrics, strict=True)),
    )


def spec_of(service: str, place: Place) -> ProcessSpec:
    """The container as a process of this machine; healthy by its own check, or when its log says that it is ready."""
    environment, check = place.environment(service), OURS[service].get("healthcheck")

    async def healthy() -> bool:
        process = await asyncio.create_subprocess_exec(
            *place.command(check["test"][1:], service), env=environment, cwd=ROOT
        )
        return await process.wait() == 0

    return ProcessSpec(
        name=service,
        command=place.command(OURS[service]["command"], service),
        environment=environment,
        probe=healthy if check else None,
        ready_event=f"{service}.ready",
        layer=1,
        working_directory=ROOT,
    )


async def test_every_command_runs_with_its_settings_until_it_is_healthy(place: Place, supervisor: Supervisor) -> None:
    migration = await asyncio.create_subprocess_exec(
        *place.command(OURS["migrate"]["command"], "migrate"), env=place.environment("migrate"), cwd=ROOT
    )
    assert await migration.wait() == 0

    services = [spec_of(service, place) for service in OURS if service != "migrate"]
    await supervisor.start(services, within_seconds=180)

    assert not any(status.restarts for status in supervisor.statuses)
