"""What people do with their own account, and with no other."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from services.common.channel import open_channel
from services.domain.errors import Invalid, InvalidTransition, NotFound, Unauthenticated
from services.domain.user import User
from services.identity.account_client import AccountClient
from services.identity.client import IdentityClient
from services.identity.session_client import SessionClient
from services.identity.store.api_tokens import MOST_TOKENS
from tests.conftest import DatabaseUrl
from tests.people import PASSWORD, SIGNER, THE_OWNER, identity_as, make_account, principal_of, running_identity

OTHER_PASSWORD = "another correct horse"


@pytest.fixture
async def address(database_url: DatabaseUrl) -> AsyncIterator[str]:
    async with running_identity(await database_url("identity")) as address:
        yield address


@pytest.fixture
async def identity(address: str) -> AsyncIterator[IdentityClient]:
    async with identity_as(THE_OWNER, address) as client:
        yield client


@pytest.fixture
async def ann(identity: IdentityClient) -> User:
    return await make_account(identity)


@pytest.fixture
async def account(address: str, ann: User) -> AsyncIterator[AccountClient]:
    async with open_channel(address, credentials=lambda: SIGNER.sign(principal_of(ann))) as channel:
        yield AccountClient(channel)


@pytest.fixture
async def sessions(address: str) -> AsyncIterator[SessionClient]:
    async with open_channel(address) as channel:
        yield SessionClient(channel)


async def test_people_call_themselves_what_they_like(account: AccountClient, ann: User) -> None:
    assert (await account.update_account("  Ann Smith ")).name == "Ann Smith"
    assert (await account.get_account()).id == ann.id
    with pytest.raises(Invalid):
        await account.update_account(" ")


async def test_another_password_ends_all_sessions_and_tokens_and_begins_a_new_session(
    account: AccountClient, identity: IdentityClient, sessions: SessionClient
) -> None:
    before = await sessions.create_session("ann@example.com", PASSWORD, source="s", user_agent="", device="")
    token = (await account.create_api_token("export")).token
    after = await account.change_password(PASSWORD, OTHER_PASSWORD, source="s", user_agent="", device=before.device)
    assert after.token != before.token
    await sessions.exchange_session(after.token)
    for ended in (sessions.exchange_session(before.token), identity.exchange_token(token)):
        with pytest.raises(Unauthenticated):
            await ended
    await sessions.create_session("ann@example.com", OTHER_PASSWORD, source="s", user_agent="", device="")


@pytest.mark.parametrize(
    ("present", "new", "field"),
    [("a wrong secret", OTHER_PASSWORD, "current_password"), (PASSWORD, "short", "new_password")],
)
async def test_a_password_is_changed_by_whoever_knows_it_to_one_that_is_long_enough(
    account: AccountClient, sessions: SessionClient, present: str, new: str, field: str
) -> None:
    with pytest.raises(Invalid) as caught:
        await account.change_password(present, new, source="s", user_agent="", device="")
    assert list(caught.value.violations) == [field]
    await sessions.create_session("ann@example.com", PASSWORD, source="s", user_agent="", device="")


async def test_people_make_and_end_their_own_tokens_and_nobody_elses(
    account: AccountClient, identity: IdentityClient, address: str
) -> None:
    issued = await account.create_api_token(" nightly export ")
    (token,) = await account.list_api_tokens()
    assert (token.name, token.expires_at) == ("nightly export", issued.expires_at)
    bob = await make_account(identity, "bob")
    async with open_channel(address, credentials=lambda: SIGNER.sign(principal_of(bob))) as channel:
        assert await AccountClient(channel).list_api_tokens() == ()
        with pytest.raises(NotFound):
            await AccountClient(channel).revoke_api_token(token.id)
    await identity.exchange_token(issued.token)
    await account.revoke_api_token(token.id)
    for again in (account.revoke_api_token(token.id), account.revoke_api_token(uuid4())):
        with pytest.raises(NotFound):
            await again
    with pytest.raises(Unauthenticated):
        await identity.exchange_token(issued.token)
    with pytest.raises(Invalid):
        await account.create_api_token("")


async def test_nobody_heaps_up_tokens(account: AccountClient) -> None:
    for number in range(MOST_TOKENS):
        await account.create_api_token(f"token {number}")
    with pytest.raises(InvalidTransition):
        await account.create_api_token("one more")
