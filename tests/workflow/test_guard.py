"""What keeps the workflows' module replayable: nothing in it may depend on when, where or how often it runs."""

import ast
import inspect

import pytest

from workflows import account_mail, bulk, messages, ticket

MODULES = [ticket, account_mail, bulk, messages]
ALLOWED_IMPORTS = {"asyncio", "collections.abc", "contextlib", "dataclasses", "datetime", "typing"}
ALLOWED_IMPORTS |= {"temporalio", "temporalio.common", "temporalio.exceptions"}
BANNED_CALLS = {
    *("datetime.now", "datetime.utcnow", "datetime.today", "date.today"),
    *("asyncio.sleep", "asyncio.wait", "asyncio.as_completed", "asyncio.to_thread", "asyncio.timeout"),
    *("open", "print", "input", "id", "hash", "set", "frozenset", "__import__", "eval", "exec"),
}


def problems(source: str) -> list[str]:
    """The lines that could make a replay differ from the run, each with the reason."""
    found = []
    for node in ast.walk(ast.parse(source)):
        found += [f"imports {name}" for name in _imported(node) if not _is_allowed(name)]
        if isinstance(node, ast.Call) and ast.unparse(node.func) in BANNED_CALLS:
            found.append(f"line {node.lineno} calls {ast.unparse(node.func)}")
        if isinstance(node, ast.Set | ast.SetComp):
            found.append(f"line {node.lineno}: a set has no order that is the same in every process")
    return found


def _is_allowed(module: str) -> bool:
    return module in ALLOWED_IMPORTS or module.startswith("workflows.")


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_workflow_code_uses_no_clock_no_chance_and_no_outside(module: object) -> None:
    assert problems(inspect.getsource(module)) == []  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "source",
    [
        "import random",
        "import os",
        "from socket import socket",
        "from uuid import uuid4",
        "from services.domain import decide",
        "datetime.now(UTC)",
        "asyncio.sleep(1)",
        "x = {1, 2}",
        "open('x')",
    ],
)
def test_the_guard_sees(source: str) -> None:
    assert len(problems(source)) == 1
