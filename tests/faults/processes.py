"""Processes beside those of a stack, and what a stack does while one of its own stands still."""

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.stack import Stack


@contextmanager
def another(stack: Stack, role: str) -> Iterator[None]:
    """One more of the processes that the stack has one of."""
    told = (shlex.split(line)[1].partition("=") for line in stack.run("duradesk", "env").splitlines())
    environment = stack.environment | {name: value for name, _, value in told}
    command = [sys.executable, "-m", "workflows", role]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield
            assert process.poll() is None, f"the second {role} ended by itself"
        finally:
            process.terminate()
            process.wait(timeout=30)


@contextmanager
def frozen(stack: Stack, name: str) -> Iterator[None]:
    """Inside the block the process stands still; it may be killed meanwhile."""
    process = stack.pid(name)
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGCONT)
