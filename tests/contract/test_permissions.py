"""Every method of identity and routing and every role: who is served is what the protos and the table of roles say."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import grpc
import pytest
from duradesk.identity.v1 import identity_service_pb2, session_service_pb2
from duradesk.options.v1 import options_pb2
from duradesk.routing.v1 import routing_service_pb2, service_level_service_pb2
from google.protobuf.message_factory import GetMessageClass

from services.domain.principal import PERMISSIONS, Principal, Role
from tests.people import SIGNER, running_identity, running_routing

# Who may call what, written down a second time: a slip in a proto's option shows here.
ADMINS = {Role.OWNER, Role.ADMIN}
STAFF = ADMINS | {Role.AGENT, Role.LIGHT_AGENT}
SERVED = {
    "CreateToken": set(Role),
    "ExchangeToken": set(Role),
    "RevokeToken": set(Role),
    "CreateUser": ADMINS,
    "GetUser": STAFF | {Role.SERVICE},
    "ListUsers": STAFF | {Role.SERVICE},
    "UpdateUser": ADMINS,
    "CreateSession": set(Role),
    "ExchangeSession": set(Role),
    "EndSession": set(Role),
    "ListSessions": STAFF,
    "EndSessions": STAFF,
    "Decide": {Role.SERVICE},
    "ListTeams": STAFF | {Role.SERVICE},
    "CreateTeam": ADMINS,
    "AddTeamMember": ADMINS,
    "RemoveTeamMember": ADMINS,
    "ListCalendars": STAFF | {Role.SERVICE},
    "CreateCalendar": ADMINS,
    "UpdateCalendar": ADMINS,
    "DeleteCalendar": ADMINS,
    "ListEscalationLadders": STAFF | {Role.SERVICE},
    "CreateEscalationLadder": ADMINS,
    "UpdateEscalationLadder": ADMINS,
    "DeleteEscalationLadder": ADMINS,
    "ListSlaPolicies": STAFF | {Role.SERVICE},
    "CreateSlaPolicy": ADMINS,
    "UpdateSlaPolicy": ADMINS,
    "DeleteSlaPolicy": ADMINS,
    "ImportClosedDays": ADMINS,
}
METHODS = [
    method
    for file in (identity_service_pb2, session_service_pb2, routing_service_pb2, service_level_service_pb2)
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
]


@pytest.fixture(scope="module")
async def addresses(postgres: Any) -> AsyncIterator[dict[str, str]]:
    url = await postgres.clone(("identity", "routing"))
    async with AsyncExitStack() as exits:
        identity = await exits.enter_async_context(running_identity(url))
        routing = await exits.enter_async_context(running_routing(url, identity))
        yield {
            "IdentityService": identity,
            "SessionService": identity,
            "RoutingService": routing,
            "ServiceLevelService": routing,
        }
    await postgres.drop(url)


def permission_of(method: Any) -> str:
    return str(method.GetOptions().Extensions[options_pb2.permission])


async def call(addresses: dict[str, str], method: Any, token: str | None) -> tuple[grpc.StatusCode, str]:
    """How an empty request to the method ends."""
    service = method.containing_service
    async with grpc.aio.insecure_channel(addresses[service.name]) as channel:
        request, response = GetMessageClass(method.input_type), GetMessageClass(method.output_type)
        stub: Any = channel.unary_unary(
            f"/{service.full_name}/{method.name}", request.SerializeToString, response.FromString
        )
        try:
            await stub(request(), metadata=(("authorization", f"Bearer {token}"),) if token else (), timeout=10)
        except grpc.aio.AioRpcError as error:
            return error.code(), error.details() or ""
        return grpc.StatusCode.OK, ""


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
async def test_a_role_is_served_where_it_has_the_permission_and_denied_elsewhere(
    addresses: dict[str, str], method: Any, role: Role
) -> None:
    permission = permission_of(method)
    served = permission == "anonymous" or permission in PERMISSIONS[role]
    assert served == (role in SERVED[method.name])
    code, words = await call(addresses, method, SIGNER.sign(Principal("somebody", role)))
    if permission == "anonymous":
        assert code is not grpc.StatusCode.PERMISSION_DENIED
    elif served:
        # An empty request is often wrong: that the method says so shows that it was reached.
        assert code in (grpc.StatusCode.OK, grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND)
    else:
        assert code is grpc.StatusCode.PERMISSION_DENIED
        assert permission in words


OWN_WORDS = ("E-mail or password", "sign in again", "Too many failed sign-ins")


@pytest.mark.parametrize("token", [None, "nonsense", "dd_users_token"])
@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
async def test_without_a_signed_principal_only_anonymous_methods_are_served(
    addresses: dict[str, str], method: Any, token: str | None
) -> None:
    code, words = await call(addresses, method, token)
    if permission_of(method) == "anonymous":
        # Signing in with nothing fails too, in words of its own.
        assert code is grpc.StatusCode.OK or any(own in words for own in OWN_WORDS)
    else:
        assert code is grpc.StatusCode.UNAUTHENTICATED
