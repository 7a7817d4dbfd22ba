"""Every method of identity and routing and every role: who is served is what the protos and the table of roles say."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import grpc
import pytest
from duradesk.identity.v1 import (
    account_mail_service_pb2,
    account_service_pb2,
    identity_service_pb2,
    invitation_service_pb2,
    session_service_pb2,
)
from duradesk.options.v1 import options_pb2
from duradesk.routing.v1 import routing_service_pb2, rule_service_pb2, service_level_service_pb2, staffing_service_pb2
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
    "GetAccount": STAFF,
    "UpdateAccount": STAFF,
    "ChangePassword": STAFF,
    "CreateApiToken": STAFF,
    "ListApiTokens": STAFF,
    "RevokeApiToken": STAFF,
    "CreateInvitation": ADMINS,
    "RenewInvitation": ADMINS,
    "WithdrawInvitation": ADMINS,
    "ListInvitations": ADMINS,
    "RequestPasswordReset": set(Role),
    "GetAccountLink": set(Role),
    "UseAccountLink": set(Role),
    "ClaimAccountMails": {Role.SERVICE},
    "ClaimAccountMail": {Role.SERVICE},
    "BeginAccountMail": {Role.SERVICE},
    "RenewAccountMail": {Role.SERVICE},
    "FinishAccountMail": {Role.SERVICE},
    "UpdateTeam": ADMINS,
    "ListSessions": STAFF,
    "EndSessions": STAFF,
    "Decide": {Role.SERVICE},
    "PreviewServiceLevels": ADMINS,
    "ReplanTickets": {Role.SERVICE},
    "Replay": ADMINS,
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
    "GetTeamRouting": STAFF | {Role.SERVICE},
    "UpdateTeamRouting": ADMINS,
    "ListSkills": STAFF | {Role.SERVICE},
    "CreateSkill": ADMINS,
    "UpdateSkill": ADMINS,
    "DeleteSkill": ADMINS,
    "SetSkillLevel": ADMINS,
    "TouchAvailability": STAFF,
    "SetAway": STAFF,
    "GetAvailability": STAFF,
    "ListAvailability": ADMINS,
    "WatchAvailability": {Role.SERVICE},
    "FindPlaces": {Role.SERVICE},
    "ListRules": STAFF | {Role.SERVICE},
    "CreateRule": ADMINS,
    "AddDefaultRules": ADMINS,
    "UpdateRule": ADMINS,
    "DeleteRule": ADMINS,
    "MoveRule": ADMINS,
    "PauseRule": ADMINS,
    "ResumeRule": ADMINS,
    "CutRule": {Role.SERVICE},
    "ListRuleVersions": ADMINS,
    "RollBackRule": ADMINS,
    "TryRule": ADMINS,
    "ExplainRule": STAFF | {Role.SERVICE},
}
FILES = (
    identity_service_pb2,
    session_service_pb2,
    account_service_pb2,
    invitation_service_pb2,
    account_mail_service_pb2,
    routing_service_pb2,
    service_level_service_pb2,
    rule_service_pb2,
    staffing_service_pb2,
)
OF_ROUTING = ("RoutingService", "ServiceLevelService", "RuleService", "StaffingService")
OF_IDENTITY = ("IdentityService", "SessionService", "AccountService", "InvitationService", "AccountMailService")
METHODS = [
    method for file in FILES for service in file.DESCRIPTOR.services_by_name.values() for method in service.methods
]


@pytest.fixture(scope="module")
async def addresses(postgres: Any) -> AsyncIterator[dict[str, str]]:
    url = await postgres.clone(("identity", "routing"))
    async with AsyncExitStack() as exits:
        identity = await exits.enter_async_context(running_identity(url))
        routing = await exits.enter_async_context(running_routing(url, identity))
        yield {**dict.fromkeys(OF_IDENTITY, identity), **dict.fromkeys(OF_ROUTING, routing)}
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
        # And so is what asks the tickets service, which does not run here.
        reached = {grpc.StatusCode.OK, grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND}
        assert code in reached | {grpc.StatusCode.UNAVAILABLE}
    else:
        assert code is grpc.StatusCode.PERMISSION_DENIED
        assert permission in words


@pytest.mark.parametrize("token", [None, "nonsense", "dd_users_token"])
@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
async def test_without_a_signed_principal_only_anonymous_methods_are_served(
    addresses: dict[str, str], method: Any, token: str | None
) -> None:
    code, words = await call(addresses, method, token)
    if permission_of(method) == "anonymous":
        # Signing in with nothing fails too, in words of its own, and so does a link that is none.
        reached = (grpc.StatusCode.OK, grpc.StatusCode.NOT_FOUND, grpc.StatusCode.RESOURCE_EXHAUSTED)
        assert code in reached or "E-mail or password" in words or "sign in again" in words
    else:
        assert code is grpc.StatusCode.UNAUTHENTICATED
