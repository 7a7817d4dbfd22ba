"""One reply to all children of a ticket: each in its own thread, each customer once, late ones too."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from services.domain.bulk import BulkAct, BulkState, TicketChange
from services.domain.errors import Forbidden, Invalid, InvalidTransition, NotFound
from services.domain.family.broadcast import Broadcast
from services.domain.principal import Principal, Role
from services.domain.ticket import EventKind, Ticket, TicketStatus
from services.tickets.store.promises import read_promise
from tests.contract.tickets.desk import ADMIN, LIGHT_AGENT, RELAY, Desk, customer

ANN = Principal(str(uuid4()), Role.AGENT, name="Ann")


async def family(desk: Desk, *requesters: str) -> tuple[Ticket, list[Ticket]]:
    parent = await desk.new_ticket(subject="Outage", requester_email="parent@c.example")
    children = [
        await desk.new_ticket(requester_email=email, requester_name=email.partition("@")[0].title())
        for email in requesters
    ]
    for child in children:
        await (await desk.family()).set_parent(child.id, parent.id)
    return parent, children


async def carry_out(desk: Desk, parent: Ticket) -> Broadcast:
    bulks = await desk.bulk_client()
    for job_id in await bulks.claim_bulk_jobs(wait=timedelta()):
        while not (await bulks.run_bulk_page(job_id)).finished:
            pass
    return (await (await desk.broadcasts()).list_broadcasts(parent.id))[0]


async def words(desk: Desk, ticket: Ticket) -> list[str]:
    return [message.body for message in (await (await desk.client()).list_messages(ticket.id))[0][1:]]


async def test_each_child_gets_it_in_its_own_words_and_each_customer_once(desk: Desk) -> None:
    parent, (cleo, dora, again) = await family(desk, "cleo@c.example", "dora@c.example", "cleo@c.example")
    broadcasts = await desk.broadcasts(ANN)
    for _ in range(2):
        begun = await broadcasts.start_broadcast(parent.id, "Dear {name}, #{number} ({subject})", request_id="once")
    assert (begun.state, begun.total, begun.done) == (BulkState.RUNNING, 3, 0)
    done = await carry_out(desk, parent)
    assert (done.state, done.done, done.skipped) == (BulkState.DONE, 2, 1)
    (problem,) = done.problems
    told, untold = (cleo, again) if problem.number == again.number else (again, cleo)
    assert problem.reason == "its customer has it on another ticket of the family"
    assert await words(desk, told) == [f"Dear Cleo, #{told.number} (Printer)"]
    assert await words(desk, dora) == [f"Dear Dora, #{dora.number} (Printer)"]
    assert await words(desk, untold) == await words(desk, parent) == []
    (message,) = (await (await desk.client()).list_messages(dora.id))[0][1:]
    assert (message.author_id, message.author_name) == (ANN.subject, "Ann")
    assert (await (await desk.client()).get_ticket(dora.id)).status is TicketStatus.NEW
    assert (await desk.outbox(dora.id))["seq"] == 3


async def test_each_child_gets_it_in_the_language_of_its_brand(desk: Desk) -> None:
    admin, made = await desk.client(ADMIN), []
    for language in ("cs", "fi"):
        brand = {"name": language, "address": f"{language}@localhost", "language": language}
        made.append(
            await desk.new_ticket(
                brand=str((await admin.create_brand(brand)).id), requester_email=f"{language}@c.example"
            )
        )
    parent, (english,) = await family(desk, "en@c.example")
    for child in made:
        await (await desk.family()).set_parent(child.id, parent.id)
    broadcasts = await desk.broadcasts()
    begun = await broadcasts.start_broadcast(parent.id, "It is mended.", translations={"cs": "Hotovo, #{number}."})
    assert begun.translations == {"cs": "Hotovo, #{number}."}
    await carry_out(desk, parent)
    assert [await words(desk, child) for child in (english, *made)] == [
        ["It is mended."],
        [f"Hotovo, #{made[0].number}."],
        ["It is mended."],
    ]
    for wrong in ({"de": "Fertig."}, {"cs": " "}, {"cs": "{jmeno}"}):
        with pytest.raises(Invalid):
            await broadcasts.start_broadcast(parent.id, "It is mended.", translations=wrong)


async def test_who_joins_later_gets_the_last_one_and_nobody_gets_it_twice(desk: Desk) -> None:
    parent, (first,) = await family(desk, "cleo@c.example")
    broadcasts, families = await desk.broadcasts(), await desk.family()
    for body in ("We know of it.", "It is mended."):
        await broadcasts.start_broadcast(parent.id, body)
        await carry_out(desk, parent)
    late, same = await desk.new_ticket(requester_email="late@c.example"), await desk.new_ticket()
    for child in (late, same):
        await families.set_parent(child.id, parent.id)
    await families.remove_parent(first.id)
    await families.set_parent(first.id, parent.id)
    done = await carry_out(desk, parent)
    assert (done.body, done.total, done.done, done.skipped) == ("It is mended.", 3, 2, 1)
    assert await words(desk, first) == ["We know of it.", "It is mended."]
    assert (await words(desk, late), await words(desk, same)) == (["It is mended."], [])
    await (await desk.client()).resolve_ticket(parent.id)
    after = await desk.new_ticket(requester_email="after@c.example")
    await families.set_parent(after.id, parent.id)
    assert (await carry_out(desk, parent)).total == 3


async def test_a_child_that_left_or_is_closed_is_left_out_with_its_reason(desk: Desk) -> None:
    parent, (left, closed, told) = await family(desk, "a@c.example", "b@c.example", "c@c.example")
    await (await desk.broadcasts()).start_broadcast(parent.id, "News")
    await (await desk.family()).remove_parent(left.id)
    await (await desk.client()).close_ticket(closed.id)
    done = await carry_out(desk, parent)
    assert {problem.reason for problem in done.problems} == {"it has left the family", "it is closed"}
    assert (done.done, await words(desk, told)) == (1, ["News"])


async def test_it_promises_the_next_one_on_the_parent_which_the_next_one_keeps(desk: Desk) -> None:
    parent, _ = await family(desk, "cleo@c.example")
    broadcasts, at = await desk.broadcasts(), await desk.clock.instant() + timedelta(hours=1)
    for _ in range(2):
        await broadcasts.start_broadcast(parent.id, "We know of it.", next_update_at=at, request_id="once")
    events, _ = await (await desk.client()).list_events(parent.id)
    assert [event.kind for event in events[-2:]] == [EventKind.CHILDREN_TOLD, EventKind.PROMISE_MADE]
    promises = []
    for _ in range(2):
        async with desk.database.transaction() as conn:
            promises.append(await read_promise(conn, parent.id))
        await broadcasts.start_broadcast(parent.id, "It is mended.")
    assert [(one.promised_at, one.kept_at is not None) for one in promises if one] == [(at, False), (at, True)]


async def test_a_promise_that_cannot_be_made_sends_nothing(desk: Desk) -> None:
    parent, _ = await family(desk, "cleo@c.example")
    broadcasts, now = await desk.broadcasts(), await desk.clock.instant()
    with pytest.raises(Invalid):
        await broadcasts.start_broadcast(parent.id, "News", next_update_at=now - timedelta(hours=1))
    await (await desk.client()).resolve_ticket(parent.id)
    with pytest.raises(InvalidTransition):
        await broadcasts.start_broadcast(parent.id, "News", next_update_at=now + timedelta(hours=1))
    assert await broadcasts.list_broadcasts(parent.id) == ()


@pytest.mark.parametrize("body", ["", "  ", "Dear {nmae}", "{password}"])
async def test_words_that_would_go_out_wrong_are_refused(desk: Desk, body: str) -> None:
    parent, _ = await family(desk, "a@c.example")
    with pytest.raises(Invalid):
        await (await desk.broadcasts()).start_broadcast(parent.id, body)


async def test_it_is_begun_by_the_staff_on_a_parent_and_not_taken_back(desk: Desk) -> None:
    parent, (child,) = await family(desk, "a@c.example")
    with pytest.raises(InvalidTransition) as refused:
        await (await desk.broadcasts()).start_broadcast(child.id, "News")
    assert refused.value.reason == "NO_CHILDREN"
    for principal in (LIGHT_AGENT, customer(parent), RELAY):
        with pytest.raises(Forbidden):
            await (await desk.broadcasts(principal)).start_broadcast(parent.id, "News")
    with pytest.raises(NotFound):
        await (await desk.broadcasts(LIGHT_AGENT)).list_broadcasts(parent.id)
    begun = await (await desk.broadcasts()).start_broadcast(parent.id, "News")
    await carry_out(desk, parent)
    bulk = await desk.desk_client()
    with pytest.raises(InvalidTransition):
        await bulk.undo_bulk_job(begun.id)
    with pytest.raises(Invalid):
        await bulk.change_tickets(TicketChange(BulkAct.BROADCAST, parent_id=parent.id), ticket_ids=[child.id])
    assert isinstance(begun.id, UUID)
