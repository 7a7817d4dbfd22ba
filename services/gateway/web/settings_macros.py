"""/settings/macros: canned replies and macros; everybody keeps their own, admins those of teams and of everybody."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from services.domain.actions import Action
from services.domain.errors import AlreadyExists, Conflict, Forbidden, Invalid, NotFound
from services.domain.macros import KINDS, MANAGE, PLACEHOLDERS, Macro, MacroFields
from services.domain.message import Visibility
from services.domain.principal import Principal
from services.gateway.deps import Behind, Services
from services.gateway.web import forms
from services.gateway.web.builder.actions import ActionPart, action_part, read_action_part
from services.gateway.web.builder.form import pressed
from services.gateway.web.builder.known import Known
from services.gateway.web.builder.loading import known_of
from services.gateway.web.pages import PageRoute, page
from services.gateway.web.session import Caller, needs

MACROS = "/settings/macros"
MINE, ALL = "mine", "all"

router = APIRouter(prefix=MACROS, route_class=PageRoute, include_in_schema=False, dependencies=[needs("tickets.work")])

Done = Annotated[str, Query(max_length=20)]
_PART = "actions"


@router.get("")
async def list_macros(request: Request, behind: Behind, caller: Caller, done: Done = "") -> Response:
    """Those that the caller may use."""
    macros, known = await behind.macros.list_macros(), await known_of(behind)
    return await page(request, "desk/macros.html", macros=macros, known=known, caller=caller, done=done)


@router.get("/new")
async def show_new_macro(request: Request, behind: Behind, caller: Caller) -> Response:
    """The form for another one."""
    part = _part((), await known_of(behind))
    return await _macro_page(request, caller, None, part, forms.Form({"owner": MINE, "visibility": "public"}))


@router.post("/new")
async def create_macro(request: Request, behind: Behind, caller: Caller) -> Response:
    """Make a macro."""
    return await _save(request, behind, caller, None)


@router.get("/{macro_id}")
async def show_macro(request: Request, behind: Behind, caller: Caller, macro_id: UUID, done: Done = "") -> Response:
    """One macro, to be changed by whom it belongs to."""
    macro, known = await _known(behind, macro_id), await known_of(behind)
    form = forms.Form({**_values(macro), "version": macro.version})
    return await _macro_page(request, caller, macro, _part(macro.actions, known), form, done=done)


@router.post("/{macro_id}")
async def update_macro(request: Request, behind: Behind, caller: Caller, macro_id: UUID) -> Response:
    """Other words, other actions."""
    return await _save(request, behind, caller, await _known(behind, macro_id))


@router.post("/{macro_id}/delete")
async def delete_macro(behind: Behind, macro_id: UUID) -> Response:
    """No more; what it did stays."""
    await behind.macros.delete_macro(macro_id)
    return RedirectResponse(f"{MACROS}?done=deleted", HTTPStatus.SEE_OTHER)


async def _save(request: Request, behind: Services, caller: Principal, macro: Macro | None) -> Response:
    sent = await request.form()
    press, known = pressed(sent), await known_of(behind)
    part, typed = read_action_part(sent, _PART, known, press, allowed=KINDS), _typed(sent)
    if press is not None:
        return await _macro_page(request, caller, macro, part, forms.Form(typed))
    try:
        said = _read(typed, caller) | {"actions": part.actions}
        if macro is None:
            kept = await behind.macros.create_macro(MacroFields(**said))
        else:
            version = str(typed["version"])
            kept = await behind.macros.update_macro(
                macro.id, said, expected_version=int(version) if version.isascii() and version.isdigit() else 0
            )
    except (Invalid, AlreadyExists, Conflict, Forbidden) as error:
        if isinstance(error, Invalid):
            part = part.with_problems(error.violations)
        return await _macro_page(request, caller, macro, part, forms.form_again(typed, error), refused=True)
    return RedirectResponse(f"{MACROS}/{kept.id}?done=saved", HTTPStatus.SEE_OTHER)


async def _macro_page(
    request: Request,
    caller: Principal,
    macro: Macro | None,
    part: ActionPart,
    form: forms.Form,
    *,
    done: str = "",
    refused: bool = False,
) -> Response:
    mine = macro is None or str(macro.user_id) == caller.subject
    return await page(
        request,
        "desk/macro.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if refused else HTTPStatus.OK,
        macro=macro,
        may_change=mine or caller.may(MANAGE),
        owners=[MINE, *([ALL, *map(str, part.known.of("team"))] if caller.may(MANAGE) else [])]
        if mine
        else [ALL, *map(str, part.known.of("team"))],
        placeholders=PLACEHOLDERS,
        part=part,
        form=form,
        done=done,
    )


def _part(actions: tuple[Action, ...], known: Known) -> ActionPart:
    return action_part(_PART, actions, known, allowed=KINDS)


async def _known(behind: Services, macro_id: UUID) -> Macro:
    macro = next((macro for macro in await behind.macros.list_macros() if macro.id == macro_id), None)
    if macro is None:
        raise NotFound("There is no such macro.")
    return macro


def _values(macro: Macro) -> dict[str, object]:
    owner = str(macro.team_id or (MINE if macro.user_id else ALL))
    return {"name": macro.name, "owner": owner, "reply": macro.reply, "visibility": macro.visibility.value}


def _typed(sent: FormData) -> dict[str, object]:
    names = ("name", "owner", "reply", "visibility", "version")
    return {name: value if isinstance(value := sent.get(name), str) else "" for name in names}


def _read(typed: Mapping[str, object], caller: Principal) -> dict[str, Any]:
    owner = str(typed["owner"])
    try:
        return {
            "name": typed["name"],
            "user_id": UUID(caller.subject) if owner == MINE else None,
            "team_id": UUID(owner) if owner not in (MINE, ALL) else None,
            "reply": typed["reply"],
            "visibility": Visibility(str(typed["visibility"])),
        }
    except ValueError:
        raise Invalid("Choose from the lists.") from None
