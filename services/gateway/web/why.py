"""/tickets/{ticket}/why/{decision}: an automatic change from what happened to what came of it, and why not."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from services.gateway.deps import Behind, RuleTrials
from services.gateway.web.builder.loading import known_of
from services.gateway.web.directory import directory_of
from services.gateway.web.pages import PageRoute, page
from services.gateway.web.session import SignedInPage
from services.gateway.web.traces import told_rule, trace_of

router = APIRouter(include_in_schema=False, route_class=PageRoute, dependencies=[SignedInPage])

Number = Annotated[int, Path(ge=1, le=10**18)]


@router.get("/tickets/{number}/why/{decision_id}")
async def show_decision(
    request: Request,
    number: Number,
    decision_id: UUID,
    behind: Behind,
    trials: RuleTrials,
    rule: Annotated[UUID | None, Query()] = None,
) -> Response:
    """A decision as a tree; with `rule`, what that rule saw at the same moment, and where it stopped."""
    ticket = await behind.tickets.get_ticket(number)
    stored = await behind.tickets.get_decision(ticket.id, decision_id)
    directory, known = await directory_of(behind), await known_of(behind)
    rules = await behind.rules.list_rules()
    asked = await trials.explain_rule(rule, ticket_id=ticket.id, decision_id=decision_id) if rule else None
    return await page(
        request,
        "desk/why.html",
        ticket=ticket,
        stored=stored,
        trace=trace_of(stored, known),
        directory=directory,
        known=known,
        rules=rules,
        rule_names={str(each.id): each.name for each in rules},
        asked=told_rule(asked, known) if asked else None,
    )
