"""Trying, explaining and applying rules: what tickets saw is handed to routing, which says what a rule makes of it."""

from dataclasses import dataclass
from uuid import UUID

from services.domain.bulk import BulkAct, BulkJob, TicketChange
from services.domain.errors import Invalid
from services.domain.rules.model import Explanation, Rule, RulePreview, Trial
from services.routing.rules.client import RulesClient
from services.tickets.client.desk import DeskClient
from services.tickets.client.tickets import TicketsClient

DECISIONS = 100
MOST_DECISIONS = 500
_PREVIEWED = 100
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Trials:
    """Nothing is written or sent but by apply_rule."""

    tickets: TicketsClient
    desk: DeskClient
    rules: RulesClient

    async def try_rule(self, rule: Rule, *, decisions: int = DECISIONS) -> Trial:
        """What the rule would have done in the latest decisions; Invalid."""
        if not 1 <= decisions <= MOST_DECISIONS:
            problem = f"must be 1 to {MOST_DECISIONS}"
            raise Invalid(f"The trial is not valid: decisions {problem}.", violations={"decisions": problem})
        return await self.rules.try_rule(rule, await self.tickets.read_facts(latest=decisions))

    async def explain_rule(self, rule_id: UUID, *, ticket_id: UUID, decision_id: UUID, version: int = 0) -> Explanation:
        """Why the rule ran in this decision, or why not; NotFound."""
        (seen,) = await self.tickets.read_facts(ticket_id=ticket_id, decision_id=decision_id)
        return await self.rules.explain_rule(rule_id, seen, version=version)

    async def preview_rule(self, rule: Rule, *, filter: str) -> RulePreview:  # noqa: A002 # as the API names it
        """What the rule would do now to the tickets that a filter finds; the latest are looked at. Invalid."""
        page = await self.tickets.page_tickets(filter=filter, order_by="-created_at", page_size=_PREVIEWED)
        found = [ticket.id for ticket in page.tickets]
        seen = await self.tickets.read_facts(present=found) if found else ()
        trial = await self.rules.try_rule(rule, seen, requested=True)
        fitting = {outcome.ticket_id for outcome in trial.outcomes}
        (tickets,) = await self.tickets.count_tickets([filter])
        return RulePreview(tickets.count, trial.looked_at, len(fitting), trial.outcomes[:_SHOWN])

    async def apply_rule(self, rule_id: UUID, *, filter: str, request_id: str = "") -> BulkJob:  # noqa: A002
        """Have the rule look at each of these tickets once: a bulk. Invalid, Forbidden."""
        change = TicketChange(BulkAct.APPLY_RULE, rule_id=rule_id)
        return await self.desk.change_tickets(change, filter=filter, request_id=request_id)
