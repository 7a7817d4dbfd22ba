"""/settings/ladders: what happens before and after a limit."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from services.domain.actions import Action, ActionKind
from services.domain.clocks.policy import Ladder, LadderStep, StepWhen
from services.domain.errors import AlreadyExists, Conflict, DuradeskError, Invalid, NotFound
from services.gateway.deps import Behind, Services
from services.gateway.web import forms
from services.gateway.web.builder.form import pressed
from services.gateway.web.builder.loading import known_of
from services.gateway.web.builder.steps import StepPart, read_step_part, step_part
from services.gateway.web.level_forms import at_fields
from services.gateway.web.level_preview import ShownPreview, still_to_see
from services.gateway.web.pages import PageRoute, page
from services.gateway.web.session import needs

LADDERS = "/settings/ladders"

router = APIRouter(
    prefix=LADDERS, route_class=PageRoute, include_in_schema=False, dependencies=[needs("service_levels.manage")]
)

_NEW = UUID(int=0)
# A warning before the limit, and an alarm at it.
_OFFERED = (
    LadderStep("warning", StepWhen.SHARE, (Action(ActionKind.ADD_TAG, tag="soon-late"),), share=75),
    LadderStep("late", StepWhen.AFTER, (Action(ActionKind.RAISE_PRIORITY),)),
)
_PART = "steps"
Done = Annotated[str, Query(max_length=20)]
Version = Annotated[int, Form(ge=0)]


@router.get("")
async def list_ladders(request: Request, behind: Behind, done: Done = "") -> Response:
    """All ladders, read back."""
    ladders = await behind.service_levels.list_escalation_ladders()
    return await page(request, "desk/ladders.html", ladders=ladders, known=await known_of(behind), done=done)


@router.get("/new")
async def show_new_ladder(request: Request, behind: Behind) -> Response:
    """A warning and an alarm, to be changed."""
    steps = step_part(_PART, _OFFERED, await known_of(behind))
    return await _ladder_page(request, None, steps, forms.Form({"name": "Escalate"}))


@router.post("/new")
async def create_ladder(request: Request, behind: Behind) -> Response:
    """Make a ladder."""
    return await _save(request, behind, None, version=0)


@router.get("/{ladder_id}")
async def show_ladder(request: Request, behind: Behind, ladder_id: UUID, done: Done = "") -> Response:
    """One ladder."""
    ladder = await _ladder(behind, ladder_id)
    return await _as_kept(request, behind, ladder, done=done)


@router.post("/{ladder_id}")
async def update_ladder(request: Request, behind: Behind, ladder_id: UUID, version: Version = 0) -> Response:
    """Change a ladder; a step that has happened does not happen again under its name."""
    return await _save(request, behind, await _ladder(behind, ladder_id), version=version)


@router.post("/{ladder_id}/delete")
async def delete_ladder(request: Request, behind: Behind, ladder_id: UUID) -> Response:
    """Delete a ladder that no policy needs, once one has seen what that moves."""
    ladder = await _ladder(behind, ladder_id)
    try:
        if shown := await still_to_see(behind, ladder, await request.form(), deletes=True):
            return await _as_kept(request, behind, ladder, shown=shown)
        await behind.service_levels.delete_escalation_ladder(ladder_id)
    except Invalid as error:
        return await _as_kept(request, behind, ladder, problem=error.message)
    return RedirectResponse(f"{LADDERS}?done=deleted", HTTPStatus.SEE_OTHER)


async def _save(request: Request, behind: Services, ladder: Ladder | None, *, version: int) -> Response:
    sent = await request.form()
    press = pressed(sent)
    steps = read_step_part(sent, _PART, await known_of(behind), press)
    typed = {"name": str(sent.get("name", ""))}
    if press is not None:
        return await _ladder_page(request, ladder, steps, forms.Form(typed))
    levels = behind.service_levels
    try:
        told = Ladder(ladder.id if ladder else _NEW, typed["name"].strip(), steps.steps, version)
        if shown := await still_to_see(behind, told, sent):
            return await _ladder_page(request, ladder, steps, forms.Form(typed), shown=shown)
        kept = await (levels.update_escalation_ladder(told) if ladder else levels.create_escalation_ladder(told))
    except (Invalid, AlreadyExists, Conflict) as error:
        again = forms.form_again(typed, at_fields(error, {}, what="ladder"))
        return await _ladder_page(request, ladder, steps.with_problems(_violations(error)), again)
    return RedirectResponse(f"{LADDERS}/{kept.id}?done=saved", HTTPStatus.SEE_OTHER)


def _violations(error: DuradeskError) -> Mapping[str, str]:
    return error.violations if isinstance(error, Invalid) else {}


async def _ladder(behind: Services, ladder_id: UUID) -> Ladder:
    found = await behind.service_levels.list_escalation_ladders()
    ladder = next((ladder for ladder in found if ladder.id == ladder_id), None)
    if ladder is None:
        raise NotFound("There is no such ladder.")
    return ladder


async def _as_kept(
    request: Request,
    behind: Services,
    ladder: Ladder,
    *,
    done: str = "",
    problem: str = "",
    shown: ShownPreview | None = None,
) -> Response:
    steps = step_part(_PART, ladder.steps, await known_of(behind))
    form = forms.Form({"name": ladder.name}, problem=problem)
    return await _ladder_page(request, ladder, steps, form, done=done, shown=shown)


async def _ladder_page(
    request: Request,
    ladder: Ladder | None,
    steps: StepPart,
    form: forms.Form,
    *,
    done: str = "",
    shown: ShownPreview | None = None,
) -> Response:
    refused = request.method == "POST" and (form.wrong or form.problem)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if refused else HTTPStatus.OK
    return await page(
        request,
        "desk/ladder.html",
        status=status,
        ladder=ladder,
        form=form,
        steps=steps,
        done=done,
        shown=shown,
        when=tuple(StepWhen),
    )
