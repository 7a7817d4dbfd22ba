"""Invitations and password resets: one person, one use, for some time; and the mails that bring the links."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from psycopg import AsyncConnection

from services.common.channel import open_channel
from services.domain.account import RESETS_PER_HOUR, InvitationState
from services.domain.effects import ClaimedEffect, EffectOutcome
from services.domain.errors import (
    AlreadyExists,
    Conflict,
    Forbidden,
    Invalid,
    InvalidTransition,
    NotFound,
    Unauthenticated,
)
from services.domain.message import EffectState
from services.domain.principal import Principal, Role
from services.domain.session import IssuedSession
from services.domain.user import Invitee, UserChange
from services.identity.account_mail_client import AccountMailClient
from services.identity.client import IdentityClient
from services.identity.invitation_client import InvitationClient
from services.identity.session_client import SessionClient
from tests.conftest import DatabaseUrl
from tests.people import PASSWORD, PUBLIC_URL, SIGNER, THE_OWNER, make_account, running_identity

ANN = Invitee("ann@example.com", "Ann", Role.AGENT)
LEASE = timedelta(seconds=60)
OTHER_PASSWORD = "another correct horse"


@dataclass
class Desk:
    """identity, as the owner, and as the relay and the workers reach it."""

    url: str
    address: str
    stack: AsyncExitStack
    invitations: InvitationClient
    accounts: IdentityClient
    sessions: SessionClient
    mails: AccountMailClient

    async def invitations_as(self, principal: Principal) -> InvitationClient:
        channel = open_channel(self.address, credentials=lambda: SIGNER.sign(principal))
        return InvitationClient(await self.stack.enter_async_context(channel))

    async def claim(self, mail_id: UUID) -> ClaimedEffect:
        return await self.mails.claim_account_mail(
            mail_id, lease=LEASE, from_address="help@acme.example", from_name="Acme"
        )

    async def mailed(self) -> str:
        """The token that the newest mail brings, delivered."""
        (mail_id,) = await self.mails.claim_account_mails(wait=timedelta())
        claimed = await self.claim(mail_id)
        await self.mails.begin_account_mail(mail_id, fence=claimed.fence)
        await self.mails.finish_account_mail(mail_id, fence=claimed.fence, outcome=EffectOutcome.DONE, detail="250 ok")
        return token_in(claimed.mail.text)

    async def use(self, token: str, password: str = PASSWORD, *, name: str = "") -> IssuedSession:
        return await self.invitations.use_account_link(token, password, name=name, source="s", user_agent="")

    async def sign_in(self, password: str = PASSWORD) -> IssuedSession:
        return await self.sessions.create_session("ann@example.com", password, source="s", user_agent="", device="")

    async def shift(self, statement: str) -> None:
        async with await AsyncConnection.connect(self.url, autocommit=True) as connection:
            await connection.execute(f"update identity.{statement}".encode())


def token_in(text: str) -> str:
    found = re.search(rf"{PUBLIC_URL}/(?:invitation|reset-password)/(\S+)", text)
    assert found is not None
    return found[1]


@pytest.fixture
async def desk(database_url: DatabaseUrl) -> AsyncIterator[Desk]:
    url = await database_url("identity")
    async with running_identity(url) as address, AsyncExitStack() as stack:
        enter = stack.enter_async_context
        owner = await enter(open_channel(address, credentials=lambda: SIGNER.sign(THE_OWNER)))
        relay = await enter(open_channel(address, credentials=lambda: SIGNER.sign(Principal("relay", Role.SERVICE))))
        yield Desk(
            url,
            address,
            stack,
            InvitationClient(owner),
            IdentityClient(owner),
            SessionClient(owner),
            AccountMailClient(relay),
        )


async def state(desk: Desk) -> tuple[InvitationState, EffectState | None]:
    (invitation,) = await desk.invitations.list_invitations()
    return invitation.state, invitation.mail_state


async def test_whoever_is_invited_can_do_nothing_before_they_choose_a_password(desk: Desk) -> None:
    invited = await desk.invitations.create_invitation(ANN)
    assert not invited.active
    assert await state(desk) == (InvitationState.INVITED, EffectState.READY)
    token = await desk.mailed()
    assert (await desk.invitations.get_account_link(token)).email == "ann@example.com"
    with pytest.raises(Unauthenticated):
        await desk.sign_in()
    with pytest.raises(InvalidTransition):
        await desk.accounts.update_user(invited.id, UserChange(active=True))
    issued = await desk.use(token, name=" Ann Smith ")
    assert SIGNER.verify(await desk.sessions.exchange_session(issued.token)).name == "Ann Smith"
    await desk.sign_in()
    assert await state(desk) == (InvitationState.ACCEPTED, EffectState.DONE)


async def test_a_link_is_good_once_and_looking_at_it_uses_nothing(desk: Desk) -> None:
    await desk.invitations.create_invitation(ANN)
    token = await desk.mailed()
    for _ in range(3):
        await desk.invitations.get_account_link(token)
    with pytest.raises(Invalid, match="password must have 10"):
        await desk.use(token, "short")
    await desk.use(token)
    for again in (desk.use(token, OTHER_PASSWORD), desk.invitations.get_account_link(token)):
        with pytest.raises(NotFound):
            await again
    await desk.sign_in()


async def test_a_link_is_exact(desk: Desk) -> None:
    await desk.invitations.create_invitation(ANN)
    token = await desk.mailed()
    for wrong in (token[:-1], token + "A", token + "=", token.swapcase(), token[4:] + token[:4], "", "é", "A" * 64):
        with pytest.raises(NotFound):
            await desk.invitations.get_account_link(wrong)


@pytest.mark.parametrize("how", ["too old", "replaced", "withdrawn", "deactivated"])
async def test_a_link_that_ended_is_not_good(desk: Desk, how: str) -> None:
    invited = await desk.invitations.create_invitation(ANN)
    token = await desk.mailed()
    match how:
        case "too old":
            await desk.shift("account_links set expires_at = clock_timestamp()")
            assert (await state(desk))[0] is InvitationState.EXPIRED
        case "replaced":
            newer = token_in(await desk.invitations.renew_invitation(invited.id, by_mail=False))
            assert (await desk.invitations.get_account_link(newer)).email == "ann@example.com"
            assert await state(desk) == (InvitationState.INVITED, None)
        case "withdrawn":
            await desk.invitations.withdraw_invitation(invited.id)
            assert (await state(desk))[0] is InvitationState.WITHDRAWN
        case "deactivated":
            await desk.accounts.update_user(invited.id, UserChange(name="Anne"))
            assert (await desk.invitations.get_account_link(token)).name == "Anne"
            await desk.accounts.update_user(invited.id, UserChange(active=False))
            assert (await state(desk))[0] is InvitationState.WITHDRAWN
    with pytest.raises(NotFound):
        await desk.use(token)


async def test_an_accepted_invitation_is_neither_renewed_nor_withdrawn(desk: Desk) -> None:
    invited = await desk.invitations.create_invitation(ANN)
    await desk.use(await desk.mailed())
    for refused in (
        desk.invitations.renew_invitation(invited.id, by_mail=True),
        desk.invitations.withdraw_invitation(invited.id),
    ):
        with pytest.raises(InvalidTransition):
            await refused
    with pytest.raises(AlreadyExists):
        await desk.invitations.create_invitation(ANN)


async def test_only_staff_is_invited_and_admins_by_the_owner_alone(desk: Desk) -> None:
    admin = await desk.invitations_as(Principal(str(uuid4()), Role.ADMIN))
    with pytest.raises(Forbidden):
        await admin.create_invitation(Invitee("x@example.com", "X", Role.ADMIN))
    chief = await desk.invitations.create_invitation(Invitee("x@example.com", "X", Role.ADMIN))
    for refused in (admin.renew_invitation(chief.id, by_mail=False), admin.withdraw_invitation(chief.id)):
        with pytest.raises(Forbidden):
            await refused
    with pytest.raises(Invalid):
        await admin.create_invitation(Invitee("c@example.com", "C", Role.CUSTOMER))
    await admin.create_invitation(ANN)


async def test_a_password_is_reset_by_a_link_which_ends_all_other_access(desk: Desk) -> None:
    await make_account(desk.accounts)
    before = await desk.sign_in()
    await desk.invitations.request_password_reset(" ANN@example.com ", source="s")
    await desk.use(await desk.mailed(), OTHER_PASSWORD)
    with pytest.raises(Unauthenticated):
        await desk.sessions.exchange_session(before.token)
    with pytest.raises(Unauthenticated):
        await desk.sign_in()
    await desk.sign_in(OTHER_PASSWORD)


async def test_no_mail_goes_to_whom_no_active_account_belongs_and_the_answer_is_the_same(desk: Desk) -> None:
    gone = await make_account(desk.accounts, "gone")
    await desk.accounts.update_user(gone.id, UserChange(active=False))
    for email in ("gone@example.com", "nobody@example.com", "no address", "", "a\x00b@example.com"):
        await desk.invitations.request_password_reset(email, source="s")
    assert await desk.mails.claim_account_mails(wait=timedelta()) == []


async def test_nobodys_mailbox_is_filled_and_the_newest_link_is_the_good_one(desk: Desk) -> None:
    await make_account(desk.accounts)
    tokens = []
    for _ in range(RESETS_PER_HOUR):
        await desk.invitations.request_password_reset("ann@example.com", source="s")
        tokens.append(await desk.mailed())
    await desk.invitations.request_password_reset("ann@example.com", source="s")
    assert await desk.mails.claim_account_mails(wait=timedelta()) == []
    for token in tokens[:-1]:
        with pytest.raises(NotFound):
            await desk.use(token)
    await desk.use(tokens[-1], OTHER_PASSWORD)


async def test_another_password_or_deactivation_ends_the_link_to_reset_it(desk: Desk) -> None:
    ann = await make_account(desk.accounts)
    await desk.invitations.request_password_reset("ann@example.com", source="s")
    token = await desk.mailed()
    await desk.accounts.update_user(ann.id, UserChange(active=False))
    await desk.accounts.update_user(ann.id, UserChange(active=True))
    with pytest.raises(NotFound):
        await desk.use(token, OTHER_PASSWORD)


async def test_many_requests_from_one_source_send_nothing_and_shut_nobody_out(desk: Desk) -> None:
    await make_account(desk.accounts)
    for number in range(50):
        await desk.invitations.request_password_reset(f"user{number}@example.com", source="s")
    await desk.invitations.request_password_reset("ann@example.com", source="s")
    assert await desk.mails.claim_account_mails(wait=timedelta()) == []
    await desk.sign_in()


async def test_the_database_keeps_no_token(desk: Desk) -> None:
    await desk.invitations.create_invitation(ANN)
    token = await desk.mailed()
    async with await AsyncConnection.connect(desk.url) as connection:
        for table in ("account_links", "account_mails", "users", "sessions", "tokens"):
            rows = await (await connection.execute(f"select t::text from identity.{table} t".encode())).fetchall()
            assert token not in str(rows)


async def test_a_mail_is_delivered_under_a_fenced_lease(desk: Desk) -> None:
    await desk.invitations.create_invitation(ANN)
    (mail_id,) = await desk.mails.claim_account_mails(wait=timedelta())
    assert await desk.mails.claim_account_mails(wait=timedelta()) == []
    first = await desk.claim(mail_id)
    assert (first.mail.from_address, first.mail.to_address) == ("help@acme.example", "ann@example.com")
    with pytest.raises(Conflict):
        await desk.claim(mail_id)
    await desk.shift("account_mails set leased_until = clock_timestamp()")
    second = await desk.claim(mail_id)
    await desk.mails.renew_account_mail(mail_id, fence=second.fence, lease=LEASE)
    assert second.mail.rfc_message_id == first.mail.rfc_message_id
    for late in (
        desk.mails.begin_account_mail(mail_id, fence=first.fence),
        desk.mails.renew_account_mail(mail_id, fence=first.fence, lease=LEASE),
        desk.mails.finish_account_mail(mail_id, fence=first.fence, outcome=EffectOutcome.DONE, detail=""),
    ):
        with pytest.raises(Conflict):
            await late
    for _ in range(2):
        await desk.mails.finish_account_mail(mail_id, fence=second.fence, outcome=EffectOutcome.FAILED, detail="550 no")
    assert await state(desk) == (InvitationState.INVITED, EffectState.FAILED)
    with pytest.raises(InvalidTransition):
        await desk.claim(mail_id)


async def test_a_send_that_was_cut_is_repeated_once_and_then_in_doubt(desk: Desk) -> None:
    await desk.invitations.create_invitation(ANN)
    (mail_id,) = await desk.mails.claim_account_mails(wait=timedelta())
    for _ in range(2):
        claimed = await desk.claim(mail_id)
        await desk.mails.begin_account_mail(mail_id, fence=claimed.fence)
        await desk.shift("account_mails set leased_until = clock_timestamp()")
    with pytest.raises(InvalidTransition):
        await desk.claim(mail_id)
    assert await state(desk) == (InvitationState.INVITED, EffectState.IN_DOUBT)


async def test_an_open_mail_is_named_again_after_a_while_and_one_not_needed_is_dropped(desk: Desk) -> None:
    invited = await desk.invitations.create_invitation(ANN)
    (mail_id,) = await desk.mails.claim_account_mails(wait=timedelta())
    await desk.shift("account_mails set nudged_at = nudged_at - interval '1 minute'")
    assert await desk.mails.claim_account_mails(wait=timedelta()) == [mail_id]
    await desk.invitations.withdraw_invitation(invited.id)
    with pytest.raises(InvalidTransition):
        await desk.claim(mail_id)
    assert await state(desk) == (InvitationState.WITHDRAWN, EffectState.SUPPRESSED)
    with pytest.raises(NotFound):
        await desk.claim(uuid4())
