"""/settings/rules: all rules in their order and what each has done; one is moved, switched, paused or deleted there."""

from dataclasses import replace
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from services.domain.errors import NotFound
from services.domain.rules.default_set import DEFAULT_SET
from services.domain.rules.model import Rule
from services.gateway.deps import Behind, Services
from services.gateway.web.builder.loading import known_of
from services.gateway.web.builder.rules import said_of
from services.gateway.web.pages import PageRoute, page
from services.gateway.web.session import needs

RULES = "/settings/rules"

router = APIRouter(prefix=RULES, route_class=PageRoute, include_in_schema=False, dependencies=[needs("rules.manage")])

Done = Annotated[str, Query(max_length=20)]


@router.get("")
async def list_rules(request: Request, behind: Behind, done: Done = "") -> Response:
    """All rules in the order in which they are asked, read back."""
    rules, known = await behind.rules.list_rules(), await known_of(behind)
    runs = await behind.rule_runs.list_rule_runs(rule.id for rule in rules)
    there = {rule.id for rule in rules}
    offered = [rule for rule in DEFAULT_SET if rule.id not in there]
    said = {rule.id: said_of(rule, known) for rule in (*rules, *offered)}
    return await page(request, "desk/rules.html", rules=rules, runs=runs, offered=offered, said=said, done=done)


@router.post("/default-set")
async def add_default_rules(behind: Behind) -> Response:
    """What is not there of the default set."""
    await behind.rules.add_default_rules()
    return to_rules("added")


@router.post("/{rule_id}/move")
async def move_rule(behind: Behind, rule_id: UUID, before: Annotated[UUID | None, Form()] = None) -> Response:
    """Have it asked before another one, or after all others."""
    await behind.rules.move_rule(rule_id, before=before)
    return to_rules("moved")


@router.post("/{rule_id}/switch")
async def switch_rule(behind: Behind, rule_id: UUID, on: Annotated[bool, Form()] = False) -> Response:
    """On or off."""
    rule = await find_rule(behind, rule_id)
    await behind.rules.update_rule(replace(rule, enabled=on))
    return to_rules("on" if on else "off")


@router.post("/{rule_id}/pause")
async def pause_rule(behind: Behind, rule_id: UUID, reason: Annotated[str, Form(max_length=500)] = "") -> Response:
    """Have it rest, and say why."""
    await behind.rules.pause_rule(rule_id, reason=reason.strip())
    return to_rules("paused")


@router.post("/{rule_id}/resume")
async def resume_rule(behind: Behind, rule_id: UUID) -> Response:
    """Have it run again."""
    await behind.rules.resume_rule(rule_id)
    return to_rules("resumed")


@router.post("/{rule_id}/delete")
async def delete_rule(behind: Behind, rule_id: UUID) -> Response:
    """No more."""
    await behind.rules.delete_rule(rule_id)
    return to_rules("deleted")


async def find_rule(behind: Services, rule_id: UUID) -> Rule:
    """The rule; NotFound."""
    rule = next((rule for rule in await behind.rules.list_rules() if rule.id == rule_id), None)
    if rule is None:
        raise NotFound("There is no such rule.")
    return rule


def to_rules(done: str) -> Response:
    """Back to the list, which says what was done."""
    return RedirectResponse(f"{RULES}?done={done}", HTTPStatus.SEE_OTHER)
