"""/settings/rules/{rule}: one rule put together, read back, tried and kept."""

from dataclasses import replace
from http import HTTPStatus
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from services.domain.errors import AlreadyExists, Conflict, DuradeskError, Invalid
from services.domain.rules.model import Rule, Since, Trial, Trigger
from services.gateway.deps import Behind, RuleTrials, Services
from services.gateway.trials import Trials
from services.gateway.web.builder.form import Press, pressed
from services.gateway.web.builder.loading import known_of
from services.gateway.web.builder.rules import RuleForm, read_rule_form, rule_form, said_of
from services.gateway.web.pages import PageRoute, page
from services.gateway.web.session import needs
from services.gateway.web.settings_rules import RULES, find_rule
from services.gateway.web.traces import told_outcome

router = APIRouter(prefix=RULES, route_class=PageRoute, include_in_schema=False, dependencies=[needs("rules.manage")])

_NEW = UUID(int=0)
_TRY = Press("try", "rule")
_OFFERED = Rule(_NEW, "", Trigger.TICKET_CREATED, ())
Done = Annotated[str, Query(max_length=20)]
Version = Annotated[int, Form(ge=0)]


@router.get("/new")
async def show_new_rule(request: Request, behind: Behind) -> Response:
    """A rule for new tickets, to be filled in."""
    return await _rule_page(request, None, rule_form(_OFFERED, await known_of(behind)))


@router.post("/new")
async def create_rule(request: Request, behind: Behind, trials: RuleTrials) -> Response:
    """Make a rule, on or off, or try it."""
    return await _posted(request, behind, trials, None, version=0)


@router.get("/{rule_id}")
async def show_rule(request: Request, behind: Behind, rule_id: UUID, done: Done = "") -> Response:
    """One rule."""
    rule = await find_rule(behind, rule_id)
    return await _rule_page(request, rule, rule_form(rule, await known_of(behind)), done=done)


@router.post("/{rule_id}")
async def update_rule(
    request: Request, behind: Behind, trials: RuleTrials, rule_id: UUID, version: Version = 0
) -> Response:
    """Change a rule, or try it as it is typed; what has happened stays as it is."""
    return await _posted(request, behind, trials, await find_rule(behind, rule_id), version=version)


async def _posted(request: Request, behind: Services, trials: Trials, rule: Rule | None, *, version: int) -> Response:
    sent = await request.form()
    press = pressed(sent)
    form = read_rule_form(sent, await known_of(behind), press)
    if press == _TRY:
        return await _try(request, trials, rule, form)
    if press is not None:
        return await _rule_page(request, rule, form)
    try:
        told = form.rule(rule.id if rule else _NEW, version=version, enabled=_enabled(form, rule))
        kept = await (behind.rules.update_rule(told) if rule else behind.rules.create_rule(told))
    except (Invalid, AlreadyExists, Conflict) as error:
        return await _rule_page(request, rule, _refused(form, error))
    return RedirectResponse(f"{RULES}/{kept.id}?done=saved", HTTPStatus.SEE_OTHER)


async def _try(request: Request, trials: Trials, rule: Rule | None, form: RuleForm) -> Response:
    """What the rule as it is typed would have done on recent tickets; nothing is kept."""
    try:
        # In its place among the others, or after all of them.
        told = form.rule(rule.id if rule else uuid4(), version=1, enabled=True)
        trial = await trials.try_rule(replace(told, position=rule.position if rule else 0))
    except Invalid as error:
        return await _rule_page(request, rule, _refused(form, error))
    return await _rule_page(request, rule, form, trial=trial)


def _enabled(form: RuleForm, rule: Rule | None) -> bool:
    """Which button: save it as it was, or switch it on or off."""
    return form.value("enabled") == "on" if "enabled" in form.values else rule is not None and rule.enabled


def _refused(form: RuleForm, error: DuradeskError) -> RuleForm:
    if isinstance(error, Conflict):
        return form.with_problems(
            {}, "Somebody else changed this rule meanwhile. Your values are below; save again to keep them."
        )
    if isinstance(error, AlreadyExists):
        return form.with_problems({"name": "another rule has this name"}, "")
    return form.with_problems(error.violations if isinstance(error, Invalid) else {}, error.message)


async def _rule_page(
    request: Request, rule: Rule | None, form: RuleForm, *, done: str = "", trial: Trial | None = None
) -> Response:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.wrong or form.problem else HTTPStatus.OK
    return await page(
        request,
        "desk/rule.html",
        status=status,
        rule=rule,
        said=said_of(rule, form.known) if rule else None,
        form=form,
        done=done,
        trial=trial,
        outcomes=tuple(told_outcome(each, form.known) for each in trial.outcomes) if trial else (),
        triggers=tuple(Trigger),
        sinces=tuple(Since),
    )
