"""The documents' programs do what the documents say."""

import os
import re
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import httpx

from tests.stack import Stack

DOCUMENT = Path(__file__).parents[2] / "docs" / "grpc.md"


def grpc_example() -> str:
    """The program of docs/grpc.md."""
    (program,) = re.findall(r"^```python\n(.*?)^```$", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
    return str(program)


def run_grpc_example(*arguments: str, token: str, port: int) -> str:
    """What the program prints, run by itself with these arguments."""
    environment = os.environ | {"DURADESK_TOKEN": token, "DURADESK_GRPC_PORT": str(port)}
    command = [sys.executable, "-c", grpc_example(), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=30).stdout


def test_a_gateway_of_ten_lines_makes_a_ticket_once(stack: Stack, api: httpx.Client) -> None:
    assert len(grpc_example().splitlines()) == 10
    call, caller = uuid4().hex, f"{uuid4()}@example.com"
    token = api.headers["authorization"].removeprefix("Bearer ")
    numbers = [run_grpc_example(call, caller, token=token, port=stack.ports["GRPC_PORT"]) for _ in range(2)]
    assert numbers[0] == numbers[1]
    created = api.get(f"/tickets/{numbers[0].strip()}").json()
    assert (created["subject"], created["channel"]) == (f"Call {call}", "grpc")
    assert created["requester"]["email"] == caller
