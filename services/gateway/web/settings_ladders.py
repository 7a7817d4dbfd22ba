"""/settings/ladders: what happens before and after a limit."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from services.domain.actions import Action, ActionKind
from services.domain.clocks.policy import Ladder, LadderStep, StepWhen
from services.domain.errors import AlreadyExists, Conflict, Invalid, NotFound
from services.domain.ticket import Priority
from services.gateway.deps import Behind, Services
from services.gateway.web import forms
from services.gateway.web.changes import tags_of
from services.gateway.web.directory import directory_of
from services.gateway.web.level_forms import at_fields, duration_text, read_duration
from services.gateway.web.pages import PageRoute, page
from services.gateway.web.session import needs

LADDERS = "/settings/ladders"

router = APIRouter(
    prefix=LADDERS, route_class=PageRoute, include_in_schema=False, dependencies=[needs("service_levels.manage")]
)

_NEW = UUID(int=0)
_FIELDS = ("name", "when", "amount", "raise", "team", "user", "tags", "tell_team", "tell_user", "note")
_BY_ONE = "by_one"
# A warning before the limit, and an alarm at it.
_OFFERED: Mapping[str, object] = {"name": "Escalate", "steps": 2} | {
    "step-0-name": "warning", "step-0-when": "share", "step-0-amount": "75", "step-0-tags": "soon-late",
    "step-1-name": "late", "step-1-when": "after", "step-1-amount": "0 min", "step-1-raise": _BY_ONE,
}  # fmt: skip
Done = Annotated[str, Query(max_length=20)]
Version = Annotated[int, Form(ge=0)]


@router.get("")
async def list_ladders(request: Request, behind: Behind, done: Done = "") -> Response:
    """All ladders, read back."""
    ladders = await behind.service_levels.list_escalation_ladders()
    return await page(request, "desk/ladders.html", ladders=ladders, directory=await directory_of(behind), done=done)


@router.get("/new")
async def show_new_ladder(request: Request, behind: Behind) -> Response:
    """A warning and an alarm, to be changed."""
    return await _ladder_page(request, behind, None, forms.Form(_OFFERED))


@router.post("/new")
async def create_ladder(request: Request, behind: Behind) -> Response:
    """Make a ladder."""
    return await _save(request, behind, None, version=0)


@router.get("/{ladder_id}")
async def show_ladder(request: Request, behind: Behind, ladder_id: UUID, done: Done = "") -> Response:
    """One ladder."""
    ladder = await _ladder(behind, ladder_id)
    problem = "" if _fits_the_form(ladder) else _too_much().message
    return await _ladder_page(request, behind, ladder, forms.Form(_values(ladder), problem=problem), done=done)


@router.post("/{ladder_id}")
async def update_ladder(request: Request, behind: Behind, ladder_id: UUID, version: Version = 0) -> Response:
    """Change a ladder; a step that has happened does not happen again under its name."""
    return await _save(request, behind, await _ladder(behind, ladder_id), version=version)


@router.post("/{ladder_id}/delete")
async def delete_ladder(request: Request, behind: Behind, ladder_id: UUID) -> Response:
    """Delete a ladder that no policy needs."""
    ladder = await _ladder(behind, ladder_id)
    try:
        await behind.service_levels.delete_escalation_ladder(ladder_id)
    except Invalid as error:
        return await _ladder_page(request, behind, ladder, forms.Form(_values(ladder), problem=error.message))
    return RedirectResponse(f"{LADDERS}?done=deleted", HTTPStatus.SEE_OTHER)


async def _save(request: Request, behind: Services, ladder: Ladder | None, *, version: int) -> Response:
    typed = _typed(await request.form())
    levels = behind.service_levels
    try:
        if ladder and not _fits_the_form(ladder):
            raise _too_much()
        told = Ladder(ladder.id if ladder else _NEW, str(typed["name"]).strip(), _steps(typed), version)
        kept = await (levels.update_escalation_ladder(told) if ladder else levels.create_escalation_ladder(told))
    except (Invalid, AlreadyExists, Conflict) as error:
        again = forms.form_again(typed, at_fields(error, _places(typed), what="ladder"))
        return await _ladder_page(request, behind, ladder, again)
    return RedirectResponse(f"{LADDERS}/{kept.id}?done=saved", HTTPStatus.SEE_OTHER)


def _typed(sent: FormData) -> dict[str, object]:
    """What the form holds; removed and empty steps are gone, the others stand one after the other."""
    rows = [{name: str(sent.get(f"step-{index}-{name}", "")) for name in _FIELDS} for index in range(len(sent))]
    kept = [
        row
        for index, row in enumerate(rows)
        if f"step-{index}-gone" not in sent and any(text.strip() for name, text in row.items() if name != "when")
    ]
    typed: dict[str, object] = {"name": str(sent.get("name", "")), "steps": len(kept)}
    return typed | {f"step-{index}-{name}": text for index, row in enumerate(kept) for name, text in row.items()}


def _steps(typed: Mapping[str, object]) -> tuple[LadderStep, ...]:
    wrong: dict[str, str] = {}
    steps = []
    for index in range(int(str(typed["steps"]))):
        row = {name: str(typed[f"step-{index}-{name}"]).strip() for name in _FIELDS}
        try:
            steps.append(_step(row))
        except ValueError as error:
            wrong[f"step-{index}-amount"] = str(error)
    if wrong:
        raise Invalid("The ladder is not valid.", violations=wrong)
    return tuple(steps)


def _step(row: Mapping[str, str]) -> LadderStep:
    when = StepWhen(row["when"])
    if when is not StepWhen.SHARE:
        return LadderStep(row["name"], when, tuple(_actions(row)), offset=read_duration(row["amount"]))
    share = row["amount"].removesuffix("%").strip()
    if not (share.isascii() and share.isdigit() and len(share) <= 4):
        raise ValueError("must be a percentage of the target, such as 75")
    return LadderStep(row["name"], when, tuple(_actions(row)), share=int(share))


def _actions(row: Mapping[str, str]) -> Iterator[Action]:
    if row["raise"]:
        yield Action(ActionKind.RAISE_PRIORITY, priority=None if row["raise"] == _BY_ONE else Priority(row["raise"]))
    for kind, team, user in ((ActionKind.ASSIGN, "team", "user"), (ActionKind.NOTIFY, "tell_team", "tell_user")):
        if row[team] or row[user]:
            team_id, user_id = (UUID(row[name]) if row[name] else None for name in (team, user))
            yield Action(kind, team_id=team_id, user_id=user_id)
    if row["note"]:
        yield Action(ActionKind.NOTE, note=row["note"])
    for tag in tags_of(row["tags"]):
        yield Action(ActionKind.ADD_TAG, tag=tag)


def _places(typed: Mapping[str, object]) -> dict[str, str]:
    """The form's fields by what the service calls them."""
    places = {"steps": "name"}
    for index in range(int(str(typed["steps"]))):
        here, there = f"step-{index}", f"steps[{index}]"
        places |= {there: f"{here}-name", f"{there}.actions": f"{here}-raise"}
        places |= {f"{there}.share": f"{here}-amount", f"{there}.offset": f"{here}-amount"}
    return places


async def _ladder(behind: Services, ladder_id: UUID) -> Ladder:
    found = await behind.service_levels.list_escalation_ladders()
    ladder = next((ladder for ladder in found if ladder.id == ladder_id), None)
    if ladder is None:
        raise NotFound("There is no such ladder.")
    return ladder


async def _ladder_page(
    request: Request, behind: Services, ladder: Ladder | None, form: forms.Form, *, done: str = ""
) -> Response:
    refused = request.method == "POST" and (form.wrong or form.problem)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if refused else HTTPStatus.OK
    directory = await directory_of(behind)
    return await page(
        request,
        "desk/ladder.html",
        status=status,
        ladder=ladder,
        form=form,
        directory=directory,
        done=done,
        when=tuple(StepWhen),
        raises=("", _BY_ONE, *Priority),
    )


def _fits_the_form(ladder: Ladder) -> bool:
    """Whether the form can hold all that the ladder does: one action of a kind, a note of one line."""
    empty = {f"step-{index}-{name}": "" for index in range(len(ladder.steps)) for name in _FIELDS}
    held = _steps(empty | _values(ladder))
    notes = [action.note for step in ladder.steps for action in step.actions]
    return all(len(note.splitlines()) <= 1 for note in notes) and [*map(_done_by, held)] == [
        *map(_done_by, ladder.steps)
    ]


def _done_by(step: LadderStep) -> tuple[object, ...]:
    return step.name, step.when, step.share, step.offset, frozenset(step.actions)


def _too_much() -> Invalid:
    return Invalid(
        "This ladder does more than the form can hold, such as two notes in one step: change it over the API, so that"
        " nothing of it is lost."
    )


def _values(ladder: Ladder) -> dict[str, object]:
    values: dict[str, object] = {"name": ladder.name, "steps": len(ladder.steps)}
    for index, step in enumerate(ladder.steps):
        share = step.when is StepWhen.SHARE
        row: dict[str, object] = {
            "name": step.name,
            "when": step.when,
            "amount": step.share if share else duration_text(step.offset),
        }
        for action in step.actions:
            row |= _row(action, tags=str(row.get("tags", "")))
        values |= {f"step-{index}-{name}": value for name, value in row.items()}
    return values


def _row(action: Action, *, tags: str) -> dict[str, object]:
    match action.kind:
        case ActionKind.RAISE_PRIORITY:
            return {"raise": action.priority or _BY_ONE}
        case ActionKind.ASSIGN:
            return {"team": action.team_id or "", "user": action.user_id or ""}
        case ActionKind.NOTIFY:
            return {"tell_team": action.team_id or "", "tell_user": action.user_id or ""}
        case ActionKind.NOTE:
            return {"note": action.note}
        case ActionKind.ADD_TAG:
            return {"tags": f"{tags}, {action.tag}" if tags else action.tag}
    return {}
