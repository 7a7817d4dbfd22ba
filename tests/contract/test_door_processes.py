"""The gateway and the mail door as processes: started by their commands, told by the environment, ended by SIGTERM."""

import os
import socket
import sys
from asyncio.subprocess import PIPE, create_subprocess_exec

import httpx
import pytest

from tests.contract.test_people_processes import running
from tests.people import SIGNER_KEY
from tests.ports import free_port

PORTS = [("gateway", "DURADESK_PORT"), ("mail", "DURADESK_SMTP_PORT")]


def environment(variable: str, port: int) -> dict[str, str]:
    return {"DURADESK_PRINCIPAL_KEY": SIGNER_KEY, "DURADESK_GRPC_PORT": str(free_port()), variable: str(port)}


async def greeting(port: int) -> bytes:
    """What the server says to whoever connects; the connection is tried until it is there."""
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port)) as connection:
                return connection.recv(100)
        except ConnectionRefusedError:
            continue


async def test_the_gateway_serves_until_it_is_told_to_stop() -> None:
    port = free_port()
    async with running("gateway", environment("DURADESK_PORT", port)):
        transport = httpx.AsyncHTTPTransport(retries=10)
        async with httpx.AsyncClient(transport=transport, trust_env=False) as client:
            assert (await client.get(f"http://127.0.0.1:{port}/healthz")).json() == {"status": "ok"}
            assert (await client.get(f"http://127.0.0.1:{port}/readyz")).status_code == 503


async def test_the_mail_door_serves_until_it_is_told_to_stop() -> None:
    port = free_port()
    async with running("mail", environment("DURADESK_SMTP_PORT", port) | {"DURADESK_MAIL_HOSTNAME": "desk.example"}):
        assert (await greeting(port)).startswith(b"220 desk.example Duradesk")


@pytest.mark.parametrize(("name", "variable"), PORTS)
async def test_a_busy_port_is_one_sentence_that_names_the_variable(name: str, variable: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        told = environment(variable, busy.getsockname()[1])
        process = await create_subprocess_exec(
            sys.executable, "-m", f"services.{name}", env=os.environ | told, stderr=PIPE
        )
        _, stderr = await process.communicate()
    assert process.returncode == 1
    assert stderr.decode().count("\n") == 1
    assert f"set {variable} to another." in stderr.decode()
