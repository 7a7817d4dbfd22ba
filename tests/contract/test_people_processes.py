"""identity and routing as processes: started by their commands, told by the environment, ended by SIGTERM."""

import os
import signal
import sys
from asyncio.subprocess import DEVNULL, Process, create_subprocess_exec
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from services.common.channel import calling_as, open_channel
from services.domain.rules.default_set import DEFAULT_SET
from services.identity.client import IdentityClient
from services.routing.client import RoutingClient
from services.routing.rules.client import RulesClient
from tests.conftest import DatabaseUrl
from tests.people import PASSWORD, SIGNER_KEY, make_account
from tests.ports import free_ports

READY_SECONDS = 120


@asynccontextmanager
async def running(name: str, environment: dict[str, str]) -> AsyncIterator[Process]:
    """`python -m services.<name>`, ended like a supervisor ends it; that must succeed."""
    command = (sys.executable, "-m", f"services.{name}")
    process = await create_subprocess_exec(*command, env=os.environ | environment, stderr=DEVNULL)
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def ready(address: str) -> None:
    """Wait until the server says that it serves."""
    async with grpc.aio.insecure_channel(address) as channel:
        check = health_pb2_grpc.HealthStub(channel).Check
        await check(health_pb2.HealthCheckRequest(), wait_for_ready=True, timeout=READY_SECONDS)


async def test_the_first_owner_signs_in_builds_a_team_and_finds_the_default_rules(database_url: DatabaseUrl) -> None:
    port = free_ports(3)[0]
    environment = {
        "DURADESK_DATABASE_URL": await database_url("identity", "routing"),
        "DURADESK_PRINCIPAL_KEY": SIGNER_KEY,
        "DURADESK_GRPC_PORT": str(port),
        "DURADESK_OWNER_EMAIL": "owner@localhost",
        "DURADESK_OWNER_PASSWORD": PASSWORD,
    }
    routing_address, identity_address = f"127.0.0.1:{port + 1}", f"127.0.0.1:{port + 2}"
    async with (
        running("identity", environment),
        running("routing", environment),
        open_channel(identity_address) as to_identity,
        open_channel(routing_address) as to_routing,
    ):
        await ready(identity_address)
        await ready(routing_address)
        identity, routing = IdentityClient(to_identity), RoutingClient(to_routing)
        token = (await identity.create_token("owner@localhost", PASSWORD, source="192.0.2.1")).token
        with calling_as(await identity.exchange_token(token)):
            agent = await make_account(identity)
            (support,) = await routing.list_teams()
            assert (await routing.add_team_member(support.id, agent.id)).member_ids == (agent.id,)
            rules = await RulesClient(to_routing).list_rules()
        assert [rule.id for rule in rules] == [rule.id for rule in DEFAULT_SET]
