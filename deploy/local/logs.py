"""What the processes say: to the terminal with their name in front, and to one file each that is kept small."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

_LARGEST_BYTES = 8 * 1024 * 1024
_LONGEST_LINE = 64 * 1024
_NAME_WIDTH = 9


class LogFile:
    """`log/<name>.log`, which becomes `<name>.log.1` when it is full."""

    def __init__(self, directory: Path, name: str, *, largest_bytes: int = _LARGEST_BYTES, echo: bool = True) -> None:
        self._path = directory / f"{name}.log"
        self._name = name
        self._largest_bytes = largest_bytes
        self._echo = echo

    @property
    def path(self) -> Path:
        """Where the lines go."""
        return self._path

    def write(self, line: str) -> None:
        """Write one line; a full disk or a closed terminal loses the line and stops nothing."""
        try:
            if self._path.exists() and self._path.stat().st_size > self._largest_bytes:
                self._path.replace(self._path.with_suffix(".log.1"))
            with self._path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError:
            pass
        if self._echo:
            say(f"{self._name:<{_NAME_WIDTH}} | {line}")


def say(text: str) -> None:
    """Print one line at once; a terminal that is gone is no reason to stop."""
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except OSError:
        pass


async def split_lines(stream: asyncio.StreamReader) -> AsyncIterator[str]:
    """Yield the lines of a process's output; one without an end is cut."""
    rest = b""
    while chunk := await stream.read(_LONGEST_LINE):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.decode(errors="replace").rstrip("\r")
        if len(rest) > _LONGEST_LINE:
            yield rest.decode(errors="replace")
            rest = b""
    if rest:
        yield rest.decode(errors="replace")
