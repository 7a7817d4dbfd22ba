"""The policy that a rule has set is kept with its ticket, and goes when its cause goes."""

from uuid import uuid4

from services.domain.actions import Action, ActionKind
from services.domain.ticket import EventKind
from services.tickets.store.events import append_event, enqueue, lock_ticket
from tests.contract.orchestration.desk import Desk
from tests.contract.orchestration.test_rules import advance
from tests.unit.rules.stories import make_rule


async def test_the_policy_of_a_rule_ends_on_the_ticket_with_an_event_that_says_why(desk: Desk) -> None:
    ticket_id, policy_id = await desk.new_ticket(), uuid4()
    rule = make_rule("typed", Action(ActionKind.SET_SLA_POLICY, policy_id=policy_id), when="-type:question")
    await advance(desk, ticket_id, rule)
    kept = await desk.row("SELECT policy_id, rule_id FROM rule_policies WHERE ticket_id = %(id)s", id=ticket_id)
    assert kept == {"policy_id": policy_id, "rule_id": rule.id}
    async with desk.database.transaction() as conn:
        locked = await lock_ticket(conn, ticket_id)
        changed = {"type": "question"}
        locked = await append_event(conn, locked, EventKind.TICKET_UPDATED, actor=str(uuid4()), changes=changed)
        await enqueue(conn, locked.ticket)
    await advance(desk, ticket_id, rule)
    assert await desk.rows("SELECT * FROM rule_policies WHERE ticket_id = %(id)s", id=ticket_id) == []
    last = (await desk.events(ticket_id))[-1]
    assert (last["kind"], last["actor"]) == (EventKind.POLICY_ENDED, "duradesk")
    assert last["reason"] == "the policy that the rule typed set ends: its conditions hold no more"
