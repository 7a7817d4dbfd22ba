"""routing over a real channel with a real identity: teams, their members, and decisions on them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

import pytest
from duradesk.routing.v1 import routing_service_pb2 as pb
from duradesk.routing.v1 import routing_service_pb2_grpc as pb_grpc

from services.common.channel import open_channel
from services.domain.actions import Action, ActionKind
from services.domain.clocks.policy import Ladder, LadderStep, StepWhen
from services.domain.decide import decide
from services.domain.errors import AlreadyExists, Invalid, NotFound, Unavailable
from services.domain.facts import Facts
from services.domain.principal import Principal, Role
from services.domain.routing_facts import ToldTeam
from services.domain.team import Team
from services.domain.user import NewUser, User, UserChange
from services.identity.client import IdentityClient
from services.routing.client import RoutingClient
from services.routing.service_levels.client import ServiceLevelsClient
from services.routing.staff import StaffDirectory
from tests.conftest import DatabaseUrl
from tests.people import (
    PASSWORD,
    SIGNER,
    THE_OWNER,
    Clock,
    identity_as,
    make_account,
    routing_as,
    running_identity,
    running_routing,
)
from tests.unit.factories import make_event, make_facts, make_ticket

WORKER = Principal("worker", Role.SERVICE)


@dataclass(frozen=True)
class Desk:
    """identity and routing as the owner and a worker reach them."""

    address: str
    identity: IdentityClient
    routing: RoutingClient
    worker: RoutingClient

    async def default_team(self) -> Team:
        (team,) = [team for team in await self.routing.list_teams() if team.is_default]
        return team


@pytest.fixture
async def url(database_url: DatabaseUrl) -> str:
    return await database_url("identity", "routing")


@pytest.fixture
async def desk(url: str) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as exits:
        identity_address = await exits.enter_async_context(running_identity(url))
        address = await exits.enter_async_context(running_routing(url, identity_address))
        yield Desk(
            address,
            await exits.enter_async_context(identity_as(THE_OWNER, identity_address)),
            await exits.enter_async_context(routing_as(THE_OWNER, address)),
            await exits.enter_async_context(routing_as(WORKER, address)),
        )


def new_ticket(team_id: UUID | None = None, assignee_id: UUID | None = None) -> Facts:
    return make_facts(ticket=make_ticket(team_id=team_id, assignee_id=assignee_id), events=(make_event(1),))


async def candidates(desk: Desk, facts: Facts) -> list[UUID]:
    decision, _ = await desk.worker.decide(facts)
    assert decision.assignment is not None
    return [candidate.user_id for candidate in decision.assignment.candidates]


def ids(*users: User) -> list[UUID]:
    return sorted(user.id for user in users)


async def test_a_fresh_desk_has_one_team_the_default_one(desk: Desk) -> None:
    (team,) = await desk.routing.list_teams()
    assert (team.name, team.is_default, team.member_ids, team.version) == ("Support", True, (), 1)


async def test_a_team_name_is_taken_in_whatever_case(desk: Desk) -> None:
    team = await desk.routing.create_team(" Billing ")
    assert (team.name, team.is_default, team.member_ids) == ("Billing", False, ())
    with pytest.raises(AlreadyExists) as caught:
        await desk.routing.create_team("BILLING")
    assert caught.value.reason == "TEAM_NAME_TAKEN"
    with pytest.raises(Invalid):
        await desk.routing.create_team(" ")
    assert [team.name for team in await desk.routing.list_teams()] == ["Billing", "Support"]


async def test_each_change_of_members_counts_once(desk: Desk) -> None:
    user, team = await make_account(desk.identity), await desk.routing.create_team("Billing")
    for _ in range(2):
        team = await desk.routing.add_team_member(team.id, user.id)
        assert (team.member_ids, team.version) == ((user.id,), 2)
    for _ in range(2):
        team = await desk.routing.remove_team_member(team.id, user.id)
        assert (team.member_ids, team.version) == ((), 3)


async def test_only_staff_join_a_team_also_those_who_have_not_come_yet(desk: Desk) -> None:
    team = await desk.default_team()
    invited = await make_account(desk.identity, "invited")
    await desk.identity.update_user(invited.id, UserChange(active=False))
    assert (await desk.routing.add_team_member(team.id, invited.id)).member_ids == (invited.id,)
    await desk.routing.remove_team_member(team.id, invited.id)
    customer = await desk.identity.create_user(NewUser("c@example.com", "C", Role.CUSTOMER, uuid4()), PASSWORD)
    for user_id in (customer.id, uuid4()):
        with pytest.raises(NotFound):
            await desk.routing.add_team_member(team.id, user_id)
    light = await make_account(desk.identity, "light", Role.LIGHT_AGENT)
    assert (await desk.routing.add_team_member(team.id, light.id)).member_ids == (light.id,)


async def test_a_team_is_renamed_and_there_is_always_one_default(desk: Desk) -> None:
    support, other = await desk.default_team(), await desk.routing.create_team("Other")
    renamed = await desk.routing.update_team(other.id, name=" Billing ", make_default=True)
    assert (renamed.name, renamed.is_default) == ("Billing", True)
    assert [team.name for team in await desk.routing.list_teams() if team.is_default] == ["Billing"]
    with pytest.raises(AlreadyExists):
        await desk.routing.update_team(support.id, name="BILLING")
    with pytest.raises(Invalid):
        await desk.routing.update_team(support.id, name=" ")
    with pytest.raises(NotFound):
        await desk.routing.update_team(uuid4(), make_default=True)


async def test_an_unknown_team_is_not_found(desk: Desk) -> None:
    user = await make_account(desk.identity)
    with pytest.raises(NotFound):
        await desk.routing.add_team_member(uuid4(), user.id)
    with pytest.raises(NotFound):
        await desk.routing.remove_team_member(uuid4(), user.id)
    async with open_channel(desk.address, credentials=lambda: SIGNER.sign(THE_OWNER)) as channel:
        with pytest.raises(NotFound):
            await pb_grpc.RoutingServiceStub(channel).AddTeamMember(
                pb.AddTeamMemberRequest(team_id="none", user_id=str(user.id))
            )


async def test_a_ticket_goes_to_the_active_members_of_its_team_else_of_the_default_one(desk: Desk) -> None:
    ann, ben, cat = [await make_account(desk.identity, name) for name in ("ann", "ben", "cat")]
    support, billing = await desk.default_team(), await desk.routing.create_team("Billing")
    for team, members in ((support, (ann, cat)), (billing, (ben, cat))):
        for member in members:
            await desk.routing.add_team_member(team.id, member.id)
    assert await candidates(desk, new_ticket(team_id=billing.id)) == ids(ben, cat)
    assert await candidates(desk, new_ticket(team_id=support.id)) == ids(ann, cat)
    assert await candidates(desk, new_ticket()) == ids(ann, cat)
    assert await candidates(desk, new_ticket(team_id=uuid4())) == ids(ann, cat)


async def test_on_a_fresh_desk_a_ticket_goes_to_the_owner_and_the_agents(desk: Desk) -> None:
    owner = await make_account(desk.identity, "owner", Role.OWNER)
    agent = await make_account(desk.identity, "agent")
    await make_account(desk.identity, "light", Role.LIGHT_AGENT)
    assert await candidates(desk, new_ticket()) == ids(owner, agent)


async def test_nobody_counts_as_away_by_a_list_that_is_seconds_old(desk: Desk) -> None:
    owner = await make_account(desk.identity, "owner", Role.OWNER)
    assert await candidates(desk, new_ticket()) == [owner.id]
    ann = await make_account(desk.identity)
    _, routing = await desk.worker.decide(new_ticket(assignee_id=ann.id))
    assert routing.assignee_active
    ben, team = await make_account(desk.identity, "ben"), await desk.default_team()
    await desk.routing.add_team_member(team.id, ben.id)
    assert await candidates(desk, new_ticket()) == [ben.id]


async def test_a_team_that_a_ladder_tells_is_a_fact_of_decisions_with_its_active_members(desk: Desk) -> None:
    ann, ben, gone = [await make_account(desk.identity, name) for name in ("ann", "ben", "gone")]
    await desk.identity.update_user(gone.id, UserChange(active=False))
    billing = await desk.routing.create_team("Billing")
    for member in (ann, gone):
        await desk.routing.add_team_member(billing.id, member.id)
    told = (Action(ActionKind.NOTIFY, team_id=billing.id), Action(ActionKind.NOTIFY, user_id=ben.id))
    ladder = Ladder(uuid4(), "Standard", (LadderStep("half", StepWhen.SHARE, told, share=50),))
    _, before = await desk.worker.decide(new_ticket())
    async with open_channel(desk.address, credentials=lambda: SIGNER.sign(THE_OWNER)) as channel:
        await ServiceLevelsClient(channel).create_escalation_ladder(ladder)
    _, after = await desk.worker.decide(new_ticket())
    assert (before.told_teams, after.told_teams) == ((), (ToldTeam(billing.id, (ann.id,)),))


async def test_the_answer_is_the_pure_decision_on_the_facts_it_says(desk: Desk) -> None:
    agent = await make_account(desk.identity)
    facts = new_ticket(assignee_id=agent.id)
    decision, routing = await desk.worker.decide(facts)
    assert routing.assignee_active
    assert decision == decide(facts, routing)


async def test_facts_that_lack_something_are_refused_by_field(desk: Desk) -> None:
    async with open_channel(desk.address, credentials=lambda: SIGNER.sign(WORKER)) as channel:
        with pytest.raises(Invalid) as caught:
            await pb_grpc.RoutingServiceStub(channel).Decide(pb.DecideRequest())
    assert {"now", "ticket", "brand"} <= caught.value.violations.keys()


async def test_the_staff_is_asked_for_again_after_5_seconds(url: str) -> None:
    clock = Clock()
    async with running_identity(url) as address, identity_as(THE_OWNER, address) as identity:
        directory = StaffDirectory(identity, clock=clock)
        assert await directory.list_staff() == ()
        ann = await make_account(identity)
        clock.now += 4.9
        assert await directory.list_staff() == ()
        clock.now += 0.1
        assert await directory.list_staff() == (ann,)


async def test_without_identity_the_last_known_staff_decides_and_nobody_before_there_is_one(url: str) -> None:
    clock = Clock()
    async with AsyncExitStack() as outer:
        async with running_identity(url) as address:
            identity = await outer.enter_async_context(identity_as(THE_OWNER, address))
            directory = StaffDirectory(identity, clock=clock)
            ann = await make_account(identity)
            assert await directory.list_staff() == (ann,)
        clock.now += 60
        assert await directory.list_staff() == (ann,)
        with pytest.raises(Unavailable):
            await StaffDirectory(identity).list_staff()
        with pytest.raises(Unavailable):
            await directory.require_staff(ann.id)


async def test_a_ladder_names_only_who_is_there_and_decisions_know_who_left_since(desk: Desk) -> None:
    ann, gone = [await make_account(desk.identity, name) for name in ("ann", "gone")]
    await desk.identity.update_user(gone.id, UserChange(active=False))
    named = (Action(ActionKind.NOTIFY, user_id=gone.id), Action(ActionKind.ASSIGN, team_id=uuid4(), user_id=ann.id))
    wrong = Ladder(uuid4(), "Standard", (LadderStep("half", StepWhen.SHARE, named, share=50),))
    right = replace(wrong, steps=(replace(wrong.steps[0], actions=(replace(named[0], user_id=ann.id),)),))
    async with open_channel(desk.address, credentials=lambda: SIGNER.sign(THE_OWNER)) as channel:
        client = ServiceLevelsClient(channel)
        with pytest.raises(Invalid) as refused:
            await client.create_escalation_ladder(wrong)
        assert refused.value.violations == {
            "steps[0].actions[0].user_id": "names nobody who is active on the staff: use Ann",
            "steps[0].actions[1].team_id": "names no team: use Support",
        }
        await client.create_escalation_ladder(right)
    assert (await desk.worker.decide(new_ticket()))[1].gone == ()
    await desk.identity.update_user(ann.id, UserChange(active=False))

    async def known_to_be_gone() -> bool:
        return (await desk.worker.decide(new_ticket()))[1].gone == (ann.id,)

    async with asyncio.timeout(60):
        while not await known_to_be_gone():  # noqa: ASYNC110 - routing asks again by itself
            await asyncio.sleep(0.2)
