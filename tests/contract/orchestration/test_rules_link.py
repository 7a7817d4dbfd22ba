"""A rule that links tickets to a parent: once, where they may be linked, and with its reason where not."""

from uuid import uuid4

from services.domain.actions import Action, ActionKind
from services.domain.ticket import EventKind, TicketStatus
from tests.contract.orchestration.desk import Desk
from tests.contract.orchestration.test_rules import advance, ticket
from tests.unit.rules.stories import make_rule


async def test_a_rule_makes_a_ticket_a_child_and_says_so_on_both(desk: Desk) -> None:
    parent, child = await desk.new_ticket(), await desk.new_ticket()
    rule = make_rule("incident", Action(ActionKind.LINK_TO_PARENT, parent_id=parent))
    await advance(desk, child, rule)
    assert (await ticket(desk, child))["parent_id"] == parent
    told = (await desk.events(child))[-1]
    linked = [event for event in await desk.events(child) if event["kind"] == EventKind.PARENT_SET]
    assert [(event["actor"], event["decision_id"] is not None) for event in linked] == [("duradesk", True)], told
    assert [event["kind"] for event in await desk.events(parent)][-1] == EventKind.CHILD_ADDED
    await desk.set_status(child, EventKind.TICKET_UPDATED, TicketStatus.OPEN)
    await advance(desk, child, rule)
    assert [event["kind"] for event in await desk.events(child)].count(EventKind.PARENT_SET) == 1


async def test_where_a_rule_cannot_link_the_event_says_why_and_the_decision_stands(desk: Desk) -> None:
    child = await desk.new_ticket()
    await advance(desk, child, make_rule("itself", Action(ActionKind.LINK_TO_PARENT, parent_id=child)))
    gone = await desk.new_ticket()
    await advance(desk, gone, make_rule("nowhere", Action(ActionKind.LINK_TO_PARENT, parent_id=uuid4())))
    for ticket_id, words in ((child, "cannot be its own parent"), (gone, "does not exist")):
        row = await ticket(desk, ticket_id)
        assert (row["parent_id"], row["decided_seq"]) == (None, row["version"])
        assert any(words in event["reason"] for event in await desk.events(ticket_id))
