"""What tests of families need: a parent with children, and somebody who carries its cascades out."""

from uuid import UUID

from services.domain.decide import decide
from services.domain.family.model import Cascade, ChildOutcome
from services.domain.principal import Principal
from services.domain.ticket import Ticket
from services.tickets.store.decisions import DecisionRecord, apply_decision, get_for_decision
from tests.contract.tickets.desk import AGENT, RELAY, Desk
from tests.unit.factories import make_routing


async def family_of(desk: Desk, count: int, **overrides: object) -> tuple[Ticket, list[Ticket]]:
    """A parent with so many open children, each of a customer of their own."""
    parent = await desk.new_ticket(requester_email="parent@c.example", **overrides)
    children = [
        await (await desk.family()).set_parent(
            (await desk.new_ticket(requester_email=f"child-{number}@c.example")).id, parent.id
        )
        for number in range(count)
    ]
    return parent, children


async def present(desk: Desk, ticket: Ticket) -> Ticket:
    return await (await desk.client()).get_ticket(ticket.id)


async def statuses(desk: Desk, *tickets: Ticket) -> list[str]:
    return [(await present(desk, ticket)).status.value for ticket in tickets]


async def run_cascades(desk: Desk, parent: Ticket) -> None:
    """Carry out what began on the parent, oldest first, as its workflow does."""
    while True:
        rows = await desk.rows(
            "SELECT id FROM cascades WHERE parent_id = %(id)s AND state = 'running' ORDER BY seq LIMIT 1",
            id=parent.id,
        )
        if not rows:
            return
        while not (await (await desk.family(RELAY)).run_cascade_page(rows[0]["id"])).finished:
            pass


async def newest_cascade(desk: Desk, parent: Ticket, who: Principal = AGENT) -> Cascade:
    cascade = (await (await desk.family(who)).get_family(parent.id)).cascade
    assert cascade is not None
    return cascade


def problems(cascade: Cascade) -> dict[int, tuple[ChildOutcome, str]]:
    return {problem.number: (problem.outcome, problem.reason) for problem in cascade.problems}


async def inbox(desk: Desk, parent_id: UUID) -> list[str]:
    rows = await desk.rows("SELECT news FROM family_inbox WHERE parent_id = %(id)s ORDER BY id", id=parent_id)
    return [row["news"] for row in rows]


async def advance(desk: Desk, ticket_id: UUID) -> None:
    """Decide what follows by itself on the ticket, as its workflow has it decided."""
    async with desk.database.transaction() as conn:
        facts = await get_for_decision(conn, ticket_id)
    decision = decide(facts, make_routing())
    async with desk.database.transaction() as conn:
        await apply_decision(conn, decision, facts=facts, record=DecisionRecord({}, {}, {}))
