"""/settings/policies: which tickets are to be answered how fast, in whose hours, and what happens if not."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from services.domain.calendars.model import Calendar
from services.domain.clocks.fold import POLICY_FIELDS
from services.domain.clocks.model import ClockKind
from services.domain.clocks.policy import ClockLadder, Ladder, Policy, Target
from services.domain.clocks.whole import read_conditions
from services.domain.conditions.text_form import format_text
from services.domain.errors import AlreadyExists, Conflict, Invalid, NotFound
from services.domain.ticket import Priority, TicketStatus
from services.gateway.deps import Behind, Services
from services.gateway.web import forms
from services.gateway.web.builder.conditions import ConditionPart, condition_part, read_condition_part
from services.gateway.web.builder.form import pressed
from services.gateway.web.builder.known import Known
from services.gateway.web.builder.loading import known_of
from services.gateway.web.builder.offers import Place
from services.gateway.web.level_forms import at_fields, duration_text, read_duration
from services.gateway.web.level_preview import ShownPreview, still_to_see
from services.gateway.web.pages import PageRoute, page
from services.gateway.web.session import needs

POLICIES = "/settings/policies"

router = APIRouter(
    prefix=POLICIES, route_class=PageRoute, include_in_schema=False, dependencies=[needs("service_levels.manage")]
)

_NEW = UUID(int=0)
_PART = "conditions"
# A policy is chosen by how a ticket is now, and by what decides about its clocks.
_PLACE = Place(POLICY_FIELDS, custom_fields=False, events=False)
# Most urgent first, as people read it; "" is for all that no other target names.
PRIORITIES = (None, *reversed(Priority))
PAUSES = tuple(status for status in TicketStatus if not status.is_settled)
_OFFERED = {"name": "Standard", "target-first_response": "4 h", "target-next_response": "8 h"}
Done = Annotated[str, Query(max_length=20)]
Version = Annotated[int, Form(ge=0)]


@dataclass(frozen=True, slots=True)
class Around:
    """What policies name: calendars, ladders, and the names behind the ids in conditions."""

    policies: Sequence[Policy]
    calendars: Sequence[Calendar]
    ladders: Sequence[Ladder]
    known: Known

    @property
    def names(self) -> dict[UUID, str]:
        """The names of calendars and ladders by id."""
        things: list[Calendar | Ladder] = [*self.calendars, *self.ladders]
        return {thing.id: thing.name for thing in things}

    def read_back(self, policy: Policy) -> str:
        """Which tickets, in plain words."""
        return self.known.read_back(read_conditions(policy.conditions))

    def conditions(self, policy: Policy | None) -> ConditionPart:
        """Which tickets, as the builder shows it."""
        condition = read_conditions(policy.conditions if policy else "")
        return condition_part(_PART, condition, _PLACE, self.known)


@router.get("")
async def list_policies(request: Request, behind: Behind, done: Done = "") -> Response:
    """All policies in the order in which they are tried."""
    around = await _around(behind)
    policies = sorted(around.policies, key=lambda policy: (policy.position, str(policy.id)))
    return await page(
        request, "desk/policies.html", policies=policies, around=around, clocks=tuple(ClockKind), done=done
    )


@router.get("/new")
async def show_new_policy(request: Request, behind: Behind) -> Response:
    """A usual policy for all tickets, in the first calendar."""
    around = await _around(behind)
    offered: dict[str, object] = {
        **_OFFERED,
        "position": max((policy.position for policy in around.policies), default=0) + 10,
        "calendar": str(around.calendars[0].id) if around.calendars else "",
        "pauses": {TicketStatus.PENDING.value, TicketStatus.ON_HOLD.value},
    }
    return await _policy_page(request, None, around, forms.Form(offered), around.conditions(None))


@router.post("/new")
async def create_policy(request: Request, behind: Behind) -> Response:
    """Make a policy."""
    return await _save(request, behind, _NEW, version=0)


@router.get("/{policy_id}")
async def show_policy(request: Request, behind: Behind, policy_id: UUID, done: Done = "") -> Response:
    """One policy."""
    around = await _around(behind)
    policy = _policy(around, policy_id)
    return await _as_kept(request, around, policy, done=done)


@router.post("/{policy_id}")
async def update_policy(request: Request, behind: Behind, policy_id: UUID, version: Version = 0) -> Response:
    """Change a policy."""
    return await _save(request, behind, policy_id, version=version)


@router.post("/{policy_id}/delete")
async def delete_policy(request: Request, behind: Behind, policy_id: UUID) -> Response:
    """Delete a policy, once one has seen what that moves; its tickets come under the next one that fits."""
    around = await _around(behind)
    policy = _policy(around, policy_id)
    if shown := await still_to_see(behind, policy, await request.form(), deletes=True):
        return await _as_kept(request, around, policy, shown=shown)
    await behind.service_levels.delete_sla_policy(policy_id)
    return RedirectResponse(f"{POLICIES}?done=deleted", HTTPStatus.SEE_OTHER)


async def _save(request: Request, behind: Services, policy_id: UUID, *, version: int) -> Response:
    sent = await request.form()
    typed: dict[str, object] = {name: str(value) for name, value in sent.items()}
    typed["pauses"] = {str(status) for status in sent.getlist("pauses")}
    around = await _around(behind)
    policy = None if policy_id == _NEW else _policy(around, policy_id)
    press = pressed(sent)
    conditions = read_condition_part(sent, _PART, _PLACE, around.known, press)
    if press is not None:
        return await _policy_page(request, policy, around, forms.Form(typed), conditions)
    levels = behind.service_levels
    try:
        told = _read(typed, conditions, policy_id, version)
        if shown := await still_to_see(behind, told, sent):
            return await _policy_page(request, policy, around, forms.Form(typed), conditions, shown=shown)
        kept = await (levels.update_sla_policy(told) if policy else levels.create_sla_policy(told))
    except (Invalid, AlreadyExists, Conflict) as error:
        fields = {"targets": "target-first_response", "ladders": "ladder-first_response", "position": "position"}
        again = forms.form_again(typed, at_fields(error, fields, what="policy"))
        refused = replace(conditions, problem=again.wrong.get(_PART, ""))
        return await _policy_page(request, policy, around, again, refused)
    return RedirectResponse(f"{POLICIES}/{kept.id}?done=saved", HTTPStatus.SEE_OTHER)


def _read(typed: Mapping[str, object], conditions: ConditionPart, policy_id: UUID, version: int) -> Policy:
    wrong: dict[str, str] = {}
    targets = []
    for clock in ClockKind:
        for priority in PRIORITIES:
            name = target_field(clock, priority)
            if text := str(typed.get(name, "")).strip():
                try:
                    targets.append(Target(clock, read_duration(text), priority))
                except ValueError as error:
                    wrong[name] = str(error)
    position = str(typed.get("position", "")).strip() or "0"
    if not (position.isascii() and position.isdigit() and len(position) <= 6):
        wrong["position"] = "must be a whole number from 0 to 999999"
    text = ""
    try:
        text = format_text(conditions.condition)
    except Invalid as error:
        wrong |= error.violations
    if wrong:
        raise Invalid("The policy is not valid.", violations=wrong)
    calendar, pauses = typed.get("calendar"), typed["pauses"]
    ladders = [(clock, typed.get(f"ladder-{clock}")) for clock in ClockKind]
    return Policy(
        id=policy_id,
        name=str(typed.get("name", "")).strip(),
        position=int(position),
        conditions=text,
        calendar_id=_id(calendar),
        targets=tuple(targets),
        ladders=tuple(ClockLadder(clock, found) for clock, ladder in ladders if (found := _id(ladder))),
        pauses=tuple(status for status in PAUSES if isinstance(pauses, set) and status.value in pauses),
        version=version,
    )


def _id(text: object) -> UUID | None:
    try:
        return UUID(str(text)) if text else None
    except ValueError:
        raise Invalid("Choose something from the list.") from None


def target_field(clock: ClockKind, priority: Priority | None) -> str:
    """The name of a target's field."""
    return f"target-{clock}-{priority}" if priority else f"target-{clock}"


async def _around(behind: Services) -> Around:
    levels = behind.service_levels
    policies, calendars, ladders, known = await asyncio.gather(
        levels.list_sla_policies(), levels.list_calendars(), levels.list_escalation_ladders(), known_of(behind)
    )
    return Around(policies, calendars, ladders, known)


def _policy(around: Around, policy_id: UUID) -> Policy:
    policy = next((policy for policy in around.policies if policy.id == policy_id), None)
    if policy is None:
        raise NotFound("There is no such policy.")
    return policy


async def _as_kept(
    request: Request, around: Around, policy: Policy, *, done: str = "", shown: ShownPreview | None = None
) -> Response:
    form = forms.Form(_values(policy))
    return await _policy_page(request, policy, around, form, around.conditions(policy), done=done, shown=shown)


async def _policy_page(
    request: Request,
    policy: Policy | None,
    around: Around,
    form: forms.Form,
    conditions: ConditionPart,
    *,
    done: str = "",
    shown: ShownPreview | None = None,
) -> Response:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.wrong or form.problem else HTTPStatus.OK
    return await page(
        request,
        "desk/policy.html",
        status=status,
        policy=policy,
        around=around,
        form=form,
        conditions=conditions,
        done=done,
        shown=shown,
        clocks=tuple(ClockKind),
        priorities=PRIORITIES,
        pauses=PAUSES,
        field=target_field,
    )


def _values(policy: Policy) -> dict[str, object]:
    targets = {target_field(target.clock, target.priority): duration_text(target.duration) for target in policy.targets}
    ladders = {f"ladder-{ladder.clock}": str(ladder.ladder_id) for ladder in policy.ladders}
    return (
        targets
        | ladders
        | {
            "name": policy.name,
            "position": policy.position,
            "calendar": str(policy.calendar_id or ""),
            "pauses": {status.value for status in policy.pauses},
        }
    )
