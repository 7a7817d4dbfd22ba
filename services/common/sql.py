"""Named statements from `queries.sql` files: the SQL of a package, read once when its store is made."""

import re
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import LiteralString, cast

_MARKER = re.compile(r"^--\s*(?P<name>.*?)\s*--\s*$")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


class Statement(str):
    """The text of a statement, and the name by which the program calls it."""

    __slots__ = ("name",)

    name: str


class Queries(Mapping[str, LiteralString]):
    """Statements by name. They count as literals for psycopg: they are the program's text, never a caller's."""

    def __init__(self, statements: Mapping[str, LiteralString]) -> None:
        self._statements = {name: _named(name, statement) for name, statement in statements.items()}

    def __getitem__(self, name: str) -> LiteralString:
        return self._statements[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._statements)

    def __len__(self) -> int:
        return len(self._statements)


def _named(name: str, text: LiteralString) -> LiteralString:
    statement = Statement(text)
    statement.name = name
    # A type checker knows no literals of a subclass.
    return cast("LiteralString", statement)


def load_queries(package: str) -> Queries:
    """The statements of the package's `queries.sql`, or of all `queries/*.sql`; ValueError when a file is malformed."""
    root = resources.files(package)
    folder = root / "queries"
    files = sorted(folder.iterdir(), key=lambda file: file.name) if folder.is_dir() else [root / "queries.sql"]
    statements: dict[str, str] = {}
    for file in files:
        if file.name.endswith(".sql"):
            for name, statement in parse_queries(file.read_text(encoding="utf-8")):
                if name in statements:
                    raise ValueError(f"{package}: the query {name} is defined twice, the second time in {file.name}.")
                statements[name] = statement
    return Queries(statements)


def parse_queries(text: str) -> Iterator[tuple[str, str]]:
    """Pairs of name and statement. Each is a line `-- name --`, a comment line on its purpose, then the statement.

    Comment lines are left out of the statement: psycopg would take a `%` in them for a parameter. So is indentation:
    psycopg keeps what it has read of statements of up to 4,096 characters, and reads longer ones at each use.
    """
    name: str | None = None
    lines: list[str] = []
    for line in text.splitlines():
        if marker := _MARKER.match(line):
            yield from _query(name, lines)
            name, lines = marker["name"], []
        else:
            lines.append(line)
    yield from _query(name, lines)


def _query(name: str | None, lines: list[str]) -> Iterator[tuple[str, str]]:
    stripped = (line.strip() for line in lines)
    statement = "\n".join(line for line in stripped if not line.startswith("--")).strip().removesuffix(";")
    if name is None:
        if statement:
            raise ValueError("A query file has text before its first line of the form `-- name --`.")
        return
    if not _NAME.fullmatch(name):
        raise ValueError(f"The query name {name!r} is wrong: use lower-case letters, digits and underscores.")
    if not lines or not lines[0].lstrip().startswith("--"):
        raise ValueError(f"The query {name} lacks the comment line that says what it is for.")
    if not statement:
        raise ValueError(f"The query {name} is empty.")
    yield name, statement
