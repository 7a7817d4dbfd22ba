"""/settings/rules/{rule}/versions: what a rule was, what each change changed, and back to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from services.domain.rules.model import RuleVersion, rule_differences
from services.gateway.deps import Behind
from services.gateway.web.builder.known import Known
from services.gateway.web.builder.loading import known_of
from services.gateway.web.builder.rules import RuleSaid, said_of
from services.gateway.web.directory import directory_of
from services.gateway.web.pages import PageRoute, page
from services.gateway.web.session import needs
from services.gateway.web.settings_rules import RULES

router = APIRouter(
    prefix=f"{RULES}/{{rule_id}}", route_class=PageRoute, include_in_schema=False, dependencies=[needs("rules.manage")]
)


@dataclass(frozen=True, slots=True)
class VersionShown:
    """A version with the one before it, and the fields in which they differ."""

    version: RuleVersion
    who: str
    said: RuleSaid
    before: RuleVersion | None
    said_before: RuleSaid | None
    fields: Sequence[str]
    is_present: bool


@router.get("/versions")
async def list_rule_versions(request: Request, behind: Behind, rule_id: UUID) -> Response:
    """All versions, the latest first."""
    versions = await behind.rules.list_rule_versions(rule_id)
    directory, known = await directory_of(behind), await known_of(behind)
    shown = [
        _shown(version, before, known, who=directory.actor(version.changed_by), is_present=not index)
        for index, (version, before) in enumerate(zip(versions, [*versions[1:], None], strict=True))
    ]
    return await page(request, "desk/rule_versions.html", rule=versions[0].rule, versions=shown)


@router.post("/roll-back")
async def roll_back_rule(behind: Behind, rule_id: UUID, version: Annotated[int, Form(ge=1)]) -> Response:
    """Make it what it was, as a new version."""
    await behind.rules.roll_back_rule(rule_id, version=version)
    return RedirectResponse(f"{RULES}/{rule_id}?done=back", HTTPStatus.SEE_OTHER)


def _shown(
    version: RuleVersion, before: RuleVersion | None, known: Known, *, who: str, is_present: bool
) -> VersionShown:
    differences = rule_differences(before.rule, version.rule) if before else ()
    return VersionShown(
        version=version,
        who=who,
        said=said_of(version.rule, known),
        before=before,
        said_before=said_of(before.rule, known) if before else None,
        fields=[field for field, _, _ in differences],
        is_present=is_present,
    )
