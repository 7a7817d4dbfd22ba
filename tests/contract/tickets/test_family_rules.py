"""What rules see of a family in the database: linking, children that are settled, and following the parent."""

from uuid import UUID

from services.domain.decide import decide
from services.domain.family.policy import FamilyPolicy, UpPolicy
from services.domain.rules.model import Rule, Trigger
from services.domain.ticket import TicketStatus
from services.tickets.store.decisions import DecisionRecord, apply_decision, get_for_decision
from tests.contract.tickets.desk import ADMIN, Desk
from tests.contract.tickets.families import advance, family_of, present, run_cascades
from tests.unit.rules.stories import ON_FAMILIES, ROUTING, make_rule, ran, ready, status


async def decided(desk: Desk, ticket_id: UUID, *rules: Rule) -> list[str]:
    """The rules that ran on the ticket now."""
    known = ready(*(rules or ON_FAMILIES))
    async with desk.database.transaction() as conn:
        facts = await get_for_decision(conn, ticket_id, needs=known.needs)
    decision = decide(facts, ROUTING, rules=known)
    async with desk.database.transaction() as conn:
        await apply_decision(conn, decision, facts=facts, record=DecisionRecord({}, {}, {}))
    return ran(decision)


async def test_rules_see_children_come_be_settled_one_by_one_be_reopened_and_leave(desk: Desk) -> None:
    parent, children = await family_of(desk, 2)
    people = await desk.client(ADMIN)
    await (await desk.family(ADMIN)).set_family_policy(parent.id, FamilyPolicy(up=UpPolicy.NOTIFY))
    assert await decided(desk, parent.id) == ["on child_added"] * 2
    assert await decided(desk, children[0].id) == ["on parent_set"]
    told = []
    for child in children:
        await people.resolve_ticket(child.id)
        told.append(await decided(desk, parent.id))
    await people.reopen_ticket(children[0].id)
    told.append(await decided(desk, parent.id))
    assert told == [["on child_settled"], ["on child_settled", "on children_settled"], ["on child_reopened"]]
    await (await desk.family(ADMIN)).remove_parent(children[0].id)
    assert await decided(desk, parent.id) == ["on child_removed"]
    assert await decided(desk, children[0].id) == ["on parent_removed"]


async def test_a_rule_sees_that_a_ticket_was_settled_with_its_parent(desk: Desk) -> None:
    parent, (child, other) = await family_of(desk, 2)
    for ticket in (child, other):
        await advance(desk, ticket.id)
    await (await desk.client(ADMIN)).resolve_ticket(other.id)
    await (await desk.client(ADMIN)).resolve_ticket(parent.id)
    await run_cascades(desk, parent)
    assert await decided(desk, child.id) == ["on parent_settled"]
    assert await decided(desk, other.id) == []


async def test_a_rule_that_settles_the_parent_takes_its_children_along(desk: Desk) -> None:
    parent, children = await family_of(desk, 3)
    await (await desk.client(ADMIN)).resolve_ticket(children[0].id)
    enough = make_rule("enough", status("resolved"), on=Trigger.CHILD_SETTLED, when="open_children<3")
    assert await decided(desk, parent.id, enough) == ["enough"]
    await run_cascades(desk, parent)
    assert {(await present(desk, ticket)).status for ticket in (parent, *children)} == {TicketStatus.RESOLVED}
