"""/settings/skills: what people can do, how well, and which tickets need it."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from services.domain.clocks.fold import POLICY_FIELDS
from services.domain.clocks.whole import read_conditions
from services.domain.conditions.text_form import format_text
from services.domain.errors import AlreadyExists, Conflict, Invalid, NotFound
from services.domain.staffing import HIGHEST_LEVEL, Skill
from services.domain.user import User
from services.gateway.deps import Behind, Services
from services.gateway.web import forms
from services.gateway.web.builder.conditions import ConditionPart, condition_part, read_condition_part
from services.gateway.web.builder.form import pressed
from services.gateway.web.builder.known import Known
from services.gateway.web.builder.loading import known_of
from services.gateway.web.builder.offers import Place
from services.gateway.web.level_forms import at_fields
from services.gateway.web.pages import PageRoute, page
from services.gateway.web.session import needs

SKILLS = "/settings/skills"

router = APIRouter(prefix=SKILLS, route_class=PageRoute, include_in_schema=False, dependencies=[needs("teams.manage")])

Text = Annotated[str, Form(max_length=2000)]
Done = Annotated[str, Query(max_length=20)]
_PART = "conditions"
_PLACE = Place(POLICY_FIELDS, custom_fields=False, events=False)
_LEVELS = [str(level) for level in range(1, HIGHEST_LEVEL + 1)]


@dataclass(frozen=True, slots=True)
class Told:
    """A skill in words: which tickets need it, and who has it how well."""

    skill: Skill
    needs: str
    people: tuple[tuple[str, int], ...]


@router.get("")
async def list_skills(request: Request, behind: Behind, done: Done = "") -> Response:
    """All skills."""
    return await _list_page(request, behind, forms.Form(), done=done)


@router.post("")
async def create_skill(request: Request, behind: Behind, name: Text = "") -> Response:
    """Make a skill, and go on to who has it and which tickets need it."""
    try:
        skill = await behind.staffing.create_skill(name)
    except (Invalid, AlreadyExists) as error:
        return await _list_page(request, behind, forms.form_again({"name": name}, error))
    return RedirectResponse(f"{SKILLS}/{skill.id}?done=made", HTTPStatus.SEE_OTHER)


@router.get("/{skill_id}")
async def show_skill(request: Request, behind: Behind, skill_id: UUID, done: Done = "") -> Response:
    """One skill."""
    skill, known = await asyncio.gather(_skill(behind, skill_id), known_of(behind))
    conditions = condition_part(_PART, read_conditions(skill.needs), _PLACE, known)
    return await _skill_page(request, behind, skill, conditions, forms.Form(_values(skill)), done=done)


@router.post("/{skill_id}")
async def update_skill(request: Request, behind: Behind, skill_id: UUID) -> Response:
    """Change the skill and who has it, or only the rows of its conditions."""
    sent = await request.form()
    skill, known = await asyncio.gather(_skill(behind, skill_id), known_of(behind))
    press = pressed(sent)
    conditions = read_condition_part(sent, _PART, _PLACE, known, press)
    typed: dict[str, object] = {name: str(value) for name, value in sent.items()}
    if press is not None:
        return await _skill_page(request, behind, skill, conditions, forms.Form(typed))
    try:
        await behind.staffing.update_skill(_read(typed, conditions, skill_id))
    except (Invalid, AlreadyExists, Conflict) as error:
        again = forms.form_again(typed, at_fields(error, {"needs": _PART}, what="skill"))
        refused = replace(conditions, problem=again.wrong.get(_PART, ""))
        return await _skill_page(request, behind, skill, refused, again)
    await _keep_holders(behind, skill, typed)
    return RedirectResponse(f"{SKILLS}/{skill_id}?done=saved", HTTPStatus.SEE_OTHER)


@router.post("/{skill_id}/delete")
async def delete_skill(behind: Behind, skill_id: UUID) -> Response:
    """Delete it: no ticket needs it any more."""
    await behind.staffing.delete_skill(skill_id)
    return RedirectResponse(f"{SKILLS}?done=deleted", HTTPStatus.SEE_OTHER)


def _read(typed: Mapping[str, object], conditions: ConditionPart, skill_id: UUID) -> Skill:
    level, version = str(typed.get("level", "")), str(typed.get("version", ""))
    return Skill(
        id=skill_id,
        name=str(typed.get("name", "")),
        needs=format_text(conditions.condition),
        level=int(level) if level in _LEVELS else 0,
        version=int(version) if version.isascii() and version.isdigit() else 0,
    )


async def _keep_holders(behind: Services, skill: Skill, typed: Mapping[str, object]) -> None:
    """Those whose level was changed in the form."""
    known = {holder.user_id: holder.level for holder in skill.holders}
    for user in await behind.identity.list_users():
        wanted = typed.get(f"level-{user.id}")
        if wanted in ("", *_LEVELS) and int(str(wanted) or 0) != known.get(user.id, 0):
            await behind.staffing.set_skill_level(skill.id, user.id, int(str(wanted) or 0))


async def _skill(behind: Services, skill_id: UUID) -> Skill:
    skill = next((skill for skill in await behind.staffing.list_skills() if skill.id == skill_id), None)
    if skill is None:
        raise NotFound("There is no such skill.")
    return skill


def _in_words(skill: Skill, known: Known) -> str:
    return known.read_back(read_conditions(skill.needs)) if skill.needs else ""


async def _list_page(request: Request, behind: Services, form: forms.Form, *, done: str = "") -> Response:
    skills, users, known = await asyncio.gather(
        behind.staffing.list_skills(), behind.identity.list_users(), known_of(behind)
    )
    names = {user.id: user.name for user in users}
    told = [
        Told(
            skill,
            _in_words(skill, known),
            tuple((names.get(each.user_id, "somebody who left"), each.level) for each in skill.holders),
        )
        for skill in skills
    ]
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.wrong or form.problem else HTTPStatus.OK
    return await page(request, "desk/skills.html", status=status, skills=told, form=form, done=done)


async def _skill_page(
    request: Request,
    behind: Services,
    skill: Skill,
    conditions: ConditionPart,
    form: forms.Form,
    *,
    done: str = "",
) -> Response:
    holders = {holder.user_id for holder in skill.holders}
    return await page(
        request,
        "desk/skill.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if form.wrong or form.problem else HTTPStatus.OK,
        skill=skill,
        needs=_in_words(skill, conditions.known),
        people=_people(await behind.identity.list_users(), holders),
        conditions=conditions,
        form=form,
        done=done,
        levels=_LEVELS,
    )


def _people(users: Iterable[User], holders: set[UUID]) -> list[User]:
    shown = (user for user in users if user.is_active_staff or user.id in holders)
    return sorted(shown, key=lambda user: user.name.casefold())


def _values(skill: Skill) -> dict[str, object]:
    held: dict[str, object] = {f"level-{holder.user_id}": str(holder.level) for holder in skill.holders}
    return held | {"name": skill.name, "level": str(skill.level), "version": skill.version}
