"""/calendars, /escalation-ladders and /sla-policies: how fast tickets are to be answered, and what happens if not."""

from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import APIRouter, Body
from pydantic import BaseModel

from services.domain.actions import Action
from services.domain.calendars.model import Calendar, ClosedDay, WorkingHours
from services.domain.clocks.policy import ClockLadder, Ladder, LadderStep, Policy, Target
from services.domain.errors import Invalid
from services.gateway.api import CHANGED, MADE, PREFIX
from services.gateway.deps import ServiceLevels, SignedIn
from services.gateway.models.base import Items
from services.gateway.models.service_levels import (
    CalendarIn,
    CalendarOut,
    ClosedDayOut,
    LadderIn,
    LadderOut,
    LadderStepIn,
    PolicyIn,
    PolicyOut,
    PreviewIn,
    PreviewOut,
)

router = APIRouter(prefix=PREFIX, tags=["service levels"], dependencies=[SignedIn])

_NEW = UUID(int=0)
T = TypeVar("T")


@router.get("/calendars")
async def list_calendars(levels: ServiceLevels) -> Items[CalendarOut]:
    """All calendars by name."""
    return Items(items=[CalendarOut.model_validate(calendar) for calendar in await levels.list_calendars()])


@router.post("/calendars", status_code=201, responses=MADE)
async def create_calendar(new: CalendarIn, levels: ServiceLevels) -> CalendarOut:
    """Make a calendar of working time."""
    return CalendarOut.model_validate(await levels.create_calendar(_calendar(new, _NEW)))


@router.put("/calendars/{calendar_id}", responses=CHANGED)
async def update_calendar(calendar_id: UUID, new: CalendarIn, levels: ServiceLevels) -> CalendarOut:
    """Replace a calendar; clocks that ended are not reckoned anew."""
    return CalendarOut.model_validate(await levels.update_calendar(_calendar(new, calendar_id)))


@router.delete("/calendars/{calendar_id}", status_code=204, responses=CHANGED)
async def delete_calendar(calendar_id: UUID, levels: ServiceLevels) -> None:
    """Delete a calendar that no policy, team or brand needs."""
    await levels.delete_calendar(calendar_id)


@router.post("/closed-days")
async def import_closed_days(
    content: Annotated[str, Body(media_type="text/calendar", max_length=1_000_000)], levels: ServiceLevels
) -> Items[ClosedDayOut]:
    """Read the all-day events of an iCalendar file (RFC 5545), to be put into a calendar."""
    try:
        file = content.encode()
    except UnicodeEncodeError:
        raise Invalid("The file is not Unicode text.") from None
    return Items(items=[ClosedDayOut.model_validate(day) for day in await levels.import_closed_days(file)])


@router.get("/escalation-ladders")
async def list_escalation_ladders(levels: ServiceLevels) -> Items[LadderOut]:
    """All ladders by name."""
    return Items(items=[LadderOut.model_validate(ladder) for ladder in await levels.list_escalation_ladders()])


@router.post("/escalation-ladders", status_code=201, responses=MADE)
async def create_escalation_ladder(new: LadderIn, levels: ServiceLevels) -> LadderOut:
    """Make a ladder of steps before and after a limit."""
    return LadderOut.model_validate(await levels.create_escalation_ladder(_ladder(new, _NEW)))


@router.put("/escalation-ladders/{ladder_id}", responses=CHANGED)
async def update_escalation_ladder(ladder_id: UUID, new: LadderIn, levels: ServiceLevels) -> LadderOut:
    """Replace a ladder; a step that has happened does not happen again under its name."""
    return LadderOut.model_validate(await levels.update_escalation_ladder(_ladder(new, ladder_id)))


@router.delete("/escalation-ladders/{ladder_id}", status_code=204, responses=CHANGED)
async def delete_escalation_ladder(ladder_id: UUID, levels: ServiceLevels) -> None:
    """Delete a ladder that no policy needs."""
    await levels.delete_escalation_ladder(ladder_id)


@router.get("/sla-policies")
async def list_sla_policies(levels: ServiceLevels) -> Items[PolicyOut]:
    """All policies by name; `position` says in which order they are tried."""
    return Items(items=[PolicyOut.model_validate(policy) for policy in await levels.list_sla_policies()])


@router.post("/sla-policies", status_code=201, responses=MADE)
async def create_sla_policy(new: PolicyIn, levels: ServiceLevels) -> PolicyOut:
    """Make a policy; it counts for what happens from now on."""
    return PolicyOut.model_validate(await levels.create_sla_policy(_policy(new, _NEW)))


@router.put("/sla-policies/{policy_id}", responses=CHANGED)
async def update_sla_policy(policy_id: UUID, new: PolicyIn, levels: ServiceLevels) -> PolicyOut:
    """Replace a policy; clocks that ended keep how they ended."""
    return PolicyOut.model_validate(await levels.update_sla_policy(_policy(new, policy_id)))


@router.delete("/sla-policies/{policy_id}", status_code=204, responses=CHANGED)
async def delete_sla_policy(policy_id: UUID, levels: ServiceLevels) -> None:
    """Delete a policy; its tickets come under the next one that fits, or under none."""
    await levels.delete_sla_policy(policy_id)


@router.post("/service-level-previews", responses=CHANGED)
async def preview_service_levels(told: PreviewIn, levels: ServiceLevels) -> PreviewOut:
    """See what a change would do to open tickets, before it is saved."""
    return PreviewOut.model_validate(await levels.preview_service_levels(_change(told)))


def _change(told: PreviewIn) -> Calendar | Ladder | Policy | UUID:
    replaced = told.replaced_id or _NEW
    changes: list[Calendar | Ladder | Policy | UUID] = []
    changes += [_calendar(told.calendar, replaced)] if told.calendar else []
    changes += [_ladder(told.escalation_ladder, replaced)] if told.escalation_ladder else []
    changes += [_policy(told.sla_policy, replaced)] if told.sla_policy else []
    changes += [told.deleted_id] if told.deleted_id else []
    if len(changes) != 1:
        raise Invalid("Name exactly one change: a calendar, an escalation_ladder, an sla_policy or a deleted_id.")
    return changes[0]


def _calendar(told: CalendarIn, calendar_id: UUID) -> Calendar:
    return Calendar(
        id=calendar_id,
        name=told.name,
        time_zone=told.time_zone,
        hours=tuple(_as(WorkingHours, hours) for hours in told.hours),
        countries=told.countries,
        closed_days=tuple(_as(ClosedDay, day) for day in told.closed_days),
        version=told.version or 0,
    )


def _ladder(told: LadderIn, ladder_id: UUID) -> Ladder:
    return Ladder(ladder_id, told.name, tuple(_step(step) for step in told.steps), told.version or 0)


def _step(told: LadderStepIn) -> LadderStep:
    actions = tuple(_as(Action, action) for action in told.actions)
    return LadderStep(told.name, told.when, actions, told.share, told.offset)


def _policy(told: PolicyIn, policy_id: UUID) -> Policy:
    return Policy(
        id=policy_id,
        name=told.name,
        position=told.position,
        conditions=told.conditions,
        calendar_id=told.calendar_id,
        targets=tuple(_as(Target, target) for target in told.targets),
        ladders=tuple(_as(ClockLadder, ladder) for ladder in told.ladders),
        pauses=told.pauses,
        version=told.version or 0,
    )


def _as(kind: type[T], told: BaseModel) -> T:
    """The domain object with the same fields."""
    return kind(**dict(told))
