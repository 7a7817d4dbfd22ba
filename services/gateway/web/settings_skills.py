"""/settings/skills: what people can do, how well, and which tickets need it."""

import asyncio
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from services.domain.conditions.plain_words import read_back
from services.domain.conditions.text_form import parse_text
from services.domain.errors import AlreadyExists, Conflict, Invalid, NotFound
from services.domain.staffing import HIGHEST_LEVEL, Skill
from services.domain.user import User
from services.gateway.deps import Behind, Services
from services.gateway.web import forms
from services.gateway.web.level_forms import at_fields
from services.gateway.web.pages import PageRoute, page
from services.gateway.web.session import needs
from services.gateway.web.settings_policies import Around

SKILLS = "/settings/skills"

router = APIRouter(prefix=SKILLS, route_class=PageRoute, include_in_schema=False, dependencies=[needs("teams.manage")])

Text = Annotated[str, Form(max_length=2000)]
Done = Annotated[str, Query(max_length=20)]
Level = Annotated[int, Form(ge=1, le=HIGHEST_LEVEL)]
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
    return await _list_page(request, behind, forms.Form({"level": "1"}), done=done)


@router.post("")
async def create_skill(request: Request, behind: Behind, name: Text = "", needed: Text = "", level: Level = 1) -> Response:
    """Make a skill, and go on to who has it."""
    try:
        text = (await _around(behind)).conditions(needed) if needed.strip() else ""
        skill = await behind.staffing.create_skill(name, needs=text, level=level)
    except (Invalid, AlreadyExists) as error:
        typed: dict[str, object] = {"name": name, "needed": needed, "level": str(level)}
        return await _list_page(request, behind, forms.form_again(typed, at_fields(error, _FIELDS, what="skill")))
    return RedirectResponse(f"{SKILLS}/{skill.id}?done=made", HTTPStatus.SEE_OTHER)


@router.get("/{skill_id}")
async def show_skill(request: Request, behind: Behind, skill_id: UUID, done: Done = "") -> Response:
    """One skill."""
    return await _skill_page(request, behind, skill_id, done=done)


@router.post("/{skill_id}")
async def update_skill(
    request: Request,
    behind: Behind,
    skill_id: UUID,
    name: Text = "",
    needed: Text = "",
    level: Level = 1,
    version: Annotated[int, Form(ge=0)] = 0,
) -> Response:
    """Change the skill and who has it."""
    typed = {key: str(value) for key, value in (await request.form()).items()}
    try:
        text = (await _around(behind)).conditions(needed) if needed.strip() else ""
        kept = await behind.staffing.update_skill(Skill(skill_id, name, text, level, version=version))
    except (Invalid, AlreadyExists, Conflict) as error:
        again = forms.form_again(dict(typed), at_fields(error, _FIELDS, what="skill"))
        return await _skill_page(request, behind, skill_id, form=again)
    known = {holder.user_id: holder.level for holder in kept.holders}
    for user in await behind.identity.list_users():
        wanted = typed.get(f"level-{user.id}", "")
        if wanted in ("", *_LEVELS) and f"level-{user.id}" in typed and int(wanted or 0) != known.get(user.id, 0):
            await behind.staffing.set_skill_level(skill_id, user.id, int(wanted or 0))
    return RedirectResponse(f"{SKILLS}/{skill_id}?done=saved", HTTPStatus.SEE_OTHER)


@router.post("/{skill_id}/delete")
async def delete_skill(behind: Behind, skill_id: UUID) -> Response:
    """Delete it: no ticket needs it any more."""
    await behind.staffing.delete_skill(skill_id)
    return RedirectResponse(f"{SKILLS}?done=deleted", HTTPStatus.SEE_OTHER)


_FIELDS = {"conditions": "needed", "needs": "needed"}


async def _around(behind: Services) -> Around:
    teams, brands = await asyncio.gather(behind.routing.list_teams(), behind.tickets.list_brands())
    return Around((), (), (), {team.id: team.name for team in teams}, {brand.id: brand.name for brand in brands})


def _in_words(skill: Skill, around: Around) -> str:
    return read_back(parse_text(skill.needs), {**around.teams, **around.brands}) if skill.needs else ""


async def _list_page(request: Request, behind: Services, form: forms.Form, *, done: str = "") -> Response:
    skills, users, around = await asyncio.gather(
        behind.staffing.list_skills(), behind.identity.list_users(), _around(behind)
    )
    names = {user.id: user.name for user in users}
    told = [
        Told(
            skill,
            _in_words(skill, around),
            tuple((names.get(each.user_id, "somebody who left"), each.level) for each in skill.holders),
        )
        for skill in skills
    ]
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.wrong or form.problem else HTTPStatus.OK
    return await page(request, "desk/skills.html", status=status, skills=told, form=form, done=done, levels=_LEVELS)


async def _skill_page(
    request: Request, behind: Services, skill_id: UUID, *, form: forms.Form | None = None, done: str = ""
) -> Response:
    skills, users, around = await asyncio.gather(
        behind.staffing.list_skills(), behind.identity.list_users(), _around(behind)
    )
    skill = next((skill for skill in skills if skill.id == skill_id), None)
    if skill is None:
        raise NotFound("There is no such skill.")
    holders = {holder.user_id: holder.level for holder in skill.holders}
    now: dict[str, object] = {
        "name": skill.name,
        "needed": around.conditions_text(skill.needs),
        "level": str(skill.level),
        "version": skill.version,
    } | {f"level-{user_id}": str(level) for user_id, level in holders.items()}
    shown = forms.Form(now) if form is None else replace(form, values={**now, **form.values})
    return await page(
        request,
        "desk/skill.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if form else HTTPStatus.OK,
        skill=skill,
        needs=_in_words(skill, around),
        people=_people(users, holders),
        form=shown,
        done=done,
        levels=_LEVELS,
    )


def _people(users: tuple[User, ...], holders: dict[UUID, int]) -> list[User]:
    shown = (user for user in users if user.is_active_staff or user.id in holders)
    return sorted(shown, key=lambda user: user.name.casefold())
