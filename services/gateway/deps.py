"""What request handlers are given: services, the request's id, the caller (the pages' is in web/session.py)."""

import re
from base64 import b64decode
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID, uuid4

import grpc
from fastapi import Depends, Header, Path, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBasic, HTTPBasicCredentials, HTTPBearer
from starlette.requests import HTTPConnection

from services.common.auth import Authenticator, PrincipalSigner
from services.common.channel import calling_as
from services.common.images import ImageLinks
from services.common.links import LinkSigner
from services.common.objects import ObjectStore
from services.common.outbound import Outbound
from services.domain.errors import Invalid, NotFound, Unauthenticated
from services.domain.principal import Principal
from services.gateway.filter_names import NameDirectory
from services.gateway.staff_names import StaffNames
from services.gateway.trials import Trials
from services.gateway.uploads import Uploads
from services.gateway.web.realm import Realm
from services.identity.account_client import AccountClient
from services.identity.client import IdentityClient
from services.identity.invitation_client import InvitationClient
from services.identity.session_client import SessionAuthenticator, SessionClient
from services.routing.client import RoutingClient
from services.routing.rules.client import RulesClient
from services.routing.service_levels.client import ServiceLevelsClient
from services.routing.staffing.client import StaffingClient
from services.tickets.client.broadcasts import BroadcastClient
from services.tickets.client.categories import CategoriesClient
from services.tickets.client.clocks import ClocksClient
from services.tickets.client.desk import DeskClient
from services.tickets.client.family import FamilyClient
from services.tickets.client.followers import FollowersClient
from services.tickets.client.macros import MacrosClient
from services.tickets.client.merges import MergeClient
from services.tickets.client.organisations import OrganisationsClient
from services.tickets.client.queue import QueueClient
from services.tickets.client.rule_runs import RuleRunsClient
from services.tickets.client.ticket_fields import TicketFieldsClient
from services.tickets.client.tickets import TicketsClient
from services.tickets.client.upcoming import UpcomingClient


@dataclass(frozen=True, slots=True)
class Services:
    """The services behind the gateway, and what tells them who is calling; `channels` are for the readiness check."""

    tickets: TicketsClient
    clocks: ClocksClient
    categories: CategoriesClient
    ticket_fields: TicketFieldsClient
    macros: MacrosClient
    organisations: OrganisationsClient
    upcoming: UpcomingClient
    service_levels: ServiceLevelsClient
    rules: RulesClient
    rule_runs: RuleRunsClient
    desk: DeskClient
    queue: QueueClient
    staffing: StaffingClient
    routing: RoutingClient
    identity: IdentityClient
    staff_names: StaffNames
    authenticator: Authenticator
    signer: PrincipalSigner
    links: LinkSigner
    channels: Mapping[str, grpc.aio.Channel]
    objects: ObjectStore
    accounts: AccountClient
    invitations: InvitationClient
    session_client: SessionClient
    sessions: SessionAuthenticator
    realm: Realm
    uploads: Uploads
    followers: FollowersClient
    families: FamilyClient
    merges: MergeClient
    broadcasts: BroadcastClient
    images: ImageLinks
    outbound: Outbound


class _Utf8Basic(HTTPBasic):
    """HTTP Basic whose user and password are UTF-8, as its challenge announces (RFC 7617, 2.1)."""

    async def __call__(self, request: HTTPConnection) -> HTTPBasicCredentials | None:  # type: ignore[override]
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            user, colon, password = b64decode(encoded.strip(), validate=True).decode().partition(":")
        except ValueError:
            return None
        return HTTPBasicCredentials(username=user, password=password) if colon else None


_ETAG = re.compile(r'^(\*|"(?P<version>[0-9]{1,18})")$')
_basic = _Utf8Basic(scheme_name="basic", description="E-mail and password of a user.", auto_error=False)
_bearer = HTTPBearer(scheme_name="bearer", description="An API token of POST /api/v1/tokens.", auto_error=False)


def services(request: Request) -> Services:
    """The services that the application was made with."""
    found: Services = request.app.state.services
    return found


# What FastAPI is to call is `async` also where it waits for nothing: it would call anything else in a thread.


async def _behind(request: Request) -> Services:
    return services(request)


async def _tickets(request: Request) -> TicketsClient:
    return services(request).tickets


async def _clocks(request: Request) -> ClocksClient:
    return services(request).clocks


async def _categories(request: Request) -> CategoriesClient:
    return services(request).categories


async def _ticket_fields(request: Request) -> TicketFieldsClient:
    return services(request).ticket_fields


async def _macros(request: Request) -> MacrosClient:
    return services(request).macros


async def _organisations(request: Request) -> OrganisationsClient:
    return services(request).organisations


async def _service_levels(request: Request) -> ServiceLevelsClient:
    return services(request).service_levels


async def _upcoming(request: Request) -> UpcomingClient:
    return services(request).upcoming


async def _rules(request: Request) -> RulesClient:
    return services(request).rules


async def _rule_runs(request: Request) -> RuleRunsClient:
    return services(request).rule_runs


async def _desk(request: Request) -> DeskClient:
    return services(request).desk


async def _queue(request: Request) -> QueueClient:
    return services(request).queue


async def _staffing(request: Request) -> StaffingClient:
    return services(request).staffing


async def _routing(request: Request) -> RoutingClient:
    return services(request).routing


async def _identity(request: Request) -> IdentityClient:
    return services(request).identity


async def _followers(request: Request) -> FollowersClient:
    return services(request).followers


async def _families(request: Request) -> FamilyClient:
    return services(request).families


async def _merges(request: Request) -> MergeClient:
    return services(request).merges


async def _broadcasts(request: Request) -> BroadcastClient:
    return services(request).broadcasts


async def _objects(request: Request) -> ObjectStore:
    return services(request).objects


Filter = Annotated[
    str,
    Query(
        alias="filter",
        max_length=1000,
        description='Terms joined by and: `is:open team:billing older:2d -tag:vip refund "late parcel"`.',
    ),
]
Behind = Annotated[Services, Depends(_behind)]
Objects = Annotated[ObjectStore, Depends(_objects)]
Tickets = Annotated[TicketsClient, Depends(_tickets)]
Clocks = Annotated[ClocksClient, Depends(_clocks)]
Categories = Annotated[CategoriesClient, Depends(_categories)]
TicketFields = Annotated[TicketFieldsClient, Depends(_ticket_fields)]
Macros = Annotated[MacrosClient, Depends(_macros)]
Organisations = Annotated[OrganisationsClient, Depends(_organisations)]
ServiceLevels = Annotated[ServiceLevelsClient, Depends(_service_levels)]
Upcoming = Annotated[UpcomingClient, Depends(_upcoming)]
Rules = Annotated[RulesClient, Depends(_rules)]
RuleRuns = Annotated[RuleRunsClient, Depends(_rule_runs)]


async def _trials(request: Request) -> Trials:
    behind = services(request)
    return Trials(behind.tickets, behind.desk, behind.rules)


RuleTrials = Annotated[Trials, Depends(_trials)]
Desk = Annotated[DeskClient, Depends(_desk)]
Queue = Annotated[QueueClient, Depends(_queue)]
Staffing = Annotated[StaffingClient, Depends(_staffing)]
Followers = Annotated[FollowersClient, Depends(_followers)]
Families = Annotated[FamilyClient, Depends(_families)]
Merges = Annotated[MergeClient, Depends(_merges)]
Broadcasts = Annotated[BroadcastClient, Depends(_broadcasts)]
Routing = Annotated[RoutingClient, Depends(_routing)]
Identity = Annotated[IdentityClient, Depends(_identity)]
BasicCredentials = Annotated[HTTPBasicCredentials | None, Depends(_basic)]
_BearerCredentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


async def _bearer_token(credentials: _BearerCredentials) -> str:
    if credentials is None:
        raise Unauthenticated(
            "Sign in: send the header `Authorization: Bearer <token>`, the token from /api/v1/tokens."
        )
    return credentials.credentials


BearerToken = Annotated[str, Depends(_bearer_token)]


async def _signed_in(request: Request, token: BearerToken) -> AsyncIterator[Principal]:
    behind = services(request)
    principal = await behind.authenticator.authenticate(token)
    with calling_as(behind.signer.sign(principal)):
        yield principal


SignedIn = Depends(_signed_in)
Caller = Annotated[Principal, SignedIn]


async def _directory(request: Request, caller: Caller) -> NameDirectory:
    behind = services(request)
    return NameDirectory(caller, behind.routing, behind.staff_names)


Directory = Annotated[NameDirectory, Depends(_directory)]


async def _source(request: Request) -> str:
    # X-Forwarded-For is for anybody to write: only the connection tells where a caller comes from.
    return request.client.host if request.client else ""


Source = Annotated[str, Depends(_source)]


async def _request_id(
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=100,
            pattern=r"^[\x21-\x7e]+$",
            description="The same key with the same content, from the same caller, is served once; with other content"
            " it is refused (422).",
        ),
    ] = None,
) -> str:
    # Without a key the call is still safe to repeat between here and the service.
    return idempotency_key or uuid4().hex


RequestId = Annotated[str, Depends(_request_id)]


async def _expected_version(
    if_match: Annotated[
        str | None,
        Header(
            description='The `ETag` of the ticket as you saw it, e.g. `"7"`; 412 if it changed meanwhile.',
            json_schema_extra={"pattern": _ETAG.pattern},
        ),
    ] = None,
) -> int:
    """0 means: whatever the version is."""
    match = _ETAG.fullmatch("*" if if_match is None else if_match.strip())
    if match is None:
        message = 'must be the ETag of a ticket, e.g. "7"'
        raise Invalid(f"The header If-Match {message}.", violations={"If-Match": message})
    return int(match["version"] or 0)


ExpectedVersion = Annotated[int, Depends(_expected_version)]

TicketKey = Annotated[str, Path(description="The ticket's id or number.")]


async def named_ticket(ticket_id: str, tickets: TicketsClient) -> UUID:
    """The id of the ticket with this id or number; NotFound."""
    if ticket_id.isascii() and ticket_id.isdigit():
        return (await tickets.get_ticket(ticket_id)).id
    try:
        return UUID(ticket_id)
    except ValueError:
        raise NotFound("This ticket does not exist.") from None


async def _ticket_id(ticket_id: TicketKey, tickets: Tickets) -> UUID:
    return await named_ticket(ticket_id, tickets)


TicketId = Annotated[UUID, Depends(_ticket_id)]

Cursor = Annotated[str, Query(max_length=1000, description="`next_cursor` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=100, description="The most items on a page.")]


def require_something(changes: Mapping[str, object]) -> None:
    """Invalid when a request that should change something names nothing to change."""
    if not changes:
        raise Invalid("The body names no field to change.", violations={"body": "must have at least one field"})
