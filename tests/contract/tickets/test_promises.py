"""Making promises: an event, a fact of the next decision, kept by the staff's next public word, once a request."""

from datetime import timedelta

import pytest

from services.domain.errors import Forbidden, Invalid, InvalidTransition
from services.domain.facts import PromiseFacts
from services.domain.message import NewMessage, Visibility
from services.domain.ticket import EventKind
from services.tickets.client.clocks import ClocksClient
from services.tickets.store.promises import read_promise
from tests.contract.tickets.desk import AGENT, Desk, customer

HOUR = timedelta(hours=1)


async def test_a_promise_is_told_made_once_and_replaced_by_the_next(desk: Desk) -> None:
    ticket, client = await desk.new_ticket(), ClocksClient(await desk.channel(AGENT))
    now = await desk.clock.instant()
    keys = {await client.promise_update(ticket.id, now + HOUR, text="the parcel", request_id="again") for _ in range(2)}
    event = (await (await desk.client()).list_events(ticket.id))[0][-1]
    assert (event.kind, event.actor, keys) == (EventKind.PROMISE_MADE, AGENT.subject, {f"promised_update/{event.seq}"})
    assert event.reason.endswith("UTC: the parcel")
    await client.promise_update(ticket.id, now + 2 * HOUR)
    async with desk.database.transaction() as conn:
        assert await read_promise(conn, ticket.id) == PromiseFacts(event.seq + 1, now + 2 * HOUR)


async def test_the_next_public_word_of_the_staff_keeps_it_and_a_note_does_not(desk: Desk) -> None:
    ticket, client = await desk.new_ticket(), await desk.client()
    await ClocksClient(await desk.channel(AGENT)).promise_update(ticket.id, await desk.clock.instant() + HOUR)
    kept = []
    for visibility in (Visibility.INTERNAL, Visibility.PUBLIC):
        await client.create_message(ticket.id, NewMessage(visibility, "A word."))
        async with desk.database.transaction() as conn:
            promise = await read_promise(conn, ticket.id)
        assert promise is not None
        kept.append(promise.kept_at is not None)
    assert kept == [False, True]


async def test_customers_promise_nothing_and_nothing_is_promised_for_the_past_or_once_settled(desk: Desk) -> None:
    ticket, now = await desk.new_ticket(), await desk.clock.instant()
    with pytest.raises(Forbidden):
        await ClocksClient(await desk.channel(customer(ticket))).promise_update(ticket.id, now + HOUR)
    client = ClocksClient(await desk.channel(AGENT))
    with pytest.raises(Invalid):
        await client.promise_update(ticket.id, now - HOUR)
    await (await desk.client()).resolve_ticket(ticket.id)
    with pytest.raises(InvalidTransition):
        await client.promise_update(ticket.id, now + HOUR)
