"""/teams/{id}/routing, /skills, /availability and /queue: who gets which tickets, who is here and what waits."""

from uuid import UUID

from fastapi import APIRouter

from services.domain.routing_facts import AssignmentStrategy
from services.domain.staffing import MemberRouting, Skill, TeamRouting
from services.domain.ticket import TicketStatus
from services.gateway.api import CHANGED, FOUND, MADE, PREFIX
from services.gateway.deps import Queue, SignedIn, Staffing, TicketId
from services.gateway.models.base import Items
from services.gateway.models.staffing import (
    AvailabilityOut,
    AwayIn,
    HolderIn,
    QueueOut,
    SkillIn,
    SkillOut,
    TeamRoutingIn,
    TeamRoutingOut,
    WaitingTicketOut,
)

router = APIRouter(prefix=PREFIX, tags=["routing"], dependencies=[SignedIn])


@router.get("/teams/{team_id}/routing", responses=FOUND)
async def get_team_routing(team_id: UUID, staffing: Staffing) -> TeamRoutingOut:
    """How a team gives its tickets."""
    return TeamRoutingOut.model_validate(await staffing.get_team_routing(team_id))


@router.put("/teams/{team_id}/routing", responses=CHANGED)
async def update_team_routing(team_id: UUID, new: TeamRoutingIn, staffing: Staffing) -> TeamRoutingOut:
    """Replace how a team gives its tickets; those that wait are looked at again within seconds."""
    wanted = TeamRouting(
        team_id=team_id,
        strategy=AssignmentStrategy(new.strategy),
        last_assignee_first=new.last_assignee_first,
        needs_presence=new.needs_presence,
        capacity=new.capacity,
        counted_statuses=tuple(map(TicketStatus, new.counted_statuses)),
        calendar_id=new.calendar_id,
        overflow_team_id=new.overflow_team_id,
        overflow_after=new.overflow_after,
        members=tuple(MemberRouting(each.user_id, each.capacity, each.calendar_id) for each in new.members),
        version=new.version or 0,
    )
    return TeamRoutingOut.model_validate(await staffing.update_team_routing(wanted))


@router.get("/skills")
async def list_skills(staffing: Staffing) -> Items[SkillOut]:
    """All skills by name, each with who has it."""
    return Items(items=[SkillOut.model_validate(skill) for skill in await staffing.list_skills()])


@router.post("/skills", status_code=201, responses=MADE)
async def create_skill(new: SkillIn, staffing: Staffing) -> SkillOut:
    """Make a skill."""
    return SkillOut.model_validate(await staffing.create_skill(new.name, needs=new.needs, level=new.level))


@router.put("/skills/{skill_id}", responses=CHANGED)
async def update_skill(skill_id: UUID, new: SkillIn, staffing: Staffing) -> SkillOut:
    """Replace a skill's name and which tickets need it."""
    wanted = Skill(skill_id, new.name, new.needs, new.level, version=new.version or 0)
    return SkillOut.model_validate(await staffing.update_skill(wanted))


@router.delete("/skills/{skill_id}", status_code=204, responses=FOUND)
async def delete_skill(skill_id: UUID, staffing: Staffing) -> None:
    """Delete a skill: no ticket needs it and nobody has it any more."""
    await staffing.delete_skill(skill_id)


@router.put("/skills/{skill_id}/holders/{user_id}", responses=FOUND)
async def set_skill_level(skill_id: UUID, user_id: UUID, holder: HolderIn, staffing: Staffing) -> SkillOut:
    """Say how well somebody has a skill."""
    return SkillOut.model_validate(await staffing.set_skill_level(skill_id, user_id, holder.level))


@router.delete("/skills/{skill_id}/holders/{user_id}", responses=FOUND)
async def remove_skill_level(skill_id: UUID, user_id: UUID, staffing: Staffing) -> SkillOut:
    """Say that somebody does not have a skill."""
    return SkillOut.model_validate(await staffing.set_skill_level(skill_id, user_id, 0))


@router.get("/availability")
async def list_availability(staffing: Staffing) -> Items[AvailabilityOut]:
    """All active staff, with why they get no tickets of their teams now."""
    return Items(items=[AvailabilityOut.model_validate(each) for each in await staffing.list_availability()])


@router.get("/availability/me")
async def get_availability(staffing: Staffing) -> AvailabilityOut:
    """Whether you are here."""
    return AvailabilityOut.model_validate(await staffing.get_availability())


@router.post("/availability/me/heartbeat", status_code=204)
async def touch_availability(staffing: Staffing) -> None:
    """Say that you are here; good for 60 s."""
    await staffing.touch_availability()


@router.put("/availability/me/away")
async def set_away(new: AwayIn, staffing: Staffing) -> AvailabilityOut:
    """Get no tickets until an instant, or until you are back."""
    return AvailabilityOut.model_validate(await staffing.set_away(away=True, until=new.until, note=new.note))


@router.delete("/availability/me/away")
async def end_away(staffing: Staffing) -> AvailabilityOut:
    """Be back."""
    return AvailabilityOut.model_validate(await staffing.set_away(away=False))


@router.put("/availability/{user_id}/away", responses=FOUND)
async def set_away_of(user_id: UUID, new: AwayIn, staffing: Staffing) -> AvailabilityOut:
    """Have somebody get no tickets until an instant, or until they are back."""
    found = await staffing.set_away(user_id=user_id, away=True, until=new.until, note=new.note)
    return AvailabilityOut.model_validate(found)


@router.delete("/availability/{user_id}/away", responses=FOUND)
async def end_away_of(user_id: UUID, staffing: Staffing) -> AvailabilityOut:
    """Have somebody be back."""
    return AvailabilityOut.model_validate(await staffing.set_away(user_id=user_id, away=False))


@router.get("/queue")
async def list_waiting(queue: Queue, team_id: UUID | None = None) -> Items[WaitingTicketOut]:
    """What waits for somebody who is free, of one team or of all, in the order of the queues; at most 1,000."""
    return Items(items=[WaitingTicketOut.model_validate(each) for each in await queue.list_waiting(team_id)])


@router.get("/tickets/{ticket_id}/queue", responses=FOUND)
async def get_queue_place(ticket_id: TicketId, queue: Queue) -> QueueOut:
    """Where a ticket waits for somebody who is free, and why."""
    return QueueOut.model_validate({"place": await queue.get_queue_place(ticket_id)})
