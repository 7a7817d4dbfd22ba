"""What people do to mails: take a reply back, answer by a link, read the ledger, send again."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.domain.errors import InvalidTransition, NotFound
from services.domain.links import CustomerAnswer
from services.domain.principal import Principal, Role, Via
from services.domain.ticket import Ticket, TicketStatus
from tests.contract.tickets.desk import AGENT, Desk, customer, new_message

SECOND = timedelta(seconds=1)


async def add_effect(desk: Desk, ticket: Ticket, key: str, **values: Any) -> UUID:
    """A mail as a decision plans it."""
    given = {"kind": "reply_mail", "state": "ready", "message": None, "wait": timedelta()} | values
    row = await desk.row(
        "WITH d AS (INSERT INTO decisions (ticket_id, version, decided_seq, facts, routing, decision)"
        " VALUES (%(ticket)s, 1, 1, '{}', '{}', '{}') RETURNING id)"
        " INSERT INTO effects (ticket_id, decision_id, key, kind, message_id, state, rfc_message_id, not_before)"
        " SELECT %(ticket)s, d.id, %(key)s, %(kind)s, %(message)s, %(state)s, %(rfc)s, instant() + %(wait)s::interval"
        " FROM d RETURNING id",
        ticket=ticket.id,
        key=key,
        rfc=f"<{key}@desk>",
        **given,
    )
    effect_id: UUID = row["id"]
    return effect_id


async def test_reply_is_taken_back_in_time_and_everything_is_as_before(desk: Desk) -> None:
    await desk.rows("UPDATE brands SET undo_seconds = 3600")
    ticket = await desk.new_ticket()
    agent = await desk.client()
    message, pending = await agent.create_message(ticket.id, new_message(body="oops"))
    assert pending.status is TicketStatus.PENDING
    effect = await add_effect(desk, ticket, "r", message=message.id, wait=5 * SECOND)
    withdrawn = await agent.undo_message(ticket.id, message.id)
    assert withdrawn.withdrawn_at is not None
    assert (await agent.get_ticket(ticket.id)).status is TicketStatus.NEW
    assert (await desk.row("SELECT state FROM effects WHERE id = %(id)s", id=effect))["state"] == "cancelled"
    assert await agent.undo_message(ticket.id, message.id) == withdrawn
    (*_, event) = (await agent.list_events(ticket.id))[0]
    assert (event.kind, event.actor, event.message_id) == ("message_withdrawn", AGENT.subject, message.id)
    assert "oops" in repr((await agent.list_messages(ticket.id))[0])
    assert "oops" not in repr(await (await desk.client(customer(ticket))).list_messages(ticket.id))


@pytest.mark.parametrize("late", ["by time", "by state"])
async def test_reply_that_has_gone_out_cannot_be_taken_back(desk: Desk, late: str) -> None:
    ticket = await desk.new_ticket()
    agent = await desk.client()
    message, _ = await agent.create_message(ticket.id, new_message())
    if late == "by time":
        desk.clock.skipped = 6 * SECOND
    else:
        await add_effect(desk, ticket, "r", message=message.id, state="done")
    with pytest.raises(InvalidTransition, match="too late") as refused:
        await agent.undo_message(ticket.id, message.id)
    assert refused.value.reason == "TOO_LATE"
    assert (await agent.list_messages(ticket.id))[0][-1].withdrawn_at is None


async def test_only_public_replies_of_the_staff_can_be_taken_back(desk: Desk) -> None:
    ticket, other = await desk.new_ticket(), await desk.new_ticket()
    agent = await desk.client()
    (first,), _ = await agent.list_messages(ticket.id)
    with pytest.raises(InvalidTransition) as refused:
        await agent.undo_message(ticket.id, first.id)
    assert refused.value.reason == "NOT_A_REPLY"
    with pytest.raises(NotFound):
        await agent.undo_message(other.id, first.id)
    stranger = await desk.client(Principal("gone", Role.LIGHT_AGENT))
    with pytest.raises(NotFound, match="This ticket does not exist"):
        await stranger.undo_message(ticket.id, first.id)


async def resolved(desk: Desk) -> tuple[Ticket, int]:
    """A resolved ticket and the epoch that its notice speaks of."""
    ticket = await desk.new_ticket()
    await (await desk.client()).resolve_ticket(ticket.id)
    row = await desk.row("SELECT status_epoch FROM tickets WHERE id = %(id)s", id=ticket.id)
    return ticket, row["status_epoch"]


async def test_customer_says_by_a_link_that_it_is_not_solved_and_it_counts_once(desk: Desk) -> None:
    ticket, epoch = await resolved(desk)
    own = await desk.client(customer(ticket))
    say: dict[str, Any] = {"status_epoch": epoch, "request_id": "token"}
    looked = await own.answer_ticket(ticket.id, CustomerAnswer.NOT_SOLVED, validate_only=True, **say)
    assert looked.status is TicketStatus.RESOLVED
    for _ in range(2):
        answered = await own.answer_ticket(ticket.id, CustomerAnswer.NOT_SOLVED, **say)
        assert answered.status is TicketStatus.OPEN
    await own.answer_ticket(ticket.id, CustomerAnswer.NOT_SOLVED, validate_only=True, **say)
    events, _ = await (await desk.client()).list_events(ticket.id)
    assert [event.actor for event in events if event.kind == "ticket_reopened"] == [str(ticket.requester.id)]


async def test_a_link_proves_the_requester_of_a_mail_that_anybody_could_have_sent(desk: Desk) -> None:
    ticket = await desk.new_ticket(sender_unproven=True)
    say: dict[str, Any] = {"status_epoch": 1, "request_id": "token"}
    signed_in = await desk.client(customer(ticket))
    bearer = await desk.client(Principal(str(ticket.requester.id), Role.CUSTOMER, ticket.requester.id, via=Via.LINK))
    stranger = UUID(int=5)
    other = await desk.client(Principal(str(stranger), Role.CUSTOMER, stranger, via=Via.LINK))
    for nobody in (signed_in, other):
        with pytest.raises(NotFound):
            await nobody.answer_ticket(ticket.id, CustomerAnswer.SOLVED, **say)
    await bearer.answer_ticket(ticket.id, CustomerAnswer.SOLVED, validate_only=True, **say)
    with pytest.raises(NotFound):
        await signed_in.get_ticket(ticket.id)
    await bearer.answer_ticket(ticket.id, CustomerAnswer.SOLVED, **say)
    assert (await signed_in.get_ticket(ticket.id)).status is TicketStatus.RESOLVED


async def test_link_of_a_status_that_somebody_left_behind_is_stale(desk: Desk) -> None:
    ticket, epoch = await resolved(desk)
    agent, own = await desk.client(), await desk.client(customer(ticket))
    await agent.reopen_ticket(ticket.id)
    await agent.resolve_ticket(ticket.id)
    for answer in CustomerAnswer:
        with pytest.raises(InvalidTransition) as refused:
            await own.answer_ticket(ticket.id, answer, status_epoch=epoch, request_id=answer)
        assert refused.value.reason == "STALE"


async def test_not_solved_after_the_end_opens_a_follow_up(desk: Desk) -> None:
    ticket, epoch = await resolved(desk)
    await (await desk.client()).close_ticket(ticket.id)
    own = await desk.client(customer(ticket))
    say: dict[str, Any] = {"status_epoch": epoch, "request_id": "token"}
    follow_up = await own.answer_ticket(ticket.id, CustomerAnswer.NOT_SOLVED, **say)
    assert follow_up.follow_up_of == ticket.id
    await own.answer_ticket(ticket.id, CustomerAnswer.NOT_SOLVED, **say)
    assert len(await desk.rows("SELECT id FROM tickets WHERE follow_up_of = %(id)s", id=ticket.id)) == 1


async def test_ledger_lists_mails_newest_first_by_ticket_and_by_state(desk: Desk) -> None:
    one, two = await desk.new_ticket(), await desk.new_ticket()
    first = await add_effect(desk, one, "a", state="failed")
    second = await add_effect(desk, one, "b", state="done")
    third = await add_effect(desk, two, "c", state="failed")
    agent = await desk.client()
    assert [item.id for item in (await agent.list_deliveries(ticket_id=one.id))[0]] == [second, first]
    page, token = await agent.list_deliveries(state="failed", page_size=1)
    rest, end = await agent.list_deliveries(state="failed", page_size=1, page_token=token)
    assert ([item.id for item in (*page, *rest)], end) == ([third, first], "")


@pytest.mark.parametrize("state", ["failed", "in_doubt"])
async def test_mail_that_failed_or_is_in_doubt_is_sent_again_under_its_own_message_id(desk: Desk, state: str) -> None:
    ticket = await desk.new_ticket()
    effect = await add_effect(desk, ticket, "a", state=state)
    agent = await desk.client()
    repeated = await agent.repeat_delivery(effect)
    assert (repeated.state, repeated.rfc_message_id) == ("ready", "<a@desk>")
    (*_, event) = (await agent.list_events(ticket.id))[0]
    assert (event.kind, event.actor) == ("delivery_repeated", AGENT.subject)
    with pytest.raises(InvalidTransition):
        await agent.repeat_delivery(effect)
