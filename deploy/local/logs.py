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
        self._is_full = False
        self._echo = echo

    @property
    def path(self) -> Path:
        """Where the lines go."""
        return self._path

    def write(self, *lines: str) -> None:
        """Write lines; a full disk or a closed terminal loses them and stops nothing."""
        try:
            if self._is_full and self._path.exists():
                self._path.replace(self._path.with_suffix(".log.1"))
            with self._path.open("ab") as file:
                file.write("".join(f"{line}\n" for line in lines).encode())
                self._is_full = file.tell() > self._largest_bytes
        except OSError:
            pass
        if self._echo:
            say("\n".join(f"{self._name:<{_NAME_WIDTH}} | {line}" for line in lines))


def say(text: str) -> None:
    """Print a line, or several, at once; a terminal that is gone is no reason to stop."""
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except OSError:
        pass


async def split_lines(stream: asyncio.StreamReader) -> AsyncIterator[list[str]]:
    """Yield the lines of a process's output, as many as there are by now; one without an end is cut."""
    rest = b""
    while chunk := await stream.read(_LONGEST_LINE):
        *lines, rest = (rest + chunk).split(b"\n")
        if len(rest) > _LONGEST_LINE:
            lines, rest = [*lines, rest], b""
        if lines:
            yield [line.decode(errors="replace").rstrip("\r") for line in lines]
    if rest:
        yield [rest.decode(errors="replace")]
