"""The command line and the embedded servers, as real processes in a directory of their own."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest

from deploy.local import postgres, temporal
from deploy.local.home import is_running, locked, prepare_home, secret
from deploy.local.keeper import BackOff
from deploy.local.settings import LocalSettings, executable
from deploy.local.supervisor import Supervisor
from services.domain.errors import Unavailable
from tests.ports import free_ports
from tests.stack import let_postgres_in

FOREIGN = {name: value for name, value in os.environ.items() if not name.startswith("DURADESK_")}


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory that PostgreSQL's user may enter."""
    made = tmp_path_factory.mktemp("home")
    let_postgres_in(made / "postgres")
    before = os.umask(0o077)
    yield made
    os.umask(before)


def settings_in(home: Path) -> dict[str, str]:
    """A directory, and ports of which none is the default: another stack may run on this machine."""
    grpc, _, _, *ports = free_ports(8)
    names = ("PORT", "TEMPORAL_PORT", "TEMPORAL_UI_PORT", "SMTP_PORT", "SMTP_SINK_PORT")
    numbers = {"GRPC_PORT": grpc} | dict(zip(names, ports, strict=True))
    return {"DURADESK_HOME": str(home)} | {f"DURADESK_{name}": str(port) for name, port in numbers.items()}


def duradesk(*words: str, settings: dict[str, str], shell: str = 'exec "$@"') -> subprocess.CompletedProcess[str]:
    program = "from deploy.local.cli import main; main()"
    return subprocess.run(
        ["sh", "-c", shell, "sh", sys.executable, "-c", program, *words],
        env=FOREIGN | settings,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("command", ["up", "status", "token", "reconcile", "migrate", "env"])
def test_every_command_explains_itself(command: str) -> None:
    answer = duradesk(command, "--help", settings={})

    assert answer.returncode == 0
    assert command in answer.stdout


def test_busy_port_is_one_sentence_that_names_the_variable(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        answer = duradesk("up", settings=settings_in(home) | {"DURADESK_TEMPORAL_PORT": str(port)})

    assert answer.returncode == 1
    assert answer.stderr == (
        f"duradesk: Port {port} is used by another process: set DURADESK_TEMPORAL_PORT to a free port.\n"
    )
    assert not list(home.glob("postgres*"))


def test_full_disk_is_one_sentence(home: Path) -> None:
    answer = duradesk("up", settings=settings_in(home), shell='ulimit -f 0; exec "$@"')

    assert answer.stderr == (
        f"duradesk: The disk of {home} is full: free at least 256 MB there or set DURADESK_HOME to another disk.\n"
    )


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("EMAIL", "nobody", "'nobody' is not an e-mail address: There must be something before the @-sign."),
        ("PASSWORD", "short", "it must have 10 to 1000 characters, not 5."),
    ],
)
def test_owner_that_cannot_be_is_one_sentence_before_anything_starts(
    home: Path, name: str, value: str, sentence: str
) -> None:
    answer = duradesk("up", settings=settings_in(home) | {f"DURADESK_OWNER_{name}": value})

    assert answer.stderr == f"duradesk: DURADESK_OWNER_{name} is wrong: {sentence}\n"
    assert not list(home.glob("postgres*"))


@pytest.mark.parametrize("command", ["env", "reconcile"])
def test_a_stack_that_is_not_there_is_not_made_by_asking_for_it(home: Path, command: str) -> None:
    answer = duradesk(command, settings={"DURADESK_HOME": str(home / "none")})

    assert answer.stderr == (
        f"duradesk: There is no stack in {home}/none: start one with `duradesk up`, or set DURADESK_HOME.\n"
    )
    assert not (home / "none").exists()


def test_directory_that_cannot_be_is_one_sentence(home: Path) -> None:
    (home / "file").touch()
    answer = duradesk("up", settings=settings_in(home / "file" / "data"))

    assert answer.stderr == (
        f"duradesk: {home}/file/data cannot be written (Not a directory): "
        "set DURADESK_HOME to a directory of this user.\n"
    )


def test_second_stack_in_one_directory_is_one_sentence(home: Path) -> None:
    settings = LocalSettings(home=home)
    prepare_home(settings)
    with locked(settings):
        answer = duradesk("up", settings=settings_in(home))

    assert answer.stderr == (
        f"duradesk: Duradesk runs already on {home} (process {os.getpid()}): "
        "stop it, or set DURADESK_HOME for a second one.\n"
    )
    assert not is_running(settings)


def test_secret_is_generated_once_and_private(home: Path) -> None:
    settings = LocalSettings(home=home)
    prepare_home(settings)

    assert (
        secret(settings, "principal_key") == secret(settings, "principal_key") != secret(settings, "database_password")
    )
    assert (settings.secrets / "principal_key").stat().st_mode & 0o777 == 0o600


async def test_token_from_something_that_is_no_gateway_is_one_sentence() -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.com ESMTP\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        url = "http://{}:{}".format(*server.sockets[0].getsockname())
        words = ("token", "--email", "owner@localhost", "--password", "secret", "--url", url)
        answer = await asyncio.to_thread(duradesk, *words, settings={})

    assert answer.stderr == (
        f"duradesk: No gateway answers at {url}: start one with `duradesk up`, or name its --url.\n"
    )


async def test_path_too_long_for_the_socket_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="set DURADESK_HOME to at most 84 bytes"):
        await postgres.prepare_cluster(tmp_path / ("x" * 100) / "postgres", "secret")


@pytest.fixture
async def supervisor(home: Path) -> AsyncIterator[Supervisor]:
    made = Supervisor(run=home, log=home, back_off=BackOff(first=0.1), echo=False)
    yield made
    await made.stop()


async def start_postgres(home: Path, supervisor: Supervisor) -> str:
    cluster = home / "postgres"
    user = await postgres.prepare_cluster(cluster, "s3cret/word")
    spec = postgres.server(cluster, "s3cret/word", environment=FOREIGN, user=user)
    await supervisor.start([spec], within_seconds=30)
    await postgres.ensure_database(cluster, "s3cret/word")
    return postgres.database_url(cluster, "s3cret/word")


async def test_database_survives_its_server_killed_and_a_process_id_taken_by_another(
    home: Path, supervisor: Supervisor
) -> None:
    url = await start_postgres(home, supervisor)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute("CREATE TABLE kept AS SELECT 1 AS answer")
    [before] = supervisor.statuses
    assert before.pid
    lock = home / "postgres" / "postmaster.pid"

    os.kill(before.pid, signal.SIGKILL)
    async with asyncio.timeout(30):
        while _is_there(before.pid):  # noqa: ASYNC110 - it happens in another process
            await asyncio.sleep(0)
    lock.write_text(lock.read_text().replace(str(before.pid), str(os.getppid()), 1))
    async with asyncio.timeout(30):
        while not supervisor.statuses[0].ready or supervisor.statuses[0].pid == before.pid:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.05)

    async with await psycopg.AsyncConnection.connect(url) as connection:
        assert await (await connection.execute("SELECT answer FROM kept")).fetchone() == (1,)


def _is_there(process_id: int) -> bool:
    return Path(f"/proc/{process_id}").exists()


async def test_database_speaks_utf8_and_asks_for_the_password(home: Path, supervisor: Supervisor) -> None:
    url = await start_postgres(home, supervisor)

    async with await psycopg.AsyncConnection.connect(url) as connection:
        row = await (
            await connection.execute("SELECT current_setting('server_encoding'), current_setting('TimeZone')")
        ).fetchone()
    assert row == ("UTF8", "UTC")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        await psycopg.AsyncConnection.connect(url.replace("s3cret", "other"))


async def test_embedded_temporal_has_the_namespace_of_the_settings(home: Path, supervisor: Supervisor) -> None:
    port, ui_port = free_ports(2)
    settings = LocalSettings(home=home, temporal_port=port, temporal_ui_port=ui_port, temporal_namespace="desk")
    await supervisor.start([temporal.server(settings, environment=FOREIGN)], within_seconds=30)

    answer = await asyncio.create_subprocess_exec(
        *(executable("temporal"), "operator", "namespace", "describe", "--address", f"127.0.0.1:{port}", "-n", "desk"),
        stdout=asyncio.subprocess.DEVNULL,
    )

    assert await answer.wait() == 0
