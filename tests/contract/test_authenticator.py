"""What a public door accepts: users' opaque tokens, exchanged at identity, and signed principals."""

import asyncio
from collections.abc import AsyncIterator

import grpc
import pytest

from services.common.channel import open_channel
from services.domain.errors import Unauthenticated, Unavailable
from services.domain.principal import Principal, Role
from services.domain.user import UserChange
from services.identity.client import ExchangingAuthenticator, IdentityClient
from tests.conftest import DatabaseUrl
from tests.people import PASSWORD, SIGNER, THE_OWNER, Clock, identity_as, make_account, principal_of, running_identity


class CountingClient(IdentityClient):
    """The client itself, counting what it is asked."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        super().__init__(channel)
        self.exchanges = 0
        self.asked = asyncio.Event()

    async def exchange_token(self, token: str) -> str:
        self.exchanges += 1
        self.asked.set()
        return await super().exchange_token(token)


@pytest.fixture
async def address(database_url: DatabaseUrl) -> AsyncIterator[str]:
    async with running_identity(await database_url("identity")) as address:
        yield address


@pytest.fixture
async def client(address: str) -> AsyncIterator[CountingClient]:
    async with open_channel(address, credentials=lambda: SIGNER.sign(THE_OWNER)) as channel:
        yield CountingClient(channel)


async def sign_in(client: IdentityClient, name: str) -> str:
    return (await client.create_token(f"{name}@example.com", PASSWORD, source="test")).token


async def test_a_users_token_stands_for_them(client: CountingClient) -> None:
    user = await make_account(client)
    authenticator = ExchangingAuthenticator(client, SIGNER)
    assert await authenticator.authenticate(await sign_in(client, "ann")) == principal_of(user)


async def test_a_signed_principal_is_taken_without_asking(client: CountingClient) -> None:
    relay = Principal("relay", Role.SERVICE)
    assert await ExchangingAuthenticator(client, SIGNER).authenticate(SIGNER.sign(relay)) == relay
    assert client.exchanges == 0


@pytest.mark.parametrize("token", ["dd_unknown", "nonsense", "", "dd_"])
async def test_what_stands_for_nobody_is_refused(client: CountingClient, token: str) -> None:
    with pytest.raises(Unauthenticated):
        await ExchangingAuthenticator(client, SIGNER).authenticate(token)


@pytest.mark.parametrize("how", ["revoked", "deactivated", "new password"])
async def test_a_token_that_ended_is_refused_5_seconds_after_it_was_last_asked_for(
    client: CountingClient, how: str
) -> None:
    user, clock = await make_account(client), Clock()
    authenticator = ExchangingAuthenticator(client, SIGNER, clock=clock)
    token = await sign_in(client, "ann")
    await authenticator.authenticate(token)
    match how:
        case "revoked":
            await client.revoke_token(token)
        case "deactivated":
            await client.update_user(user.id, UserChange(active=False))
        case "new password":
            await client.update_user(user.id, UserChange(password="another password"))
    clock.now += 4.9
    await authenticator.authenticate(token)
    clock.now += 0.1
    with pytest.raises(Unauthenticated):
        await authenticator.authenticate(token)


async def test_identity_is_asked_once_in_5_seconds_and_once_by_many_at_once(client: CountingClient) -> None:
    await make_account(client)
    clock = Clock()
    authenticator = ExchangingAuthenticator(client, SIGNER, clock=clock)
    token = await sign_in(client, "ann")
    for expected in (1, 2):
        await asyncio.gather(*(authenticator.authenticate(token) for _ in range(5)))
        await authenticator.authenticate(token)
        assert client.exchanges == expected
        clock.now += 5


async def test_a_caller_who_goes_away_takes_nothing_from_the_others(client: CountingClient) -> None:
    user = await make_account(client)
    authenticator = ExchangingAuthenticator(client, SIGNER)
    token = await sign_in(client, "ann")
    first = asyncio.create_task(authenticator.authenticate(token))
    second = asyncio.create_task(authenticator.authenticate(token))
    await client.asked.wait()
    first.cancel()
    assert await second == principal_of(user)
    assert client.exchanges == 1


async def test_what_is_kept_is_bounded_and_the_oldest_goes_first(client: CountingClient) -> None:
    await make_account(client)
    authenticator = ExchangingAuthenticator(client, SIGNER, keep_at_most=2, clock=Clock())
    tokens = [await sign_in(client, "ann") for _ in range(3)]
    for token in tokens:
        await authenticator.authenticate(token)
    assert client.exchanges == 3
    await authenticator.authenticate(tokens[2])
    await authenticator.authenticate(tokens[1])
    assert client.exchanges == 3
    await authenticator.authenticate(tokens[0])
    assert client.exchanges == 4


async def test_without_identity_a_new_token_is_not_taken_for_a_bad_one(database_url: DatabaseUrl) -> None:
    async with running_identity(await database_url("identity")) as address:
        pass
    async with identity_as(THE_OWNER, address) as client:
        with pytest.raises(Unavailable):
            await ExchangingAuthenticator(client, SIGNER).authenticate("dd_anything")
