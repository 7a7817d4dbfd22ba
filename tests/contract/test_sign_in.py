"""Signing in: the same answer whatever is wrong, and limits that survive a restart."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import structlog
from psycopg import AsyncConnection

from services.domain.errors import ResourceExhausted, Unauthenticated
from services.domain.principal import Role
from services.domain.session import IssuedSession
from services.domain.user import UserChange
from services.identity.client import IdentityClient
from services.identity.session_client import SessionClient
from services.identity.store.sign_ins import (
    FAILURES_PER_ACCOUNT,
    FAILURES_PER_DEVICE,
    FAILURES_PER_PAIR,
    FAILURES_PER_SOURCE,
)
from tests.conftest import DatabaseUrl
from tests.people import PASSWORD, THE_OWNER, identity_as, make_account, running_identity, sessions_as


@pytest.fixture
async def url(database_url: DatabaseUrl) -> str:
    return await database_url("identity")


@pytest.fixture
async def client(url: str) -> AsyncIterator[IdentityClient]:
    async with running_identity(url) as address, identity_as(THE_OWNER, address) as client:
        yield client


@pytest.fixture
async def sessions(url: str) -> AsyncIterator[SessionClient]:
    async with running_identity(url) as address, sessions_as(THE_OWNER, address) as sessions:
        yield sessions


async def attempt(client: IdentityClient, email: str, password: str = PASSWORD, *, source: str = "192.0.2.1") -> str:
    """How an attempt to sign in ends: a token's prefix, or the error's class and words."""
    try:
        return (await client.create_token(email, password, source=source)).token[:3]
    except (Unauthenticated, ResourceExhausted) as error:
        return f"{type(error).__name__}: {error.message}"


async def browse(
    sessions: SessionClient, name: str = "ann", *, password: str = PASSWORD, device: str = ""
) -> IssuedSession:
    return await sessions.create_session(
        f"{name}@example.com", password, source="192.0.2.1", user_agent="", device=device
    )


async def fail(
    client: IdentityClient, times: int, email: str = "ann@example.com", *, source: str = "192.0.2.1"
) -> None:
    for _ in range(times):
        assert (await attempt(client, email, "wrong password", source=source)).startswith("Unauthenticated")


async def test_the_right_password_gives_a_token_whatever_the_case_of_the_address(client: IdentityClient) -> None:
    await make_account(client)
    assert await attempt(client, " Ann@EXAMPLE.com ") == "dd_"


async def test_no_answer_tells_whether_there_is_such_an_account(client: IdentityClient) -> None:
    await make_account(client)
    gone = await make_account(client, "gone")
    await client.update_user(gone.id, UserChange(active=False))
    attempts = [
        ("ann@example.com", "wrong password"),
        ("ann@example.com", ""),
        ("nobody@example.com", PASSWORD),
        ("gone@example.com", PASSWORD),
        ("no address at all", PASSWORD),
        ("ann@example.com\x00", PASSWORD),
        ("", ""),
    ]
    assert len({await attempt(client, email, password) for email, password in attempts}) == 1


@pytest.mark.parametrize("email", ["ann@example.com", "nobody@example.com"])
async def test_ten_failures_shut_an_account_for_their_source_whether_it_exists_or_not(
    client: IdentityClient, email: str
) -> None:
    await make_account(client)
    await make_account(client, "bob")
    await fail(client, FAILURES_PER_PAIR, email)
    with pytest.raises(ResourceExhausted, match=r"try again in \d+ seconds") as caught:
        await client.create_token(email.upper(), PASSWORD, source="192.0.2.1")
    assert 800 < int(caught.value.metadata["retry_after_seconds"]) <= 900
    assert await attempt(client, "bob@example.com") == "dd_"


async def test_a_guesser_shuts_out_nobody_who_comes_from_elsewhere(client: IdentityClient) -> None:
    await make_account(client)
    await fail(client, FAILURES_PER_PAIR)
    assert await attempt(client, "ann@example.com", source="198.51.100.7") == "dd_"


async def test_a_guesser_with_many_addresses_shuts_out_only_browsers_that_never_signed_in(
    url: str, client: IdentityClient, sessions: SessionClient
) -> None:
    await make_account(client)
    known = (await browse(sessions)).device
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute(
            "insert into identity.sign_in_failures (account, source)"
            " select sha256('account:ann@example.com'), sha256(n::text::bytea) from generate_series(1, %s) as n",
            (FAILURES_PER_ACCOUNT,),
        )
    assert (await attempt(client, "ann@example.com", source="198.51.100.7")).startswith("ResourceExhausted")
    assert (await browse(sessions, device=known)).token


async def test_a_known_browser_has_a_limit_of_its_own_and_only_for_its_account(
    client: IdentityClient, sessions: SessionClient
) -> None:
    await make_account(client)
    await make_account(client, "bob")
    mine, other = (await browse(sessions)).device, (await browse(sessions, "bob")).device
    for _ in range(FAILURES_PER_DEVICE):
        with pytest.raises(Unauthenticated):
            await browse(sessions, password="wrong password", device=mine)
    with pytest.raises(ResourceExhausted):
        await browse(sessions, device=mine)
    assert (await browse(sessions, device=other)).token
    assert (await browse(sessions, device="no mark")).token


async def test_guesses_made_at_once_do_not_get_round_the_limit(client: IdentityClient) -> None:
    await make_account(client)
    guesses = [attempt(client, "ann@example.com", f"wrong password {number}") for number in range(15)]
    answers = [answer.partition(":")[0] for answer in await asyncio.gather(*guesses)]
    assert answers.count("Unauthenticated") == FAILURES_PER_PAIR
    assert answers.count("ResourceExhausted") == 15 - FAILURES_PER_PAIR


async def test_a_source_that_tries_many_accounts_is_shut_and_others_are_not(client: IdentityClient) -> None:
    await make_account(client)
    for number in range(FAILURES_PER_SOURCE):
        await fail(client, 1, f"user{number}@example.com")
    assert (await attempt(client, "ann@example.com")).startswith("ResourceExhausted")
    assert await attempt(client, "ann@example.com", source="198.51.100.7") == "dd_"


async def test_the_limit_survives_a_restart_and_ends_after_15_minutes(url: str) -> None:
    async with running_identity(url) as address, identity_as(THE_OWNER, address) as client:
        await make_account(client)
        await fail(client, FAILURES_PER_PAIR)
    async with running_identity(url) as address, identity_as(THE_OWNER, address) as client:
        assert (await attempt(client, "ann@example.com")).startswith("ResourceExhausted")
        async with await AsyncConnection.connect(url, autocommit=True) as connection:
            await connection.execute(
                "update identity.sign_in_failures set failed_at = failed_at - interval '15 minutes'"
            )
            assert await attempt(client, "ann@example.com") == "dd_"
            await fail(client, 1)
            count = await (await connection.execute("select count(*) from identity.sign_in_failures")).fetchone()
            assert count == (1,)


async def test_signing_in_rightly_is_no_failure(client: IdentityClient) -> None:
    await make_account(client)
    for _ in range(FAILURES_PER_PAIR + 1):
        assert await attempt(client, "ann@example.com") == "dd_"


async def test_neither_password_nor_token_nor_address_is_logged(client: IdentityClient) -> None:
    with structlog.testing.capture_logs() as logs:
        await make_account(client, "canary", Role.AGENT)
        token = (await client.create_token("canary@example.com", PASSWORD, source="s")).token
        await client.exchange_token(token)
        await attempt(client, "canary@example.com", "canary password")
    assert logs
    for secret in (PASSWORD, token, "canary"):
        assert secret not in str(logs)
