"""Setting reminders: an event without the words, a fact of the next decision, once for each request."""

from datetime import timedelta
from uuid import UUID

import pytest

from services.domain.errors import Forbidden, Invalid, NotFound
from services.domain.facts import ReminderFacts
from services.domain.ticket import EventKind
from services.tickets.client.clocks import ClocksClient
from services.tickets.store.reminders import read_reminders
from tests.contract.tickets.desk import AGENT, LIGHT_AGENT, Desk, customer

HOUR = timedelta(hours=1)
CANARY = "Canary-Reminder-5512"


async def test_a_reminder_is_told_in_the_activity_without_its_words_and_set_once(desk: Desk) -> None:
    ticket, client = await desk.new_ticket(), ClocksClient(await desk.channel(AGENT))
    at = await desk.clock.instant() + HOUR
    keys = {await client.remind_me(ticket.id, at, text=CANARY, request_id="again") for _ in range(2)}
    event = (await (await desk.client()).list_events(ticket.id))[0][-1]
    assert (event.kind, event.actor, keys) == (EventKind.REMINDER_SET, AGENT.subject, {f"reminder/{event.seq}"})
    assert CANARY not in repr(event)
    async with desk.database.transaction() as conn:
        assert await read_reminders(conn, ticket.id) == (ReminderFacts(event.seq, UUID(AGENT.subject), at),)
    assert (await desk.outbox(ticket.id))["seq"] == event.seq


async def test_only_the_staff_who_see_the_ticket_are_reminded_and_not_of_the_past(desk: Desk) -> None:
    ticket, now = await desk.new_ticket(), await desk.clock.instant()
    for principal, refusal in ((customer(ticket), Forbidden), (LIGHT_AGENT, NotFound)):
        with pytest.raises(refusal):
            await ClocksClient(await desk.channel(principal)).remind_me(ticket.id, now + HOUR)
    with pytest.raises(Invalid):
        await ClocksClient(await desk.channel(AGENT)).remind_me(ticket.id, now - HOUR)
