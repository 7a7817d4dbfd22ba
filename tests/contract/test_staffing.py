"""Staffing over a real channel with a real identity: how teams give their tickets, skills, and who is here."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from services.common.channel import open_channel
from services.domain.calendars.model import WEEKDAYS, Calendar, WorkingHours
from services.domain.decide import decide
from services.domain.errors import AlreadyExists, Conflict, Forbidden, Invalid, NotFound
from services.domain.principal import Principal, Role
from services.domain.routing_facts import AssignmentStrategy
from services.domain.staffing import MemberRouting, Skill, TeamRouting
from services.domain.team import Team
from services.domain.ticket import TicketStatus
from services.domain.user import User
from services.identity.client import IdentityClient
from services.routing.client import RoutingClient
from services.routing.service_levels.client import ServiceLevelsClient
from services.routing.staffing.client import StaffingClient
from tests.conftest import DatabaseUrl
from tests.people import (
    SIGNER,
    THE_OWNER,
    identity_as,
    make_account,
    routing_as,
    running_identity,
    running_routing,
    staffing_as,
)
from tests.unit.factories import make_event, make_facts, make_ticket

WORKER = Principal("worker", Role.SERVICE)
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Desk:
    """identity and routing as the owner, a worker and members reach them."""

    address: str
    identity: IdentityClient
    routing: RoutingClient
    owner: StaffingClient
    worker: StaffingClient
    exits: AsyncExitStack

    async def as_member(self, user: User) -> StaffingClient:
        return await self.exits.enter_async_context(staffing_as(Principal(str(user.id), user.role), self.address))

    async def team(self, *members: User) -> Team:
        team = await self.routing.create_team(f"Team {uuid4().hex[:8]}")
        for member in members:
            team = await self.routing.add_team_member(team.id, member.id)
        return team


@pytest.fixture
async def desk(database_url: DatabaseUrl) -> AsyncIterator[Desk]:
    url = await database_url("identity", "routing")
    async with AsyncExitStack() as exits:
        enter = exits.enter_async_context
        identity_address = await enter(running_identity(url))
        address = await enter(running_routing(url, identity_address))
        yield Desk(
            address,
            await enter(identity_as(THE_OWNER, identity_address)),
            await enter(routing_as(THE_OWNER, address)),
            await enter(staffing_as(THE_OWNER, address)),
            await enter(staffing_as(WORKER, address)),
            exits,
        )


async def always_closed_now(desk: Desk) -> Calendar:
    """Hours that are three days away."""
    day = WEEKDAYS[(datetime.now(UTC).weekday() + 3) % 7]
    calendar = Calendar(uuid4(), "Far away", "UTC", (WorkingHours(day, "09:00", "17:00"),), (), ())
    async with open_channel(desk.address, credentials=lambda: SIGNER.sign(THE_OWNER)) as channel:
        return await ServiceLevelsClient(channel).create_calendar(calendar)


async def test_how_a_team_gives_its_tickets_is_kept_whole_and_by_version(desk: Desk) -> None:
    ann = await make_account(desk.identity)
    team, night, calendar = await desk.team(ann), await desk.team(), await always_closed_now(desk)
    first = await desk.owner.get_team_routing(team.id)
    assert first == TeamRouting(team.id, version=team.version)
    wanted = TeamRouting(
        team_id=team.id,
        strategy=AssignmentStrategy.LEAST_LOADED,
        last_assignee_first=True,
        needs_presence=True,
        capacity=8,
        counted_statuses=(TicketStatus.NEW, TicketStatus.OPEN, TicketStatus.PENDING),
        calendar_id=calendar.id,
        overflow_team_id=night.id,
        overflow_after=HOUR,
        members=(MemberRouting(ann.id, 3, calendar.id),),
        version=first.version,
    )
    kept = await desk.owner.update_team_routing(wanted)
    assert kept == replace(wanted, version=first.version + 1)
    assert await desk.owner.get_team_routing(team.id) == kept
    with pytest.raises(Conflict):
        await desk.owner.update_team_routing(wanted)
    with pytest.raises(NotFound):
        await desk.owner.update_team_routing(TeamRouting(uuid4()))


async def test_a_routing_that_cannot_work_is_refused_by_field(desk: Desk) -> None:
    team = await desk.team()
    wrong = TeamRouting(
        team_id=team.id,
        strategy=AssignmentStrategy.LAST_ASSIGNEE,
        capacity=-1,
        counted_statuses=(TicketStatus.CLOSED,),
        overflow_team_id=team.id,
        overflow_after=timedelta(days=31),
        members=(MemberRouting(uuid4()),),
    )
    with pytest.raises(Invalid) as caught:
        await desk.owner.update_team_routing(wrong)
    fields = {"strategy", "capacity", "counted_statuses", "overflow_team_id", "overflow_after", "members[0].user_id"}
    assert caught.value.violations.keys() == fields
    for field in ("calendar_id", "overflow_team_id"):
        with pytest.raises(Invalid) as caught:
            await desk.owner.update_team_routing(replace(TeamRouting(team.id), **{field: uuid4()}))  # type: ignore[arg-type]
        assert caught.value.violations.keys() == {field}


async def test_skills_are_kept_with_who_has_them(desk: Desk) -> None:
    ann = await make_account(desk.identity)
    czech = await desk.owner.create_skill(" Czech ", needs="tag:cs", level=2)
    assert czech == Skill(czech.id, "Czech", "tag:cs", 2, (), 1)
    with pytest.raises(AlreadyExists):
        await desk.owner.create_skill("CZECH")
    with pytest.raises(Invalid) as caught:
        await desk.owner.create_skill(" ", needs="subject:refund", level=6)
    assert caught.value.violations.keys() == {"name", "needs", "level"}
    held = await desk.owner.set_skill_level(czech.id, ann.id, 4)
    assert [(holder.user_id, holder.level) for holder in held.holders] == [(ann.id, 4)]
    with pytest.raises(NotFound):
        await desk.owner.set_skill_level(czech.id, uuid4(), 1)
    with pytest.raises(Invalid):
        await desk.owner.set_skill_level(czech.id, ann.id, 6)
    changed = await desk.owner.update_skill(replace(czech, name="Čeština", needs=""))
    assert (changed.name, changed.needs, changed.version) == ("Čeština", "", 2)
    with pytest.raises(Conflict):
        await desk.owner.update_skill(czech)
    assert (await desk.owner.set_skill_level(czech.id, ann.id, 0)).holders == ()
    await desk.owner.delete_skill(czech.id)
    assert await desk.owner.list_skills() == ()
    with pytest.raises(NotFound):
        await desk.owner.delete_skill(czech.id)


async def test_somebody_is_here_for_a_minute_after_a_sign_and_away_until_they_say(desk: Desk) -> None:
    ann, ben = await make_account(desk.identity), await make_account(desk.identity, "ben")
    team = await desk.team(ann, ben)
    await desk.owner.update_team_routing(TeamRouting(team.id, needs_presence=True))
    of_ann = await desk.as_member(ann)
    before = await of_ann.get_availability()
    assert (before.present, before.away) == (False, False)
    await of_ann.touch_availability()
    assert (await of_ann.get_availability()).present
    until = datetime.now(UTC) + HOUR
    away = await of_ann.set_away(away=True, until=until, note="dentist")
    assert (away.away, away.away_until, away.note) == (True, until, "dentist")
    everybody = {each.user_id: each for each in await desk.owner.list_availability()}
    (of_team,) = [each for each in everybody[ann.id].teams if each.team_id == team.id]
    assert of_team.reason.startswith("is away until ")
    (of_team,) = [each for each in everybody[ben.id].teams if each.team_id == team.id]
    assert of_team.reason == "is not here: no open desk for a minute"
    for instant in (datetime.now(UTC) - HOUR, datetime.now(UTC) + timedelta(days=400)):
        with pytest.raises(Invalid):
            await of_ann.set_away(away=True, until=instant)
    assert not (await of_ann.set_away(away=False)).away


async def test_only_those_who_manage_teams_put_others_away(desk: Desk) -> None:
    ann, ben = await make_account(desk.identity), await make_account(desk.identity, "ben")
    with pytest.raises(Forbidden):
        await (await desk.as_member(ann)).set_away(away=True, user_id=ben.id)
    assert (await desk.owner.set_away(away=True, user_id=ben.id)).away
    with pytest.raises(NotFound):
        await desk.owner.set_away(away=True, user_id=uuid4())


async def test_whoever_has_seen_nothing_yet_is_told_at_once_even_where_nothing_ever_happened(desk: Desk) -> None:
    async with asyncio.timeout(20):
        assert await desk.worker.watch_availability(after=-1, wait=timedelta(seconds=30)) == 0


async def test_watching_ends_when_somebody_comes_or_teams_or_skills_change(desk: Desk) -> None:
    ann = await make_account(desk.identity)
    of_ann = await desk.as_member(ann)
    seen = await desk.worker.watch_availability(after=-1, wait=timedelta())
    assert await desk.worker.watch_availability(after=seen, wait=timedelta()) == seen
    await of_ann.touch_availability()
    came = await desk.worker.watch_availability(after=seen, wait=timedelta(seconds=10))
    assert came > seen
    await of_ann.touch_availability()
    assert await desk.worker.watch_availability(after=came, wait=timedelta()) == came  # still here is no news
    await desk.team(ann)
    assert await desk.worker.watch_availability(after=came, wait=timedelta()) > came


async def test_places_are_those_of_who_can_take_a_ticket_now(desk: Desk) -> None:
    people = [await make_account(desk.identity, name) for name in ("ann", "ben", "cat", "dan")]
    ann, ben, cat, dan = people
    team, calendar = await desk.team(ann, ben, cat), await always_closed_now(desk)
    (default,) = [each for each in await desk.routing.list_teams() if each.is_default]
    await desk.routing.add_team_member(default.id, dan.id)
    own = (MemberRouting(ann.id, 3), MemberRouting(cat.id, 0, calendar.id))
    await desk.owner.update_team_routing(TeamRouting(team.id, capacity=5, members=own))
    await desk.owner.set_away(away=True, user_id=ben.id)
    everybody = [user.id for user in people]
    found = await desk.worker.find_places(everybody, everybody)
    of_team = [place for place in found.places if place.user_id in {ann.id, ben.id, cat.id}]
    assert [(place.user_id, place.capacity) for place in of_team] == [(ann.id, 3)]
    again = await desk.worker.find_places(everybody, everybody)
    assert again.revision == found.revision
    assert found.left_user_ids == ()
    stranger = uuid4()
    assert (await desk.worker.find_places([], [ann.id, stranger])).left_user_ids == (stranger,)


async def test_a_decision_sees_teams_skills_and_people_and_is_the_pure_one(desk: Desk) -> None:
    ann, ben = await make_account(desk.identity), await make_account(desk.identity, "ben")
    team, night = await desk.team(ann, ben), await desk.team(ben)
    skill = await desk.owner.create_skill("Refunds", needs="tag:refund", level=2)
    await desk.owner.set_skill_level(skill.id, ann.id, 3)
    wanted = TeamRouting(team.id, strategy=AssignmentStrategy.SKILL_MATCH, capacity=4, overflow_team_id=night.id)
    await desk.owner.update_team_routing(wanted)
    ticket = make_ticket(team_id=team.id, assignee_id=None, tags=("refund",))
    facts = make_facts(ticket=ticket, events=(make_event(1),))
    async with routing_as(WORKER, desk.address) as worker:
        decision, routing = await worker.decide(facts)
    assert {each.team_id for each in routing.teams} == {team.id, night.id}
    assert decision == decide(facts, routing)
    assert decision.assignment is not None
    assert [(each.user_id, each.reason) for each in decision.assignment.candidates] == [(ann.id, "Refunds 3")]
    assert [each.reason for each in decision.assignment.passed_over] == ["does not have Refunds"]
    assert decision.assignment.overflow is not None
    assert decision.assignment.overflow.team_id == night.id
