"""identity over a real channel on a real database: accounts and tokens."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from duradesk.identity.v1 import identity_service_pb2 as pb
from duradesk.identity.v1 import identity_service_pb2_grpc as pb_grpc
from psycopg import AsyncConnection
from pydantic import SecretStr

from services.common.channel import open_channel
from services.common.database import Database
from services.domain.errors import AlreadyExists, Forbidden, Invalid, InvalidTransition, NotFound, Unauthenticated
from services.domain.principal import Principal, Role
from services.domain.user import NewUser, UserChange
from services.identity.bootstrap import bootstrap_owner
from services.identity.client import IdentityClient
from services.identity.passwords import Passwords
from services.identity.settings import IdentitySettings
from services.identity.store.sign_ins import SignInStore
from services.identity.store.statements import CONSTRAINT_ERRORS
from services.identity.store.users import IdentityStore
from tests.conftest import DatabaseUrl
from tests.people import PASSWORD, SIGNER, THE_OWNER, identity_as, make_account, principal_of, running_identity


@pytest.fixture
async def url(database_url: DatabaseUrl) -> str:
    return await database_url("identity")


@pytest.fixture
async def address(url: str) -> AsyncIterator[str]:
    async with running_identity(url) as address:
        yield address


@pytest.fixture
async def client(address: str) -> AsyncIterator[IdentityClient]:
    async with identity_as(THE_OWNER, address) as client:
        yield client


async def sign_in(client: IdentityClient, name: str = "ann", password: str = PASSWORD) -> str:
    return (await client.create_token(f"{name}@example.com", password, source="test")).token


async def test_an_account_is_found_as_it_was_made(client: IdentityClient) -> None:
    made = await client.create_user(NewUser("Ann@Example.com", " Ann ", Role.LIGHT_AGENT), PASSWORD)
    assert (made.email, made.name, made.role, made.active) == ("ann@example.com", "Ann", Role.LIGHT_AGENT, True)
    assert await client.get_user(made.id) == made


async def test_an_address_is_taken_in_whatever_case(client: IdentityClient) -> None:
    await make_account(client)
    with pytest.raises(AlreadyExists) as caught:
        await client.create_user(NewUser("ANN@example.com", "Other", Role.AGENT), PASSWORD)
    assert caught.value.reason == "EMAIL_TAKEN"


async def test_a_short_password_is_refused_at_making_and_at_changing(client: IdentityClient) -> None:
    with pytest.raises(Invalid, match="password must have 10"):
        await client.create_user(NewUser("ann@example.com", "Ann", Role.AGENT), "too short")
    user = await make_account(client)
    with pytest.raises(Invalid, match="password must have 10"):
        await client.update_user(user.id, UserChange(password="too short"))


async def test_an_unknown_user_is_not_found(client: IdentityClient) -> None:
    with pytest.raises(NotFound):
        await client.get_user(uuid4())
    with pytest.raises(NotFound):
        await client.update_user(uuid4(), UserChange(name="Eve"))


@pytest.mark.parametrize("user_id", ["", "nobody", "1; DROP TABLE users"])
async def test_what_is_no_id_names_nobody(address: str, user_id: str) -> None:
    async with open_channel(address, credentials=lambda: SIGNER.sign(THE_OWNER)) as channel:
        with pytest.raises(NotFound):
            await pb_grpc.IdentityServiceStub(channel).GetUser(pb.GetUserRequest(user_id=user_id))


@pytest.mark.parametrize("paths", [[], ["email"], ["name", "contact_id"], ["*"], ["role"]])
async def test_an_update_names_fields_that_change_and_gives_them(address: str, paths: list[str]) -> None:
    async with identity_as(THE_OWNER, address) as client:
        user = await make_account(client)
    request = pb.UpdateUserRequest(user=pb.User(id=str(user.id)))
    request.update_mask.paths.extend(paths)
    async with open_channel(address, credentials=lambda: SIGNER.sign(THE_OWNER)) as channel:
        with pytest.raises(Invalid):
            await pb_grpc.IdentityServiceStub(channel).UpdateUser(request)


async def test_an_update_changes_what_it_names_and_nothing_else(client: IdentityClient) -> None:
    user = await make_account(client)
    changed = await client.update_user(user.id, UserChange(name="Eve", role=Role.ADMIN))
    assert (changed.name, changed.role, changed.active, changed.email) == ("Eve", Role.ADMIN, True, user.email)
    assert await client.get_user(user.id) == changed
    await sign_in(client)


async def test_users_are_listed_by_address_page_by_page_and_customers_only_when_asked_for(address: str) -> None:
    async with identity_as(THE_OWNER, address) as client:
        for name in ("eve", "ann", "bob"):
            await make_account(client, name)
        await client.create_user(NewUser("carl@example.com", "Carl", Role.CUSTOMER, uuid4()), PASSWORD)
        assert [user.name for user in await client.list_users()] == ["Ann", "Bob", "Eve"]
        everybody = await client.list_users(include_customers=True)
        assert [user.name for user in everybody] == ["Ann", "Bob", "Carl", "Eve"]
    async with open_channel(address, credentials=lambda: SIGNER.sign(THE_OWNER)) as channel:
        stub, names, request = pb_grpc.IdentityServiceStub(channel), [], pb.ListUsersRequest(page_size=1)
        while True:
            page = await stub.ListUsers(request)
            names.append([user.name for user in page.users])
            if not page.next_page_token:
                break
            request.page_token = page.next_page_token
        assert names == [["Ann"], ["Bob"], ["Eve"], []]


@pytest.mark.parametrize("page_token", ["x", "ü", "%00", "////", "%%%", "W10=", "YUBi!"])
async def test_a_page_token_that_is_none_of_ours_is_refused(address: str, page_token: str) -> None:
    async with open_channel(address, credentials=lambda: SIGNER.sign(THE_OWNER)) as channel:
        with pytest.raises(Invalid, match="page_token"):
            await pb_grpc.IdentityServiceStub(channel).ListUsers(pb.ListUsersRequest(page_token=page_token))


async def test_an_admin_manages_agents_and_no_admins(client: IdentityClient, address: str) -> None:
    admin = await make_account(client, "admin", Role.ADMIN)
    other = await make_account(client, "other", Role.ADMIN)
    async with identity_as(principal_of(admin), address) as by_admin:
        agent = await make_account(by_admin, "agent")
        assert (await by_admin.update_user(agent.id, UserChange(name="Eve"))).name == "Eve"
        with pytest.raises(Forbidden):
            await make_account(by_admin, "more", Role.ADMIN)
        with pytest.raises(Forbidden):
            await by_admin.update_user(other.id, UserChange(password="another password"))
        with pytest.raises(Forbidden):
            await by_admin.update_user(agent.id, UserChange(role=Role.OWNER))


async def test_of_two_owners_who_remove_each_other_at_once_one_stays(client: IdentityClient) -> None:
    users = [await make_account(client, name, Role.OWNER) for name in ("ann", "bob")]
    removals = [client.update_user(user.id, UserChange(active=False)) for user in users]
    results = await asyncio.gather(*removals, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["InvalidTransition", "User"]


async def test_the_last_owner_is_not_made_something_else(client: IdentityClient) -> None:
    owner = await make_account(client, "ann", Role.OWNER)
    with pytest.raises(InvalidTransition) as caught:
        await client.update_user(owner.id, UserChange(role=Role.ADMIN))
    assert caught.value.reason == "LAST_OWNER"


async def test_a_token_stands_for_its_user_and_is_kept_as_a_hash_alone(client: IdentityClient, url: str) -> None:
    contact_id = uuid4()
    user = await client.create_user(NewUser("carl@example.com", "Carl", Role.CUSTOMER, contact_id), PASSWORD)
    token = await sign_in(client, "carl")
    principal = SIGNER.verify(await client.exchange_token(token))
    assert principal == Principal(str(user.id), Role.CUSTOMER, contact_id)
    assert token.startswith("dd_")
    async with await AsyncConnection.connect(url) as connection:
        rows = await (
            await connection.execute("select u::text, t::text from identity.users u, identity.tokens t")
        ).fetchall()
        assert token not in str(rows)
        assert token.removeprefix("dd_") not in str(rows)
        assert PASSWORD not in str(rows)


async def test_a_token_lasts_90_days(client: IdentityClient, url: str) -> None:
    await make_account(client)
    token = await sign_in(client)
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute(
            "update identity.tokens set expires_at = expires_at - interval '90 days' + interval '1 hour'"
        )
        await client.exchange_token(token)
        await connection.execute("update identity.tokens set expires_at = expires_at - interval '1 hour'")
    with pytest.raises(Unauthenticated):
        await client.exchange_token(token)


@pytest.mark.parametrize("token", ["", "dd_", "dd_unknown", "nonsense", "dd_" + "x" * 5000, "dd_\x00"])
async def test_an_unknown_token_stands_for_nobody(client: IdentityClient, token: str) -> None:
    with pytest.raises(Unauthenticated):
        await client.exchange_token(token)
    await client.revoke_token(token)


async def test_a_revoked_token_is_dead_and_the_users_others_live(client: IdentityClient) -> None:
    await make_account(client)
    first, second = await sign_in(client), await sign_in(client)
    await client.revoke_token(first)
    await client.revoke_token(first)
    with pytest.raises(Unauthenticated):
        await client.exchange_token(first)
    await client.exchange_token(second)


@pytest.mark.parametrize("change", [UserChange(active=False), UserChange(password="another password")])
async def test_deactivation_and_a_new_password_end_all_tokens_at_once(
    client: IdentityClient, change: UserChange
) -> None:
    user = await make_account(client)
    bystander = await make_account(client, "bob")
    tokens = [await sign_in(client), await sign_in(client)]
    others = await sign_in(client, "bob")
    await client.update_user(user.id, change)
    for token in tokens:
        with pytest.raises(Unauthenticated):
            await client.exchange_token(token)
    assert SIGNER.verify(await client.exchange_token(others)).subject == str(bystander.id)


async def test_a_user_made_active_again_signs_in_anew(client: IdentityClient) -> None:
    user = await make_account(client)
    token = await sign_in(client)
    await client.update_user(user.id, UserChange(active=False))
    with pytest.raises(Unauthenticated):
        await sign_in(client)
    await client.update_user(user.id, UserChange(active=True))
    with pytest.raises(Unauthenticated):
        await client.exchange_token(token)
    await client.exchange_token(await sign_in(client))


async def test_a_sign_in_overtaken_by_a_new_password_gets_no_token(client: IdentityClient, url: str) -> None:
    user = await make_account(client)
    async with Database(url, schema="identity", max_size=2) as database:
        store = IdentityStore(database)
        checked = await SignInStore(database).find_credentials(user.email)
        assert checked is not None
        await client.update_user(user.id, UserChange(password="another password"))
        assert await store.create_token(checked) is None


async def test_a_fresh_desk_gets_one_owner_however_many_start_at_once(url: str) -> None:
    settings = IdentitySettings(owner_email="Owner@localhost", owner_password=SecretStr(PASSWORD))
    async with Database(url, schema="identity", constraint_errors=CONSTRAINT_ERRORS) as database:
        store, passwords = IdentityStore(database), Passwords()
        await asyncio.gather(*(bootstrap_owner(store, passwords, settings) for _ in range(4)))
        await bootstrap_owner(
            store, passwords, IdentitySettings(owner_email="b@localhost", owner_password=SecretStr(PASSWORD))
        )
        users = await store.list_users(include_customers=True, after="", limit=10)
    assert [(user.email, user.role, user.active) for user in users] == [("owner@localhost", Role.OWNER, True)]


async def test_without_a_password_for_the_first_owner_identity_starts_all_the_same(url: str) -> None:
    async with Database(url, schema="identity", constraint_errors=CONSTRAINT_ERRORS) as database:
        store = IdentityStore(database)
        await bootstrap_owner(store, Passwords(), IdentitySettings(owner_password=SecretStr("")))
        assert not await store.has_owner()


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        (IdentitySettings(owner_email="nobody", owner_password=SecretStr(PASSWORD)), "DURADESK_OWNER_EMAIL is wrong"),
        (IdentitySettings(owner_password=SecretStr("short")), "DURADESK_OWNER_PASSWORD is wrong: it must have 10"),
    ],
)
async def test_a_first_owner_that_cannot_be_ends_the_process_with_a_sentence(
    url: str, settings: IdentitySettings, problem: str
) -> None:
    async with Database(url, schema="identity", constraint_errors=CONSTRAINT_ERRORS) as database:
        with pytest.raises(SystemExit, match=problem):
            await bootstrap_owner(IdentityStore(database), Passwords(), settings)
