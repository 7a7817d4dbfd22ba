"""Sessions on the pages: whose they are, how long they last, and what ends them."""

from collections.abc import AsyncIterator

import pytest
from psycopg import AsyncConnection

from services.domain.errors import Unauthenticated
from services.domain.principal import Role
from services.domain.session import IDLE_LIFETIME, LONGEST_LIFETIME
from services.domain.user import UserChange
from services.identity.client import ExchangingAuthenticator, IdentityClient
from services.identity.session_client import SessionAuthenticator, SessionClient
from tests.conftest import DatabaseUrl
from tests.people import (
    PASSWORD,
    SIGNER,
    THE_OWNER,
    Clock,
    identity_as,
    make_account,
    principal_of,
    running_identity,
    sessions_as,
)


@pytest.fixture
async def url(database_url: DatabaseUrl) -> str:
    return await database_url("identity")


@pytest.fixture
async def address(url: str) -> AsyncIterator[str]:
    async with running_identity(url) as address:
        yield address


@pytest.fixture
async def accounts(address: str) -> AsyncIterator[IdentityClient]:
    async with identity_as(THE_OWNER, address) as client:
        yield client


@pytest.fixture
async def sessions(address: str) -> AsyncIterator[SessionClient]:
    async with sessions_as(THE_OWNER, address) as client:
        yield client


async def sign_in(sessions: SessionClient, name: str = "ann", *, user_agent: str = "Browser") -> str:
    issued = await sessions.create_session(
        f"{name}@example.com", PASSWORD, source="192.0.2.1", user_agent=user_agent, device=""
    )
    return issued.token


async def shift(url: str, statement: str) -> None:
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute(f"update identity.sessions set {statement}".encode())


async def test_a_session_stands_for_its_user_and_each_sign_in_makes_another(
    accounts: IdentityClient, sessions: SessionClient
) -> None:
    user = await make_account(accounts)
    tokens = {await sign_in(sessions), await sign_in(sessions)}
    assert len(tokens) == 2
    for token in tokens:
        assert SIGNER.verify(await sessions.exchange_session(token)) == principal_of(user)


async def test_a_session_is_no_api_token_and_an_api_token_is_no_session(
    accounts: IdentityClient, sessions: SessionClient
) -> None:
    await make_account(accounts)
    session = await sign_in(sessions)
    token = (await accounts.create_token("ann@example.com", PASSWORD, source="test")).token
    for refused in (
        accounts.exchange_token(session),
        sessions.exchange_session(token),
        ExchangingAuthenticator(accounts, SIGNER).authenticate(session),
        SessionAuthenticator(sessions, SIGNER).authenticate(token),
        SessionAuthenticator(sessions, SIGNER).authenticate(SIGNER.sign(THE_OWNER)),
    ):
        with pytest.raises(Unauthenticated):
            await refused


async def test_a_customer_gets_no_session(accounts: IdentityClient, sessions: SessionClient, url: str) -> None:
    await make_account(accounts)
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute("update identity.users set role = 'customer', contact_id = gen_random_uuid()")
    with pytest.raises(Unauthenticated):
        await sign_in(sessions)


@pytest.mark.parametrize("how", ["signed out", "signed out elsewhere", "deactivated", "new password"])
async def test_a_session_that_ended_is_refused_within_5_seconds(
    accounts: IdentityClient, sessions: SessionClient, address: str, how: str
) -> None:
    user, clock = await make_account(accounts), Clock()
    authenticator = SessionAuthenticator(sessions, SIGNER, clock=clock)
    token = await sign_in(sessions)
    await authenticator.authenticate(token)
    match how:
        case "signed out":
            await sessions.end_session(token)
        case "signed out elsewhere":
            async with sessions_as(principal_of(user), address) as own:
                await own.end_sessions(keep_token=await sign_in(sessions))
        case "deactivated":
            await accounts.update_user(user.id, UserChange(active=False))
        case "new password":
            await accounts.update_user(user.id, UserChange(password="another password"))
    clock.now += 5
    with pytest.raises(Unauthenticated):
        await authenticator.authenticate(token)


async def test_a_process_that_ended_a_session_refuses_it_at_once(
    accounts: IdentityClient, sessions: SessionClient
) -> None:
    await make_account(accounts)
    authenticator = SessionAuthenticator(sessions, SIGNER, clock=Clock())
    token = await sign_in(sessions)
    await authenticator.authenticate(token)
    await sessions.end_session(token)
    authenticator.forget(token)
    with pytest.raises(Unauthenticated):
        await authenticator.authenticate(token)


async def test_a_session_ends_when_nobody_uses_it(accounts: IdentityClient, sessions: SessionClient, url: str) -> None:
    await make_account(accounts)
    token = await sign_in(sessions)
    hours = IDLE_LIFETIME.total_seconds() / 3600
    await shift(url, f"seen_at = seen_at - interval '{hours - 1} hours'")
    await sessions.exchange_session(token)
    # That was a use, so the idle time begins anew.
    await shift(url, f"seen_at = seen_at - interval '{hours - 1} hours'")
    await sessions.exchange_session(token)
    await shift(url, f"seen_at = seen_at - interval '{hours} hours'")
    with pytest.raises(Unauthenticated):
        await sessions.exchange_session(token)


async def test_a_session_ends_however_much_it_is_used(
    accounts: IdentityClient, sessions: SessionClient, url: str
) -> None:
    await make_account(accounts)
    token = await sign_in(sessions)
    await shift(url, f"created_at = created_at - interval '{LONGEST_LIFETIME.days} days'")
    with pytest.raises(Unauthenticated):
        await sessions.exchange_session(token)


async def test_people_see_and_end_their_own_sessions_and_nobody_elses(
    accounts: IdentityClient, sessions: SessionClient, address: str
) -> None:
    ann, bob = await make_account(accounts), await make_account(accounts, "bob", Role.LIGHT_AGENT)
    here, there = await sign_in(sessions, user_agent="Here"), await sign_in(sessions, user_agent=" The\x00re\n")
    of_bob = await sign_in(sessions, "bob")
    async with sessions_as(principal_of(ann), address) as own:
        listed = await own.list_sessions(here)
        assert {(session.user_agent, session.is_current) for session in listed} == {("Here", True), ("The re", False)}
        await own.end_sessions(keep_token=here)
        assert [session.user_agent for session in await own.list_sessions(here)] == ["Here"]
        await own.end_sessions()
        assert await own.list_sessions(here) == ()
    for ended in (here, there):
        with pytest.raises(Unauthenticated):
            await sessions.exchange_session(ended)
    assert SIGNER.verify(await sessions.exchange_session(of_bob)) == principal_of(bob)


async def test_ended_sessions_do_not_heap_up(accounts: IdentityClient, sessions: SessionClient, url: str) -> None:
    await make_account(accounts)
    for _ in range(3):
        await sessions.end_session(await sign_in(sessions))
    await sign_in(sessions)
    async with await AsyncConnection.connect(url) as connection:
        count = await (await connection.execute("select count(*) from identity.sessions")).fetchone()
    assert count == (1,)
