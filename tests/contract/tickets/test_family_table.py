"""The tables of docs/families.md: each row is done, and the desk does what it says."""

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple
from uuid import UUID, uuid4

import pytest

from services.domain.errors import InvalidTransition
from services.domain.family.policy import DownPolicy, FamilyPolicy, UpPolicy
from services.domain.principal import Principal, Role
from services.domain.ticket import Ticket, TicketStatus
from tests.contract.tickets.desk import ADMIN, MAIL, Desk, new_message
from tests.contract.tickets.families import (
    advance,
    family_of,
    inbox,
    newest_cascade,
    present,
    problems,
    run_cascades,
    statuses,
)

DOC = Path(__file__).parents[3] / "docs" / "families.md"


def rows_of(heading: str) -> Iterator[tuple[str, ...]]:
    """The rows of the table under this heading."""
    section = DOC.read_text(encoding="utf-8").split(f"## {heading}", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    for line in lines[2:]:
        yield tuple(cell.strip() for cell in line.strip("|").split("|"))


class Down(NamedTuple):
    act: str
    was_resolved: bool
    policy: DownPolicy
    status: TicketStatus
    becomes: str
    listed: str


def down_cases() -> Iterator[Down]:
    for acts, policy, states, becomes, listed in rows_of("Down"):
        for act in acts.removesuffix(" (was resolved)").split(", "):
            for state in states.split(", "):
                status = TicketStatus(state)
                was_resolved = acts.endswith("(was resolved)")
                yield Down(act, was_resolved, DownPolicy(policy), status, becomes, listed)


async def put(desk: Desk, ticket: Ticket, status: TicketStatus) -> None:
    """Bring an open ticket into this status; "new" is where it begins."""
    if status is not TicketStatus.NEW:
        await (await desk.client(ADMIN)).update_ticket(ticket.id, {"status": status})


async def settle(desk: Desk, ticket: Ticket, act: str) -> None:
    client = await desk.client(ADMIN)
    await (client.close_ticket if act == "close" else client.resolve_ticket)(ticket.id)


async def test_what_settling_a_parent_does_to_a_child(desk: Desk) -> None:
    cases = list(down_cases())
    assert len(cases) > 40
    for case in cases:
        await check_down(desk, case)


async def check_down(desk: Desk, case: Down) -> None:
    parent, (child,) = await family_of(desk, 1)
    await put(desk, child, case.status)
    if case.was_resolved:
        await (await desk.family()).set_family_policy(parent.id, FamilyPolicy(DownPolicy.INDEPENDENT))
        await settle(desk, parent, "resolve")
    await (await desk.family()).set_family_policy(parent.id, FamilyPolicy(case.policy))
    before = await statuses(desk, parent, child)
    if case.listed == "refused":
        with pytest.raises(InvalidTransition) as refused:
            await settle(desk, parent, case.act)
        assert refused.value.reason == "OPEN_CHILDREN", case
        assert f"#{child.number}" in refused.value.message
        assert await statuses(desk, parent, child) == before, case
        return
    await settle(desk, parent, case.act)
    await run_cascades(desk, parent)
    becomes = before[1] if case.becomes == "the same" else case.becomes
    after = "closed" if case.act == "close" else "resolved"
    assert await statuses(desk, parent, child) == [after, becomes], case
    cascade = (await (await desk.family()).get_family(parent.id)).cascade
    listed = "nothing"
    if cascade is not None:
        listed = "done" if cascade.done else told(problems(cascade)[child.number])
    assert listed == case.listed, case


def told(problem: tuple[object, str]) -> str:
    return f"{problem[0]}: {problem[1]}"


Meanwhile = Callable[[Desk, Ticket, Ticket], Awaitable[Ticket]]


async def _close(desk: Desk, _parent: Ticket, child: Ticket) -> Ticket:
    return await (await desk.client()).close_ticket(child.id)


async def _resolve(desk: Desk, _parent: Ticket, child: Ticket) -> Ticket:
    return await (await desk.client()).resolve_ticket(child.id)


async def _take_out(desk: Desk, _parent: Ticket, child: Ticket) -> Ticket:
    return await (await desk.family()).remove_parent(child.id)


async def _customer_writes(desk: Desk, _parent: Ticket, child: Ticket, *, automatic: bool = False) -> Ticket:
    word = new_message(sender_email=child.requester.email, automatic=automatic)
    return (await (await desk.client(MAIL)).create_message(child.id, word))[1]


async def _resolve_and_reopen(desk: Desk, parent: Ticket, child: Ticket) -> Ticket:
    await _resolve(desk, parent, child)
    return await (await desk.client(ADMIN)).reopen_ticket(child.id)


async def _reopen_parent(desk: Desk, parent: Ticket, child: Ticket) -> Ticket:
    await (await desk.client(ADMIN)).reopen_ticket(parent.id)
    return child


async def _nothing(_desk: Desk, _parent: Ticket, child: Ticket) -> Ticket:
    return child


MEANWHILE: dict[str, Meanwhile] = {
    "nothing": _nothing,
    "the child is closed by hand": _close,
    "the child is resolved by hand": _resolve,
    "the child is taken out of the family": _take_out,
    "the child's customer writes": _customer_writes,
    "the child is resolved and reopened by hand": _resolve_and_reopen,
    "the child's customer is away and a machine answers": partial(_customer_writes, automatic=True),
    "the parent is reopened": _reopen_parent,
}
LINKED = "another child is linked, also one whose customer has just written"


async def test_what_happens_while_a_cascade_is_under_way(desk: Desk) -> None:
    rows = list(rows_of("Meanwhile"))
    known = {*MEANWHILE, LINKED, "whoever closes the parent may not see the child"}
    assert {row[0] for row in rows} == known
    for meanwhile, becomes, listed in rows:
        if meanwhile in MEANWHILE:
            parent, (child,) = await family_of(desk, 1)
            await put(desk, child, TicketStatus.OPEN)
            await settle(desk, parent, "close")
            await MEANWHILE[meanwhile](desk, parent, child)
            await check_end(desk, parent, child, becomes=becomes, listed=listed)


async def check_end(desk: Desk, parent: Ticket, child: Ticket, *, becomes: str, listed: str) -> None:
    await run_cascades(desk, parent)
    assert await statuses(desk, child) == [becomes], listed
    row = await desk.row(
        "SELECT i.outcome, i.reason FROM cascade_items i JOIN cascades c ON c.id = i.cascade_id"
        " WHERE c.parent_id = %(parent)s AND i.child_id = %(child)s",
        parent=parent.id,
        child=child.id,
    )
    assert (f"{row['outcome']}: {row['reason']}" if row["reason"] else row["outcome"]) == listed


async def test_a_child_that_is_linked_while_a_cascade_is_under_way_follows_too(desk: Desk) -> None:
    (row,) = [row for row in rows_of("Meanwhile") if row[0] == LINKED]
    parent, _ = await family_of(desk, 1)
    late = await desk.new_ticket()
    await put(desk, late, TicketStatus.OPEN)
    # A closed parent takes no children any more, but the cascade of a resolved one runs just so.
    await settle(desk, parent, "resolve")
    await _customer_writes(desk, parent, late)
    await (await desk.family()).set_parent(late.id, parent.id)
    await settle(desk, parent, "close")
    await run_cascades(desk, parent)
    assert await statuses(desk, late) == [row[1]]
    assert row[2] == "done"


async def test_who_settles_a_parent_settles_no_child_that_they_may_not_see(desk: Desk) -> None:
    (row,) = [row for row in rows_of("Meanwhile") if row[0].startswith("whoever")]
    light = Principal(str(uuid4()), Role.LIGHT_AGENT)
    parent, (mine, foreign) = await family_of(desk, 2)
    for ticket in (parent, mine):
        await (await desk.client()).assign_ticket(ticket.id, assignee_id=UUID(light.subject))
    await put(desk, foreign, TicketStatus.OPEN)
    await (await desk.client(light)).resolve_ticket(parent.id)
    await check_end(desk, parent, foreign, becomes=row[1], listed=row[2])
    assert await statuses(desk, mine) == ["resolved"]
    shown = await newest_cascade(desk, parent, light)
    assert (shown.done, shown.skipped, shown.problems, shown.hidden) == (1, 1, (), 1)
    assert problems(await newest_cascade(desk, parent)).keys() == {foreign.number}


async def test_what_the_last_open_child_does_to_its_parent(desk: Desk) -> None:
    for one, other, policy, becomes in rows_of("Up"):
        await check_up(desk, one, other, policy=UpPolicy(policy), becomes=becomes)


async def check_up(desk: Desk, one: str, other: str, *, policy: UpPolicy, becomes: str) -> None:
    parent, children = await family_of(desk, 1 if one == "none" else 2)
    await put(desk, parent, TicketStatus.OPEN)
    await (await desk.family()).set_family_policy(parent.id, FamilyPolicy(up=policy))
    if one not in ("none", "open"):
        await put(desk, children[0], TicketStatus(one))
    await advance(desk, parent.id)
    last = children[-1]
    match other:
        case "is closed":
            await settle(desk, last, "close")
        case "is resolved":
            await settle(desk, last, "resolve")
        case "is taken out":
            await (await desk.family()).remove_parent(last.id)
        case "is closed and taken out at once":
            await settle(desk, last, "close")
            await (await desk.family()).remove_parent(last.id)
        case "is closed and reopened at once":
            await settle(desk, last, "close")
            await (await desk.client(ADMIN)).reopen_ticket(last.id)
        case _:
            raise AssertionError(f"no such case: {other}")
    await advance(desk, parent.id)
    assert await statuses(desk, parent) == [becomes], (one, other, policy)
    assert await inbox(desk, parent.id) == []


async def resolved_family(desk: Desk) -> tuple[Ticket, Ticket]:
    parent, (child,) = await family_of(desk, 1)
    for ticket in (parent, child):
        await put(desk, ticket, TicketStatus.OPEN)
    return parent, child


async def test_what_opening_again_does(desk: Desk) -> None:
    rows = {row[0]: row[1:] for row in rows_of("Opened again")}
    reopened, written, undone, changed = rows

    parent, child = await resolved_family(desk)
    await settle(desk, parent, "close")
    await run_cascades(desk, parent)
    await (await desk.client(ADMIN)).reopen_ticket(parent.id)
    assert tuple(await statuses(desk, parent, child)) == rows[reopened][:2]

    parent, child = await resolved_family(desk)
    await settle(desk, parent, "resolve")
    await run_cascades(desk, parent)
    word = new_message(sender_email=child.requester.email)
    await (await desk.client(MAIL)).create_message(child.id, word)
    await advance(desk, parent.id)
    assert tuple(await statuses(desk, parent, child)) == rows[written][:2]
    events, _ = await (await desk.client()).list_events(parent.id)
    assert (events[-1].kind.value, events[-1].reason) == ("child_reopened", f"#{child.number} is open again")
    assert (await (await desk.family()).get_family(parent.id)).reopened == 1

    for case in (undone, changed):
        parent, child = await resolved_family(desk)
        await settle(desk, parent, "close")
        await run_cascades(desk, parent)
        if case == changed:
            await (await desk.client(ADMIN)).reopen_ticket(child.id)
            await settle(desk, child, "close")
        done = await newest_cascade(desk, parent)
        undo = await (await desk.family()).undo_cascade(done.id)
        await run_cascades(desk, parent)
        assert tuple(await statuses(desk, parent, child)) == rows[case][:2]
        after = await (await desk.family()).get_cascade(undo.id)
        assert [told(problem) for problem in problems(after).values()] == ([rows[case][2]] if case == changed else [])
        assert (await present(desk, parent)).status is TicketStatus.OPEN
