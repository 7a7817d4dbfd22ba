"""Owns the directory of a stack: makes it, locks it for one supervisor, and keeps the secrets generated in it."""

import errno
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.settings import LocalSettings
from services.domain.errors import Conflict, Unavailable

# A fresh PostgreSQL cluster with its write-ahead log takes about 60 MB, and a stack that runs needs room to go on.
_NEEDED_BYTES = 256 * 1024 * 1024


def prepare_home(settings: LocalSettings) -> None:
    """Make the directories; raises Unavailable in one sentence when the disk is full or not writable."""
    os.umask(0o077)  # for all that the processes will write as well
    with disk_errors(settings.data):
        if not settings.data.exists():
            settings.data.mkdir(parents=True)
            if os.geteuid() == 0:  # then PostgreSQL is another user, who has to pass through
                settings.data.chmod(0o711)
        for directory in (settings.run, settings.log, settings.secrets):
            directory.mkdir(exist_ok=True)
        free = shutil.disk_usage(settings.data).free
        if free < _NEEDED_BYTES:
            raise OSError(errno.ENOSPC, "disk full")
        probe = settings.run / ".writable"
        probe.write_bytes(b"\0" * 4096)
        probe.unlink()


@contextmanager
def disk_errors(directory: Path) -> Iterator[None]:
    """Turn what a file system refuses into one sentence that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            need = _NEEDED_BYTES // 1024**2
            raise Unavailable(
                f"The disk of {directory} is full: free at least {need} MB there or set DURADESK_HOME to another disk."
            ) from None
        raise Unavailable(
            f"{error.filename or directory} cannot be written ({error.strerror}): "
            "set DURADESK_HOME to a directory of this user."
        ) from None


@contextmanager
def locked(settings: LocalSettings) -> Iterator[None]:
    """Hold the directory for this process; raises Conflict when another supervisor has it.

    The kernel gives back what a dead one held.
    """
    with (settings.run / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            raise Conflict(
                f"Duradesk runs already on {settings.data} (process {holder}): "
                "stop it, or set DURADESK_HOME for a second one."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def is_running(settings: LocalSettings) -> bool:
    """Whether a supervisor holds the directory now."""
    path = settings.run / "lock"
    if not path.exists():
        return False
    with path.open("r") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def secret(settings: LocalSettings, name: str) -> str:
    """The secret of this name, generated at its first use and kept in a file that only this user reads."""
    path = settings.secrets / name
    if path.exists():
        return path.read_text().strip()
    value = secrets.token_urlsafe(32)
    write_private(path, value)
    return value


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 0600 that is either whole or absent, also when the machine stops half way."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
