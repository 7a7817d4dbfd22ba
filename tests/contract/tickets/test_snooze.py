"""Snooze: who may, until when, what ends it, and what its events say."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from duradesk.tickets.v1 import ticket_service_pb2 as pb

from services.domain.errors import Forbidden, Invalid, InvalidTransition, NotFound
from services.domain.message import Visibility
from services.domain.ticket import EventKind, Ticket, TicketStatus
from services.tickets.client.tickets import TicketsClient
from tests.contract.tickets.desk import ADMIN, AGENT, LIGHT_AGENT, MAIL, Desk, customer

HOUR = timedelta(hours=1)
Act = Callable[[TicketsClient, UUID], Awaitable[Any]]


async def snoozed(desk: Desk, **overrides: Any) -> Ticket:
    """A ticket that waits until tomorrow."""
    ticket = await desk.new_ticket()
    wanted: dict[str, Any] = {"until": await desk.clock.instant() + 24 * HOUR, "reason": "the parcel"} | overrides
    return await (await desk.client()).snooze_ticket(ticket.id, **wanted)


async def kinds(desk: Desk, ticket: Ticket) -> list[EventKind]:
    return [event.kind for event in (await (await desk.client()).list_events(ticket.id))[0]]


def awake(ticket: Ticket) -> bool:
    details = (ticket.snoozed_until, ticket.snooze_reason, ticket.snoozed_by, ticket.keep_on_reply)
    return details == (None, "", "", False)


async def test_a_snooze_says_until_when_why_and_by_whom_and_keeps_the_status(desk: Desk) -> None:
    ticket = await desk.new_ticket()
    until = (await desk.clock.instant() + HOUR).replace(microsecond=0)
    found = await (await desk.client()).snooze_ticket(ticket.id, until=until, reason=" ask\nBen ", keep_on_reply=True)
    assert (found.snoozed_until, found.snooze_reason, found.snoozed_by) == (until, "ask Ben", AGENT.subject)
    assert (found.keep_on_reply, found.status, found.status_since) == (True, TicketStatus.NEW, ticket.status_since)
    assert found == await (await desk.client()).get_ticket(ticket.id)
    event = (await (await desk.client()).list_events(ticket.id))[0][-1]
    assert (event.kind, event.actor) == (EventKind.TICKET_SNOOZED, AGENT.subject)
    assert (await desk.outbox(ticket.id))["seq"] == event.seq


@pytest.mark.parametrize("keep", [False, True])
async def test_a_customers_word_wakes_it_unless_it_is_kept(desk: Desk, keep: bool) -> None:
    ticket = await snoozed(desk, keep_on_reply=keep)
    after = await desk.reply(ticket, MAIL, sender_email=ticket.requester.email)
    assert awake(after) is not keep
    assert await kinds(desk, ticket) == [
        EventKind.TICKET_CREATED,
        EventKind.TICKET_SNOOZED,
        EventKind.MESSAGE_ADDED,
    ]


@pytest.mark.parametrize("visibility", Visibility)
async def test_a_colleagues_word_does_not_wake_it(desk: Desk, visibility: Visibility) -> None:
    ticket = await snoozed(desk)
    assert (await desk.reply(ticket, visibility=visibility)).snoozed_until == ticket.snoozed_until


@pytest.mark.parametrize(
    "settle",
    [
        lambda client, ticket: client.resolve_ticket(ticket),
        lambda client, ticket: client.close_ticket(ticket),
        lambda client, ticket: client.update_ticket(ticket, {"status": TicketStatus.RESOLVED}),
        lambda client, ticket: client.wake_ticket(ticket),
    ],
)
async def test_settling_and_waking_end_it(desk: Desk, settle: Act) -> None:
    ticket = await snoozed(desk, keep_on_reply=True)
    assert awake(await settle(await desk.client(ADMIN), ticket.id))


async def test_waking_who_is_awake_and_snoozing_the_same_again_is_no_event(desk: Desk) -> None:
    ticket = await snoozed(desk)
    client = await desk.client()
    assert ticket.snoozed_until is not None
    again = await client.snooze_ticket(ticket.id, until=ticket.snoozed_until, reason="the parcel")
    assert again == ticket
    woken = await client.wake_ticket(ticket.id)
    wakeups = desk.wakeups.count
    assert await client.wake_ticket(ticket.id) == woken
    assert desk.wakeups.count == wakeups


async def test_a_repeated_snooze_with_its_request_id_is_one(desk: Desk) -> None:
    ticket = await desk.new_ticket()
    client, until = await desk.client(), await desk.clock.instant() + HOUR
    await client.snooze_ticket(ticket.id, until=until, request_id="s1")
    await client.wake_ticket(ticket.id)
    assert awake(await client.snooze_ticket(ticket.id, until=until, request_id="s1"))


@pytest.mark.parametrize(
    ("until", "words"),
    [(timedelta(seconds=-1), "later than now"), (timedelta(days=732), "731 days"), (None, "is required")],
)
async def test_a_past_instant_a_far_one_and_none_are_refused(desk: Desk, until: timedelta | None, words: str) -> None:
    ticket = await desk.new_ticket()
    if until is None:
        with pytest.raises(Invalid, match=words):
            await (await desk.stub()).SnoozeTicket(pb.SnoozeTicketRequest(ticket_id=str(ticket.id)))
        return
    with pytest.raises(Invalid, match=words) as refused:
        await (await desk.client()).snooze_ticket(ticket.id, until=await desk.clock.instant() + until)
    assert set(refused.value.violations) == {"until"}


async def test_a_long_reason_is_refused(desk: Desk) -> None:
    with pytest.raises(Invalid, match="500 characters"):
        await snoozed(desk, reason="x" * 501)


async def test_a_settled_ticket_cannot_be_snoozed(desk: Desk) -> None:
    ticket = await desk.new_ticket()
    await (await desk.client()).resolve_ticket(ticket.id)
    with pytest.raises(InvalidTransition, match="reopen it first"):
        await (await desk.client()).snooze_ticket(ticket.id, until=datetime.now(UTC) + HOUR)


async def test_light_agents_snooze_their_own_tickets_only_and_customers_none(desk: Desk) -> None:
    ticket = await desk.new_ticket()
    light, until = await desk.client(LIGHT_AGENT), await desk.clock.instant() + HOUR
    with pytest.raises(NotFound):
        await light.snooze_ticket(ticket.id, until=until)
    await (await desk.client()).assign_ticket(ticket.id, assignee_id=UUID(LIGHT_AGENT.subject))
    assert (await light.snooze_ticket(ticket.id, until=until)).snoozed_by == LIGHT_AGENT.subject
    own = await desk.client(customer(ticket))
    with pytest.raises(Forbidden):
        await own.wake_ticket(ticket.id)
    assert awake(await own.get_ticket(ticket.id)), "a customer sees nothing of it"
