"""/settings/rules/{rule}/apply: a rule for tickets that are there already, after a look at what it would change."""

from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from services.domain.errors import Invalid
from services.gateway.deps import Behind, RuleTrials
from services.gateway.filter_names import NameDirectory
from services.gateway.web.builder.loading import known_of
from services.gateway.web.builder.rules import said_of
from services.gateway.web.pages import PageRoute, page
from services.gateway.web.session import Caller, needs
from services.gateway.web.settings_rules import RULES, find_rule
from services.gateway.web.traces import told_outcome

router = APIRouter(
    prefix=f"{RULES}/{{rule_id}}/apply",
    route_class=PageRoute,
    include_in_schema=False,
    dependencies=[needs("rules.manage")],
)

_OFFERED = "is:open"


@router.get("")
async def preview_rule(
    request: Request,
    behind: Behind,
    caller: Caller,
    trials: RuleTrials,
    rule_id: UUID,
    filter_text: Annotated[str, Query(alias="filter", max_length=1000)] = _OFFERED,
) -> Response:
    """How many tickets it would change now, and some of them; nothing is written."""
    rule, known = await find_rule(behind, rule_id), await known_of(behind)
    problem, preview = "", None
    try:
        names = NameDirectory(caller, behind.routing, behind.staff_names)
        preview = await trials.preview_rule(rule, filter=await names.resolve_filter(filter_text))
    except Invalid as error:
        problem = error.message
    return await page(
        request,
        "desk/rule_apply.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK,
        rule=rule,
        said=said_of(rule, known),
        filter=filter_text,
        problem=problem,
        preview=preview,
        outcomes=tuple(told_outcome(each, known) for each in preview.outcomes) if preview else (),
        request_id=uuid4().hex,
    )


@router.post("")
async def apply_rule(
    behind: Behind,
    caller: Caller,
    trials: RuleTrials,
    rule_id: UUID,
    filter_text: Annotated[str, Form(alias="filter", max_length=1000)],
    request_id: Annotated[str, Form(max_length=100)],
) -> Response:
    """Begin, and go to the list of the tickets, which shows how far it is."""
    names = NameDirectory(caller, behind.routing, behind.staff_names)
    job = await trials.apply_rule(rule_id, filter=await names.resolve_filter(filter_text), request_id=request_id)
    return RedirectResponse(f"/tickets?{urlencode({'filter': filter_text, 'job': job.id})}", HTTPStatus.SEE_OTHER)
